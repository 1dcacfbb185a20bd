"""Creates, changes, voids and deletes records, or refuses; nothing is stored unless everything holds."""

from decimal import Decimal
from typing import Any

from integrations.destinations.quickbooks.emulation import documents, errors
from integrations.destinations.quickbooks.emulation.books import NAMED, TRANSACTIONS, TYPES, Books, Record


def write(books: Books, kind: str, content: Any, options: dict[str, str]) -> Record:
    """What a POST to a record type does: its `operation` option, else an update when there is an Id, else a new record."""
    if kind not in TYPES:
        raise errors.QuickBooksError("500", "Unsupported Operation", f"Operation {kind} is not supported.")
    if not isinstance(content, dict):
        raise errors.QuickBooksError("4001", "Invalid Object", "The body is no JSON object.")
    operation = options.get("operation") or ("update" if content.get("Id") else "create")
    if operation == "create":
        return _store(books, kind, _filled(content), None, options)
    before = books.current(kind, str(content.get("Id", "")), content.get("SyncToken"))
    if before is None:
        raise errors.gone()
    if operation == "delete":
        return delete(books, kind, before)
    if operation == "void":
        return void(books, kind, before)
    return _store(books, kind, _merged(before, content), before, options)


def delete(books: Books, kind: str, record: Record) -> Record:
    if kind not in TRANSACTIONS:
        raise errors.QuickBooksError("500", "Unsupported Operation", f"Operation delete of {kind} is not supported.")
    books.remove(kind, record)
    return {"Id": record["Id"], "domain": "QBO", "status": "Deleted"}


def void(books: Books, kind: str, record: Record) -> Record:
    """Amounts become zero and the private note says so."""
    lines = [{**line, "Amount": Decimal(0), "SalesItemLineDetail": _zeroed(line)} for line in record["Line"]]
    nothing = dict.fromkeys(("TotalAmt", "HomeTotalAmt", "Balance"), Decimal(0))
    return books.save(kind, {**record, **nothing, "Line": lines, "PrivateNote": "Voided"}, record)


def _zeroed(line: Record) -> Record:
    return {**line.get("SalesItemLineDetail", {}), "Qty": Decimal(0)}


def _merged(before: Record, content: Record) -> Record:
    """A sparse update changes what it names; any other clears what it leaves out."""
    kept = before if content.get("sparse") is True else {name: before[name] for name in documents.COMPUTED if name in before}
    return _filled({**kept, **content})


def _filled(content: Record) -> Record:
    """Null and the empty text clear a field."""
    return {name: value for name, value in content.items() if value not in (None, "")}


def _store(books: Books, kind: str, draft: Record, before: Record | None, options: dict[str, str]) -> Record:
    draft["Id"] = before["Id"] if before else books.new_id()
    if kind in TRANSACTIONS:
        return books.save(kind, documents.complete(books, kind, draft, before, options), before)
    return books.save(kind, _named(books, kind, draft), before)


def _named(books: Books, kind: str, draft: Record) -> Record:
    """A customer or an item, whose name nobody else has."""
    field = NAMED.get(kind, "Name")
    name = str(draft.get(field) or "").strip()
    if not name:
        raise errors.missing(field)
    if kind == "Customer" and ":" in name:
        raise errors.wrong_value(field, name)
    if any(record.get(field) == name for number, record in books.records[kind].items() if number != draft["Id"]):
        raise errors.duplicate_name("customer, vendor or employee" if kind == "Customer" else kind.lower())
    return {"Active": True, "FullyQualifiedName": name, **draft, field: name}
