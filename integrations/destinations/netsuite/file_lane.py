"""Invoices as a file for NetSuite's CSV Import Assistant: one row per item line, the header's values on every row."""

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.contract import Document, FileLane, Options
from integrations.destinations.netsuite.draft import INVOICE

_HEADER = {
    "External ID": "externalId",
    "Invoice #": "tranId",
    "Customer (Entity)": "entity",
    "Date": "tranDate",
    "Due Date": "dueDate",
    "Terms": "terms",
    "Currency": "currency",
    "Exchange Rate": "exchangeRate",
    "Subsidiary": "subsidiary",
    "Memo": "memo",
    "PO #": "otherRefNum",
}
_LINE = {
    "Item": "item",
    "Quantity": "quantity",
    "Rate": "rate",
    "Amount": "amount",
    "Description": "description",
    "Tax Code": "taxCode",
    "Department": "department",
    "Class": "class",
    "Location": "location",
}
_PERIOD = {"Posting Period": "postingPeriod"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

ABOUT = (
    "Invoices with a total above zero and their lines with an amount, as NetSuite's Import Assistant takes them under Transactions, "
    "Invoice, one row per line grouped by External ID. Customer, Currency, Item and the other references are internal ids: choose "
    "Internal ID for them when you map the fields. An invoice imported this way is found again by its External ID and not sent twice."
)


def header(options: Options) -> tuple[str, ...]:
    """NetSuite's own labels, then the custom line fields that the options name."""
    return (*_HEADER, *_LINE, *_PERIOD, *_custom(options))


def rows(document: Document, options: Options) -> Iterator[list[str]]:
    """The values as sent over the API; text that a spreadsheet would run as a formula begins with an apostrophe."""
    body = document.body
    if document.kind != INVOICE or document.total <= 0:
        return
    head = [_text(body, name) for name in _HEADER.values()]
    for line in body["item"]["items"]:
        if line["amount"]:
            own = {"quantity": 1, "rate": line["amount"]} | line if line.get("quantity") is None else line
            cells = [_text(own, name) or _text(body, name) for name in _LINE.values()]
            yield [*head, *cells, *(_text(body, name) for name in _PERIOD.values()), *(_text(line, name) for name in _custom(options))]


def _custom(options: Options) -> list[str]:
    names = [options.get("netsuiteExternalLineItemField"), *(options.get("netsuiteItemCustomFieldMapping") or {}).values()]
    return [name for name in dict.fromkeys(names) if name]


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else str(value)


FILE_LANE = FileLane(header=header, rows=rows, about=ABOUT)
