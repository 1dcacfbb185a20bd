"""Files in Billpost's own form: for a billing platform that nobody has written a package for, or none at all."""

from pathlib import Path

from integrations.contract import FileFormat, Source
from integrations.sources.canonical import read_bill, read_item, read_party
from integrations.sources.files.schema import schema

SAMPLES = Path(__file__).parent / "sample"
ABOUT = (
    "Bills in Billpost's own form, as JSON, JSONL or CSV. A CSV has one row per line with the Bill's columns repeated, and a dot for what "
    "is inside: account.id, lines.amount, lines.refs.Product.id. Amounts of lines are unrounded, in the Bill's currency; a Bill without a "
    "total has their sum."
)

SOURCE = Source(
    platform="files",
    label="Files",
    schema=1,
    read_bill=read_bill,
    read_party=read_party,
    read_item=read_item,
    items={"products": "Product"},
    files=FileFormat(about=ABOUT, templates=(SAMPLES / "template.json", SAMPLES / "template.csv"), schema=schema),
)
