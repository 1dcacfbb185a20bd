"""The customers that every emulated set of books has from the start."""

CUSTOMERS = (
    "Acme Cloud",
    "Borealis AI",
    "Cobalt Analytics",
    "Delta Freight",
    "Étoile Média",
    "Fjord Energi",
    "Granite Robotics",
    "Harbour Health",
    "Iris Genomics",
    "Juniper Telecom",
    "Kestrel Games",
    "Lumen Education",
    "Meridian Bank",
    "Nimbus Hosting",
    "Orchard Foods",
    "Piñata Payments",
    "Quartz Mapping",
    "Río Logística",
    "Sakura Robotics",
    "Tundra Data",
)
