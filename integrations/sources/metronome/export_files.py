"""Metronome's data export, the latest rows of its tables -> invoices as its API has them. Pure.

Files are an append-only log: a row comes again when it changed, and when a transfer was repeated. Any column may be null. Custom fields
are in the JSON column `metadata` (data export reference, read in November 2026).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from integrations.contract import ExportRow, ExportTable, Fetched, Tables

INVOICES, LINES, PRODUCTS = "invoice", "line_item", "product"

Row = Mapping[str, str]
Raw = dict[str, Any]

_JSON_COLUMNS = ("presentation_group_values", "pricing_group_values", "applied_commit_or_credit", "external_invoice", "tier")


def raw_records(tables: Mapping[str, Iterable[ExportRow]]) -> Iterator[Fetched]:
    """Products, then invoices with their lines; amounts stay the text that they are. Only products are kept until the end."""
    products: dict[str, Raw] = {}
    for row in tables[PRODUCTS]:
        products[row.cells["id"]] = product = _product(row.cells)
        yield Fetched(collection="products", text=json.dumps(product), where=row.where)
    for row, lines in _joined(tables[INVOICES], tables[LINES]):
        where = f"{row.where}, with lines from {lines[0].where} on" if lines else row.where
        invoice = _invoice(row.cells, [_line(line.cells, products) for line in lines])
        yield Fetched(collection="bills", text=json.dumps(invoice), where=where)


def _joined(invoices: Iterable[ExportRow], lines: Iterable[ExportRow]) -> Iterator[tuple[ExportRow, list[ExportRow]]]:
    """Each invoice with its lines; both come sorted by the invoice's id, and lines of other invoices are passed over."""
    owned = groupby(lines, key=lambda line: line.cells.get("invoice_id", ""))
    owner, own = next(owned, ("", iter(())))
    for invoice in invoices:
        uid = invoice.cells["id"]
        while owner < uid and (following := next(owned, None)):
            owner, own = following
        yield invoice, list(own) if owner == uid else []


def _product(row: Row) -> Raw:
    return {"id": row["id"], "name": row.get("name", ""), "custom_fields": _custom_fields(row, "custom_fields")}


def _line(row: Row, products: Mapping[str, Raw]) -> Raw:
    product = products.get(row.get("product_id", ""), {})
    line = {**_values(row), "type": row.get("type") or _type(row), "credit_type": _credit_type(row)}
    line["name"] = row.get("name") or product.get("name", "")
    if custom := product.get("custom_fields"):
        line["product_custom_fields"] = custom
    return line


def _invoice(row: Row, lines: list[Raw]) -> Raw:
    """Custom fields of the customer and of the contract stand beside each other in `metadata`; their names tell whose they are."""
    return {
        **_values(row),
        "credit_type": _credit_type(row),
        "customer_custom_fields": _custom_fields(row, "customer_custom_fields"),
        "contract_custom_fields": _custom_fields(row, "contract_custom_fields"),
        "line_items": lines,
    }


def _type(row: Row) -> str:
    """A line that does not say what it is takes off a commit or charges usage."""
    return "applied_commit_or_credit" if row.get("commit_id") and row.get("total", "").startswith("-") else "usage"


def _credit_type(row: Row) -> Raw:
    return {"id": row.get("credit_type_id", ""), "name": row.get("credit_type_name", "")}


def _values(row: Row) -> Raw:
    """The cells that are not null, JSON where the column has it."""
    known = {name: cell for name, cell in row.items() if cell != "" and name != "metadata"}
    return known | {name: _parsed(known[name]) for name in _JSON_COLUMNS if name in known}


def _custom_fields(row: Row, name: str) -> Any:
    """Those under a name of their own, under `custom_fields`, or as they stand; text that is no JSON is left for the reader to refuse."""
    metadata = _parsed(row.get("metadata") or "{}")
    if not isinstance(metadata, dict):
        return metadata
    inner = metadata.get(name, metadata.get("custom_fields", metadata))
    return {key: value for key, value in inner.items() if not isinstance(value, dict | list)} if isinstance(inner, dict) else inner


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return text


TABLES = Tables(
    tables=(
        ExportTable(names=(PRODUCTS,), required=False),
        ExportTable(names=(INVOICES, "finalized_invoice")),
        ExportTable(names=(LINES,), sorted_by="invoice_id"),
    ),
    updated="updated_at",
    read=raw_records,
)
