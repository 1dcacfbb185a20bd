"""Metronome's data export, rows of its tables -> invoices as its API has them. Pure.

Files are an append-only log: a row comes again when it changed, and when a transfer was repeated, so the latest row of an id holds. Any
column may be null. Custom fields are in the JSON column `metadata` (data export reference, read in November 2026).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from integrations.contract import Fetched

INVOICES, LINES, PRODUCTS = ("invoice", "finalized_invoice"), "line_item", "product"
TABLES = (*INVOICES, LINES, PRODUCTS)

Row = Mapping[str, str]
Raw = dict[str, Any]

_JSON_COLUMNS = ("presentation_group_values", "pricing_group_values", "applied_commit_or_credit", "external_invoice", "tier")


def raw_records(tables: Mapping[str, Iterable[Row]]) -> Iterator[Fetched]:
    """Products, then invoices with their lines; amounts stay the text that they are."""
    products = {uid: _product(row) for uid, row in _latest(tables.get(PRODUCTS, ())).items()}
    lines: dict[str, list[Raw]] = defaultdict(list)
    for row in _latest(tables.get(LINES, ())).values():
        lines[row.get("invoice_id", "")].append(_line(row, products))
    yield from (Fetched(collection="products", text=json.dumps(product)) for product in products.values())
    for uid, row in _latest(chain(*(tables.get(name, ()) for name in INVOICES))).items():
        yield Fetched(collection="bills", text=json.dumps(_invoice(row, lines[uid])))


def _latest(rows: Iterable[Row]) -> dict[str, Row]:
    """By id. Of two rows the one updated later holds, of two as old the one that comes later in the files."""
    found: dict[str, Row] = {}
    for row in rows:
        uid = row.get("id", "")
        if uid and row.get("updated_at", "") >= found.get(uid, {}).get("updated_at", ""):
            found[uid] = row
    return found


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
        return json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return text
