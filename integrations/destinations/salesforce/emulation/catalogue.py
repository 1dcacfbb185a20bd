"""What every org holds from the start: twenty Accounts, ten products, and the org itself."""

from typing import Any

ACCOUNTS = (
    "Northwind Compute, Inc.",
    "Borealis AI, Inc.",
    "Cascadia Logistics Ltd",
    "Delphine Health SAS",
    "Ember Analytics GmbH",
    "Fjordline Media AS",
    "Granite Mobility Inc.",
    "Harbour Payments Ltd",
    "Iris Robotics KK",
    "Juniper Grid LLC",
    "Kestrel Security Inc.",
    "Lumen Learning Ltd",
    "Meridian Bio AG",
    "Nimbus Retail BV",
    "Orchid Telecom WLL",
    "Pinecone Homes Inc.",
    "Quarry Insurance plc",
    "Riverbend Foods Inc.",
    "Solstice Energy Ltd",
    "Tidewater Freight Inc.",
)
PRODUCTS = (
    "API Usage",
    "Storage",
    "GPU Compute",
    "Platform Fee",
    "Prepayment",
    "Minimum Spend",
    "Data Transfer",
    "Support",
    "Seats",
    "Other Usage",
)


def account_id(number: int) -> str:
    """Of the number-th Account, counted from 1. All letters of it are small, so the last three are always AAA."""
    return f"001dm{1000 + number:010d}AAA"


def product_id(number: int) -> str:
    return f"01tdm{2000 + number:010d}AAA"


def records(org: str) -> dict[str, list[dict[str, Any]]]:
    """{object: [records]}."""
    return {
        "Organization": [{"Id": "00Ddm0000000001EAA", "Name": org.capitalize(), "IsSandbox": ".sandbox" in org}],
        "Account": [
            {"Id": account_id(number), "Name": name, "AccountNumber": str(1000 + number)} for number, name in enumerate(ACCOUNTS, 1)
        ],
        "Product2": [
            {"Id": product_id(number), "Name": name, "ProductCode": str(2000 + number), "IsActive": True}
            for number, name in enumerate(PRODUCTS, 1)
        ],
    }
