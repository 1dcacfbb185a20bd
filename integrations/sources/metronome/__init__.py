"""Metronome: invoices, customers and the catalogue in the shapes of its API."""

from integrations.contract import Source
from integrations.sources.metronome.reader import read_bill, read_item, read_named, read_party

SOURCE = Source(
    platform="metronome",
    label="Metronome",
    schema=1,
    read_bill=read_bill,
    read_party=read_party,
    read_item=read_item,
    read_named=read_named,
    items={"products": "Product", "contracts": "Contract"},
)
