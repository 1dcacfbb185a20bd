"""What a person enters in Salesforce's own pages: records, custom objects and custom fields."""

from typing import Any

from integrations.destinations.salesforce.emulation import records, schema
from integrations.destinations.salesforce.emulation.books import Books, whole_id
from integrations.destinations.salesforce.emulation.errors import SalesforceError


def enter(books: Books, kind: str, entry: dict[str, Any]) -> str:
    """The record's id; one that carries the Id of a record changes it, one with a new Id is made under it. Raises ValueError."""
    if kind == "CustomObject":
        added = schema.custom_object(entry, len(books.records))
        books.add_kind(added)
        return added.name
    if kind == "CustomField":
        owner, field = schema.custom_field(entry, books.records)
        books.add_field(owner, field)
        return f"{owner}.{field.name}"
    try:
        known, wanted = books.kind(kind), str(entry.get("Id") or "")
        if whole_id(wanted) in books.records[known.name]:
            return records.update(books, known, wanted, entry)
        made = records.create(books, known, entry)
    except SalesforceError as error:
        raise ValueError(f"{error.code}: {error.message}") from error
    return _renumbered(books, known.name, made, wanted) if wanted else made


def _renumbered(books: Books, kind: str, made: str, wanted: str) -> str:
    record = {**books.records[kind][made], "Id": whole_id(wanted)}
    books.remove(books.kind(kind), made)
    books.store(kind, record)
    return str(record["Id"])
