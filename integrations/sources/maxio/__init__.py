"""Maxio Advanced Billing, once Chargify: invoices, customers and the catalogue in the shapes of its API."""

from integrations.contract import Source
from integrations.sources.maxio.reader import read_bill, read_item, read_named, read_party

SOURCE = Source(
    platform="maxio",
    label="Maxio",
    schema=1,
    read_bill=read_bill,
    read_party=read_party,
    read_item=read_item,
    read_named=read_named,
    items={"products": "Product", "components": "Product"},
)
