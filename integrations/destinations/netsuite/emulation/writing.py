"""Creates, changes and deletes records, or refuses; nothing is stored unless everything holds."""

from copy import deepcopy
from typing import Any

from integrations.destinations.netsuite.emulation import documents, lines
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, nonexistent, user_error
from integrations.destinations.netsuite.emulation.schema import ITEM_TYPES, RecordType
from integrations.destinations.netsuite.emulation.values import Reader

_LINE_KEYS = {"apply": "doc", "credit": "doc", "deposit": "doc"}


def create(books: Books, kind: RecordType, content: Any, validation: str) -> str:
    """A new record's id."""
    _refuse_id(content)
    values = Reader(books, kind, validation).record(content)
    return store(books, kind, None, values, frozenset())


def update(books: Books, kind: RecordType, number: str, content: Any, validation: str, replace: frozenset[str]) -> str:
    """Changes what the content names; `replace` are the sublists whose lines it gives whole."""
    before = books.records[kind.name].get(number)
    if before is None:
        raise nonexistent()
    if isinstance(content, dict) and str(content.get("id", number)) != number:
        raise NetSuiteError(400, "CANT_SET_INTERNALID", "You cannot set an internal id.", "id")
    return store(books, kind, before, Reader(books, kind, validation).record(content), replace)


def upsert(books: Books, kind: RecordType, external_id: str, content: Any, validation: str, replace: frozenset[str]) -> str:
    """Updates the record of this external id, or creates it."""
    _refuse_id(content)
    before = books.find_external([kind.name], external_id)
    values = Reader(books, kind, validation).record({"externalId": external_id, **content} if isinstance(content, dict) else content)
    return store(books, kind, before, values, replace)


def delete(books: Books, kind: RecordType, number: str) -> None:
    stored = books.records[kind.name].get(number)
    if stored is None:
        raise nonexistent()
    if kind.family == "transaction":
        documents.refuse_closed(books, stored)
        if books.paid(number) or books.children(number):
            raise user_error("This transaction cannot be deleted because it is linked to by one or more transactions.")
    books.remove(kind, stored)


def store(
    books: Books, kind: RecordType, before: Record | None, values: Record, replace: frozenset[str], given: str = "", trusted: bool = False
) -> str:
    """Merges, completes and saves, and returns the id; `trusted` skips what only the books' rules forbid, `given` is a new record's id."""
    _unclaimed(books, kind, before, values)
    draft: Record = deepcopy(before) if before else {"id": given or books.new_id()}
    for name, value in values.items():
        if name in kind.sublists:
            draft[name] = lines.merge(draft.get(name, []), value, name in replace, _LINE_KEYS.get(name, "line"))
        else:
            draft[name] = value
    draft = {name: value for name, value in draft.items() if value is not None}
    if kind.family == "transaction":
        documents.complete(books, kind, draft, before, trusted)
    _require_name(books, kind, draft, trusted)
    books.save(kind, draft)
    if kind.family == "transaction":
        documents.settle(books, kind, draft)
    return str(draft["id"])


def _unclaimed(books: Books, kind: RecordType, before: Record | None, values: Record) -> None:
    """An external id belongs to one record of its type."""
    holder = books.find_external([kind.name], values["externalId"]) if values.get("externalId") else None
    if holder is None or holder is before:
        return
    if kind.family == "transaction":
        raise NetSuiteError(400, "DUP_RCRD", "This record already exists", "externalId")
    raise user_error("This entity already exists.")


def _require_name(books: Books, kind: RecordType, draft: Record, trusted: bool) -> None:
    """What an entity or item cannot be without."""
    if kind.name == "customer":
        person = " ".join(str(draft[key]) for key in ("firstName", "lastName") if draft.get(key))
        draft.setdefault("entityId", draft.get("companyName") or person)
        draft.setdefault("isInactive", False)
        if not draft["entityId"]:
            raise user_error("Please enter value(s) for: Company Name.")
        if "subsidiary" not in draft:
            raise user_error("Please enter value(s) for: Primary Subsidiary.")
        _unique_customer(books, draft)
    if kind.name in ITEM_TYPES and not draft.get("itemId"):
        raise user_error("Please enter value(s) for: Item Name/Number.")
    if kind.name == "discountItem" and not draft.get("nonPosting") and "account" not in draft and not trusted:
        raise user_error("Please enter value(s) for: Account.")
    if kind.name == "paymentMethod" and not draft.get("name"):
        raise user_error("Please enter value(s) for: Name.")
    if kind.name == "currency":
        draft.setdefault("currencyPrecision", 2)


def _unique_customer(books: Books, draft: Record) -> None:
    """Where customers are not numbered by the system, no two have the same id, which is the company's name unless it is given."""
    same = (stored["id"] for stored in books.records["customer"].values() if stored["entityId"] == draft["entityId"])
    if books.settings.unique_entity_id and any(number != draft["id"] for number in same):
        sentence = "A customer record with this ID already exists. You must enter a unique customer ID for each record you create."
        raise NetSuiteError(400, "UNIQUE_CUST_ID_REQD", sentence, "entityId")


def _refuse_id(content: Any) -> None:
    if isinstance(content, dict) and "id" in content:
        raise NetSuiteError(400, "CANT_SET_INTERNALID", "You cannot set an internal id when you add or upsert a record.", "id")
