"""Turns a request's JSON into stored values: property names, types and references are checked one by one."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import invalid_content, invalid_key, invalid_value
from integrations.destinations.netsuite.emulation.schema import COMPUTED, RecordType, targets

EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")
LONGEST_TEXT = {"tranId": 45, "memo": 4000, "description": 4000, "otherRefNum": 45}


class Reader:
    """Reads one request's content. `validation` is the header X-NetSuite-PropertyNameValidation: Error, Warning or Ignore."""

    def __init__(self, books: Books, kind: RecordType, validation: str) -> None:
        self._books, self._kind, self._strict = books, kind, validation.lower() == "error"

    def record(self, content: Any) -> Record:
        """The stored form of a record's JSON; what is computed by the system is left out. Raises NetSuiteError."""
        if not isinstance(content, dict):
            raise invalid_content("The request body must be a JSON object.", "")
        values: Record = {}
        for name, value in content.items():
            if name in self._kind.sublists:
                values[name] = self._sublist(name, value)
            elif name not in COMPUTED:
                values |= self._property(name, value, self._kind.fields, self._kind.custom_prefix, name)
        if (external := values.get("externalId")) is not None and not EXTERNAL_ID.fullmatch(external):
            raise invalid_value(external, "externalId", "externalId")
        return values

    def _sublist(self, name: str, value: Any) -> list[Record]:
        lines = value.get("items") if isinstance(value, dict) else None
        if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
            raise invalid_content(f"The sublist {name} must be an object with a list of items.", name)
        fields = self._kind.sublists[name]
        read: list[Record] = []
        for at, line in enumerate(lines):
            values: Record = {}
            for key, entry in line.items():
                if key not in ("links", "refName"):
                    values |= self._property(key, entry, fields, "custcol", f"{name}.items[{at}].{key}")
            read.append(values)
        return read

    def _property(self, name: str, value: Any, fields: dict[str, str], prefix: str, path: str) -> Record:
        kind = fields.get(name)
        if kind is None and name.startswith(f"{prefix}_"):
            kind = self._books.custom_fields.get(name)
        if kind is not None:
            return {name: None if value is None else self._value(kind, name, value, path)}
        if self._strict:
            raise invalid_content(f"The field {name} does not exist on the record type {self._kind.name}.", path)
        return {}

    def _value(self, kind: str, name: str, value: Any, path: str) -> Any:
        if kind in _PLAIN:
            if not _PLAIN[kind](value):
                raise invalid_value(value, name, path)
            if len(str(value)) > LONGEST_TEXT.get(name, len(str(value))):
                raise invalid_content(
                    f"The field {name} contained more than the maximum number ( {LONGEST_TEXT[name]} ) of characters allowed.", path
                )
            return Decimal(value) if kind in ("number", "money") else value
        return self._reference(kind, name, value, path)

    def _reference(self, kind: str, name: str, value: Any, path: str) -> Record:
        """{"id": …} of an existing record; a reference by externalId is looked up."""
        if not isinstance(value, dict) or not isinstance(value.get("id", value.get("externalId")), str | int):
            raise invalid_value(value, name, path)
        types, given = targets(kind), str(value.get("id", value.get("externalId")))
        if not types:
            return {"id": given}
        found = self._books.find(types, given) if "id" in value else self._books.find_external(types, given)
        unseen = found is None and (name == "subsidiary" or self._books.is_gone(types, given))
        if found is None and not unseen:
            raise invalid_value(given, name, path)
        if found is None or found.get("isInactive") or self._hidden(kind, found):
            raise invalid_key(f"Invalid {name} reference key {given}.", path)
        return {"id": found["id"]}

    def _hidden(self, kind: str, found: Record) -> bool:
        """Whether the role does not see a subsidiary, or a customer of one."""
        subsidiary = found["id"] if kind == "subsidiary" else found.get("subsidiary", {}).get("id") if kind == "customer" else ""
        return subsidiary in self._books.settings.hidden_subsidiaries


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_PLAIN: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: _is_integer(value) or isinstance(value, Decimal),
    "money": lambda value: _is_integer(value) or isinstance(value, Decimal),
    "integer": _is_integer,
    "date": _is_date,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
}
