"""Documents as a file for NetSuite's CSV Import Assistant: one row per item line, the header's values on every row."""

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.contract import Document, FileLane

_HEADER = {
    "Type": "",
    "External ID": "externalId",
    "Invoice #": "tranId",
    "Customer : Internal ID": "entity",
    "Date": "tranDate",
    "Due Date": "dueDate",
    "Currency : Internal ID": "currency",
    "PO #": "otherRefNum",
    "Memo": "memo",
}
_LINE = {
    "Item : Internal ID": "item",
    "Quantity": "quantity",
    "Rate": "rate",
    "Amount": "amount",
    "Description": "description",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(document: Document) -> Iterator[list[str]]:
    """The values as sent over the API; text that a spreadsheet would run as a formula begins with an apostrophe."""
    body = document.body
    head = [document.kind, *(_text(body, name) for name in list(_HEADER.values())[1:])]
    for line in body["item"]["items"]:
        yield [*head, *(_text(line, name) for name in _LINE.values())]


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else str(value)


FILE_LANE = FileLane(header=(*_HEADER, *_LINE), rows=rows)
