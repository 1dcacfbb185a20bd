"""Writing records: created, changed, upserted by an external id, deleted, and refused as the real system refuses."""

from collections.abc import Mapping
from typing import Any

from integrations.destinations.salesforce.emulation.books import Books, Record
from integrations.destinations.salesforce.emulation.errors import SalesforceError, SeveralError, invalid_field, not_found
from integrations.destinations.salesforce.emulation.schema import Field, Kind
from integrations.destinations.salesforce.emulation.values import kept

API = "/services/data/v"


def create(books: Books, kind: Kind, values: Mapping[str, Any]) -> str:
    """The new record's id. Raises SalesforceError."""
    record: Record = {"Id": books.new_id(kind.prefix), **{name: field.default for name, field in kind.fields.items() if name != "Id"}}
    record |= _taken(books, kind, values)
    if "Name" in kind.fields and record.get("Name") is None:
        record["Name"] = record["Id"]
    _check(books, kind, record)
    books.store(kind.name, record)
    return str(record["Id"])


def update(books: Books, kind: Kind, record_id: str, values: Mapping[str, Any]) -> str:
    record = {**books.get(kind, record_id), **_taken(books, kind, values)}
    _check(books, kind, record)
    books.store(kind.name, record)
    return str(record["Id"])


def upsert(books: Books, kind: Kind, field: str, key: str, values: Mapping[str, Any], update_only: bool = False) -> tuple[str, bool]:
    """(id, whether it was created). Raises SalesforceError, SeveralError when several records carry the key."""
    known = key_field(kind, field)
    if not key:
        raise SalesforceError(400, "MISSING_ARGUMENT", f"{known.name} not specified", (known.name,))
    found = books.find(kind, known.name, key)
    if len(found) > 1:
        raise SeveralError([f"{API}62.0/sobjects/{kind.name}/{record['Id']}" for record in found])
    if found:
        return update(books, kind, found[0]["Id"], values), False
    if update_only:
        raise not_found()
    return create(books, kind, {**values, known.name: key}), True


def delete(books: Books, kind: Kind, record_id: str) -> None:
    try:
        books.remove(kind, record_id)
    except SalesforceError:
        raise SalesforceError(404, "ENTITY_IS_DELETED", "entity is deleted") from None


def key_field(kind: Kind, name: str) -> Field:
    """A field by which records are found. Raises SalesforceError."""
    field = kind.fields.get(name)
    if field is None or not (field.external_id or field.name == "Id"):
        raise SalesforceError(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def _taken(books: Books, kind: Kind, values: Mapping[str, Any]) -> Record:
    """The values of a body as they will be kept; a parent may be named by its external id. Raises SalesforceError."""
    record: Record = {}
    relations = {field.relationship: field for field in kind.fields.values() if field.target}
    for name, value in values.items():
        if name in ("attributes", "Id"):
            continue
        if name in relations and isinstance(value, dict):
            record[relations[name].name] = _parent(books, relations[name], value)
            continue
        field = kind.fields.get(name)
        if field is None:
            raise invalid_field(name, kind.name)
        if not field.writable:
            words = f"Unable to create/update fields: {name}. Please check the security settings of this field."
            raise SalesforceError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", words, (name,))
        record[name] = kept(books, field, value)
    return record


def _parent(books: Books, field: Field, named: Mapping[str, Any]) -> str:
    """The id of the record that {external id field: key} names."""
    target = books.kind(field.target)
    (name, key), *_ = (named or {"": ""}).items()
    found = books.find(target, key_field(target, name).name, str(key))
    if len(found) != 1:
        words = f"Foreign key external ID: {key} not found for field {name} in entity {target.name}"
        raise SalesforceError(400, "INVALID_FIELD", words)
    return str(found[0]["Id"])


def _check(books: Books, kind: Kind, record: Record) -> None:
    """What is asked of the whole record: refusals that a test ordered, required fields, unique ones."""
    _refused(books, kind, record)
    missing = [field.name for field in kind.fields.values() if field.required and record.get(field.name) is None]
    if missing:
        raise SalesforceError(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", tuple(missing))
    for field in kind.fields.values():
        value = record.get(field.name)
        others = [each for each in books.find(kind, field.name, str(value)) if each["Id"] != record["Id"]] if field.unique and value else []
        if others:
            words = f"duplicate value found: {field.name} duplicates value on record with id: {others[0]['Id']}"
            raise SalesforceError(400, "DUPLICATE_VALUE", words)


def _refused(books: Books, kind: Kind, record: Record) -> None:
    keys = [str(record.get(field.name) or "") for field in kind.fields.values() if field.external_id]
    for order in books.settings.refuse:
        if order.times > 0 and order.object in ("", kind.name) and any(order.match in key for key in keys):
            order.times -= 1
            raise SalesforceError(400, order.errorCode, order.message, tuple(order.fields))
