"""Records as a person enters them in QuickBooks' own pages: POST /_emulator/records."""

from decimal import Decimal
from typing import Any

from integrations.destinations.quickbooks.emulation import documents, writing
from integrations.destinations.quickbooks.emulation.books import TRANSACTIONS, TYPES, Books, Record
from integrations.destinations.quickbooks.emulation.errors import QuickBooksError


def enter(books: Books, name: str, entry: Record) -> str:
    """Creates a record, or changes the one of the same Id or DocNumber, and returns its Id. Raises ValueError.

    `deleted` removes it, `void` voids it, and a `Balance` is taken as it is given, as if payments had been received.
    """
    kind = next((kind for kind in TYPES if kind.lower() == name.lower()), "")
    if not kind:
        raise ValueError(f"There is no record type {name}; there are {', '.join(TYPES)}.")
    try:
        return _enter(books, kind, dict(entry))
    except QuickBooksError as error:
        raise ValueError(f"{error.code}: {error.detail}") from error


def _enter(books: Books, kind: str, entry: Record) -> str:
    gone, voided, balance = entry.pop("deleted", False), entry.pop("void", False), entry.pop("Balance", None)
    before = books.records[kind].get(str(entry.get("Id", ""))) or _numbered(books, kind, entry)
    if before is not None and (gone or voided):
        (books.remove if gone else _void)(*((kind, before) if gone else (books, kind, before)))
        return str(before["Id"])
    if gone or voided:
        raise ValueError(f"There is no {kind} {entry.get('Id') or entry.get('DocNumber')}.")
    record = _merged(books, kind, entry, before)
    if balance is not None:
        record["Balance"] = Decimal(balance)
        record |= {"RemainingCredit": record["Balance"]} if kind == "CreditMemo" else {}
    return str(books.save(kind, record, before)["Id"])


def _void(books: Books, kind: str, record: Record) -> None:
    writing.void(books, kind, record)


def _numbered(books: Books, kind: str, entry: Record) -> Record | None:
    number = books.numbers.get((kind, str(entry.get("DocNumber"))))
    return books.records[kind][number] if number and "Id" not in entry else None


def _merged(books: Books, kind: str, entry: Record, before: Record | None) -> Record:
    merged: dict[str, Any] = {**(before or {}), **entry, "Id": str(entry.get("Id") or (before or {}).get("Id") or books.new_id())}
    if kind in TRANSACTIONS:
        return documents.complete(books, kind, merged, before, {"include": "allowduplicatedocnum"})
    return {"Active": True, **merged}
