"""Records as a person enters them in the system's own pages: POST /_emulator/records."""

from decimal import Decimal
from typing import Any

from integrations.destinations.netsuite.emulation import statuses, writing
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import NetSuiteError
from integrations.destinations.netsuite.emulation.records import record_type
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, TRANSACTION_TYPES, RecordType
from integrations.destinations.netsuite.emulation.values import Reader

_PLAIN = ("text", "number", "money", "integer", "date", "boolean", "object")


def enter(books: Books, name: str, entry: Record) -> str:
    """Creates a record, or changes the one of the same id or externalId, and returns its id. Raises ValueError.

    No period, number or form stands in the way. A reference may be a bare id and a sublist a bare list, unknown fields are
    left out, an invoice's `status` may be Paid In Full, Open or Voided, `deleted` removes the record, and a customer's `mergedInto`
    is the id of the one that takes over its documents.
    """
    try:
        return _enter(books, record_type(name), dict(entry))
    except NetSuiteError as error:
        raise ValueError(f"{error.code}: {error.detail}") from error


def _enter(books: Books, kind: RecordType, entry: Record) -> str:
    state, gone, given = entry.pop("status", None), entry.pop("deleted", False), str(entry.pop("id", ""))
    heir = entry.pop("mergedInto", None)
    read = Reader(books, kind, "Ignore").record({name: _loose(kind, name, value) for name, value in entry.items()})
    before = books.records[kind.name].get(given) or books.find_external([kind.name], str(read.get("externalId", "")))
    if gone:
        if before is None:
            raise ValueError(f"There is no {kind.name} {given or read.get('externalId')}.")
        books.remove(kind, before)
        return str(before["id"])
    if kind.name == "customer" and heir:
        return _merge(books, kind, before, str(heir))
    if kind.name == "customer" and before is None:
        read = {"subsidiary": {"id": "1"}, "entityId": read.get("companyName") or f"Customer {given}", **read}
    number = writing.store(books, kind, before, read, frozenset(kind.sublists), given, trusted=True)
    if kind.name == "invoice" and state is not None:
        _set_status(books, kind, number, state.get("id") if isinstance(state, dict) else state)
    return number


def _merge(books: Books, kind: RecordType, customer: Record | None, heir: str) -> str:
    """The documents of one customer become another's, and the customer is gone."""
    if customer is None or heir not in books.records["customer"] or heir == customer["id"]:
        raise ValueError("A customer can be merged into another one only.")
    for name in TRANSACTION_TYPES:
        field = RECORD_TYPES[name].customer_field
        for stored in list(books.records[name].values()):
            if stored[field]["id"] == customer["id"]:
                books.save(RECORD_TYPES[name], {**stored, field: {"id": heir}})
    books.remove(kind, customer)
    return heir


def _set_status(books: Books, kind: RecordType, number: str, word: Any) -> None:
    """Paid in full without a payment record, voided, or open again."""
    if word not in (statuses.PAID, statuses.VOIDED, statuses.OPEN):
        raise ValueError(f"An invoice's status is {statuses.PAID}, {statuses.VOIDED} or {statuses.OPEN}.")
    invoice = books.records[kind.name][number]
    owed = invoice["total"] - books.paid(number) + books.share(number, number)
    books.apply(number, {number: owed} if word == statuses.PAID else {})
    books.save(kind, {**invoice, "voided": word == statuses.VOIDED})


def _loose(kind: RecordType, name: str, value: Any) -> Any:
    """The strict form of a loosely written property."""
    if name not in kind.sublists:
        return _reference(kind.fields.get(name, "text"), value)
    lines = value.get("items") if isinstance(value, dict) else value
    fields = kind.sublists[name]
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return value
    return {"items": [{key: _reference(fields.get(key, "text"), entry) for key, entry in line.items()} for line in lines]}


def _reference(kind: str, value: Any) -> Any:
    bare = isinstance(value, str | int | Decimal) and kind not in _PLAIN
    return {"id": str(value)} if bare else value
