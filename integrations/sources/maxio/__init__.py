"""Maxio Advanced Billing, once Chargify: invoices, customers and the catalogue in the shapes of its API."""

from integrations.contract import Pull, Source
from integrations.sources.maxio.auth import MAXIO_API_KEY
from integrations.sources.maxio.client import fetch
from integrations.sources.maxio.reader import read_bill, read_item, read_named, read_party
from integrations.sources.maxio.webhook import HOOK, MAXIO_WEBHOOK

SOURCE = Source(
    platform="maxio",
    label="Maxio",
    schema=1,
    read_bill=read_bill,
    read_party=read_party,
    read_item=read_item,
    read_named=read_named,
    items={"products": "Product", "components": "Product"},
    credential_kinds=(MAXIO_API_KEY, MAXIO_WEBHOOK),
    pull=Pull(kind=MAXIO_API_KEY, fetch=fetch),
    hook=HOOK,
    proposals={
        "documentFlow": "AUTO",
        "customerMatch": "EMAIL",
        "createMissingCustomers": True,
        "triggerType": "SCHEDULE",
        "scheduleMinutes": 120,
    },
)
