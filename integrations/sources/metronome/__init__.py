"""Metronome: invoices, customers and the catalogue in the shapes of its API."""

from integrations.contract import FileFormat, Pull, Source
from integrations.sources.metronome.auth import METRONOME_TOKEN
from integrations.sources.metronome.client import fetch
from integrations.sources.metronome.export_files import TABLES
from integrations.sources.metronome.reader import read_bill, read_item, read_named, read_party
from integrations.sources.metronome.webhook import HOOK, METRONOME_WEBHOOK

ABOUT = (
    "Invoices as the API gives them, as JSON; or the data export, whose CSV files are chosen together: those of the tables invoice or "
    "finalized_invoice and line_item, and product for the names and custom fields of products. Each file's name begins with its table's. "
    "Of rows with the same id the latest holds, so files may overlap."
)

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
    files=FileFormat(about=ABOUT),
    tables=TABLES,
)
