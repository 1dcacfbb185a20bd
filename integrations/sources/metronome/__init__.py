"""Metronome: invoices, customers and the catalogue in the shapes of its API."""

from integrations.contract import Pull, Source, Tables
from integrations.sources.metronome.auth import METRONOME_TOKEN
from integrations.sources.metronome.client import fetch
from integrations.sources.metronome.export_files import TABLES, raw_records
from integrations.sources.metronome.reader import read_bill, read_item, read_named, read_party
from integrations.sources.metronome.webhook import HOOK, METRONOME_WEBHOOK

SOURCE = Source(
    platform="metronome",
    label="Metronome",
    schema=1,
    read_bill=read_bill,
    read_party=read_party,
    read_item=read_item,
    read_named=read_named,
    items={"products": "Product", "contracts": "Contract"},
    credential_kinds=(METRONOME_TOKEN, METRONOME_WEBHOOK),
    pull=Pull(kind=METRONOME_TOKEN, fetch=fetch),
    hook=HOOK,
    tables=Tables(names=TABLES, read=raw_records),
)
