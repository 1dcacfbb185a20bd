"""Stored records in the shape in which the record API returns them."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from integrations.destinations.netsuite.emulation import applying, statuses
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.schema import RecordType, targets

_NAMES = ("entityId", "companyName", "itemId", "symbol", "tranId", "name")


def base_url(books: Books) -> str:
    return f"https://{books.host}/services/rest/record/v1"


def url(books: Books, name: str, number: str) -> str:
    return f"{base_url(books)}/{name}/{number}"


def links(href: str, rel: str = "self") -> list[dict[str, str]]:
    return [{"rel": rel, "href": href}]


def record(books: Books, kind: RecordType, stored: Record, expand: bool = True, only: Collection[str] = ()) -> Record:
    """The answer to GET: with `expand` the lines, else only a link to them; `only` picks fields."""
    here = url(books, kind.name, stored["id"])
    whole = stored | _computed(books, kind, stored)
    shown = {name: value for name, value in whole.items() if value is not None and (not only or name in only or name == "id")}
    return {"links": links(here)} | {
        name: _sublist(books, kind, value, f"{here}/{name}", expand, name)
        if name in kind.sublists
        else _value(books, kind.fields.get(name, ""), value)
        for name, value in shown.items()
    }


def _computed(books: Books, kind: RecordType, stored: Record) -> Record:
    """What is worked out when it is read: status and what is left to pay."""
    if kind.family != "transaction":
        return {}
    letter, state = statuses.of(books, kind, stored)
    computed: Record = {"status": {"id": state, "refName": state}}
    if kind.name == "salesOrder":
        computed["orderStatus"] = {"id": letter, "refName": state}
    if kind.name == "invoice":
        paid = books.paid(stored["id"])
        computed |= {"amountPaid": paid, "amountRemaining": stored["total"] - paid if state != statuses.VOIDED else Decimal(0)}
    if kind.name in ("creditMemo", "customerPayment", "customerDeposit"):
        rest = applying.left(books, stored)
        computed |= {"applied": stored["total"] - rest, "unapplied": rest}
    return computed


def _sublist(books: Books, kind: RecordType, rows: list[Record], here: str, expand: bool, name: str) -> Record:
    if not expand:
        return {"links": links(here)}
    fields = kind.sublists[name]
    items = [
        {"links": links(f"{here}/{row.get('line', at)}")} | {key: _value(books, fields.get(key, ""), value) for key, value in row.items()}
        for at, row in enumerate(rows, 1)
    ]
    return {"links": links(here), "items": items, "totalResults": len(items)}


def _value(books: Books, kind: str, value: Any) -> Any:
    """A reference gets its link and name, anything else is as it is stored."""
    if not isinstance(value, dict) or "id" not in value:
        return value
    types = targets(kind)
    found = books.find(types, value["id"])
    if found is None:
        return value
    owner = next(name for name in types if value["id"] in books.records[name])
    return {"links": links(url(books, owner, value["id"])), "id": value["id"], "refName": name_of(found)}


def name_of(stored: Record) -> str:
    """What people call the record."""
    return next((str(stored[name]) for name in _NAMES if stored.get(name)), stored["id"])
