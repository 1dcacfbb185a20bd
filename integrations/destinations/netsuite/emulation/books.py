"""One account's books: records in memory under one lock.

A stored record is a dict: plain values, references as {"id": …}, and each sublist as a list of lines.
"""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from integrations.destinations.netsuite.emulation import catalogue
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, TRANSACTION_TYPES, RecordType
from integrations.destinations.netsuite.emulation.settings import Settings

Record = dict[str, Any]

FIRST_ID = 88001
_PARENTS = ("createdFrom", "salesOrder", "deposit")


class Books:
    """Hold `lock` for every access."""

    def __init__(self, account: str, settings: Settings) -> None:
        self.account = account
        self.host = f"{account.lower().replace('_', '-')}.suitetalk.api.netsuite.com"
        self.settings = settings
        self.lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        """Back to the catalogue."""
        self.records: dict[str, dict[str, Record]] = {name: {} for name in RECORD_TYPES}
        self.by_external_id: dict[tuple[str, str], str] = {}
        self.by_number: dict[tuple[str, str], str] = {}
        self.custom_fields = dict(catalogue.CUSTOM_FIELDS)
        self._paid: dict[str, dict[str, Decimal]] = {}
        self._shares: dict[str, dict[str, Decimal]] = {}
        self._children: dict[str, dict[str, str]] = {}
        self.changed: set[tuple[str, str]] = set()
        self._gone: set[tuple[str, str]] = set()
        self._ids, self._line_keys, self._numbers = count(FIRST_ID), count(1), count(1001)
        for name, records in catalogue.seed().items():
            for record in records:
                self.save(RECORD_TYPES[name], _strict(RECORD_TYPES[name], record))

    def find(self, types: Iterable[str], number: str) -> Record | None:
        """The record with this internal id among some types."""
        return next((found for name in types if (found := self.records[name].get(number))), None)

    def find_external(self, types: Iterable[str], external_id: str) -> Record | None:
        return next((self.records[name][number] for name in types if (number := self.by_external_id.get((name, external_id)))), None)

    def is_gone(self, types: Iterable[str], number: str) -> bool:
        """Whether a record with this internal id was deleted or merged into another one."""
        return any((name, number) in self._gone for name in types)

    def new_id(self) -> str:
        return str(next(number for number in self._ids if not any(str(number) in table for table in self.records.values())))

    def new_line_key(self) -> int:
        return next(self._line_keys)

    def new_number(self, kind: RecordType) -> str:
        return next(number for serial in self._numbers if (kind.name, number := f"{kind.prefix}{serial}") not in self.by_number)

    def save(self, kind: RecordType, record: Record) -> None:
        """Stores a whole record under its id and keeps the indexes."""
        before = self.records[kind.name].get(record["id"])
        if before:
            self._unlink(kind, before)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        record["createdDate"] = before["createdDate"] if before else now
        record["lastModifiedDate"] = now
        self.records[kind.name][record["id"]] = record
        if record.get("externalId"):
            self.by_external_id[kind.name, record["externalId"]] = record["id"]
        if record.get("tranId"):
            self.by_number[kind.name, record["tranId"]] = record["id"]
        for parent in _parents(record):
            self._children.setdefault(parent, {})[record["id"]] = kind.name
            self._touch(parent)
        self.changed.add((kind.name, record["id"]))

    def remove(self, kind: RecordType, record: Record) -> None:
        self._unlink(kind, record)
        self.apply(record["id"], {})
        del self.records[kind.name][record["id"]]
        self._gone.add((kind.name, record["id"]))
        self.changed.add((kind.name, record["id"]))

    def apply(self, source: str, amounts: dict[str, Decimal]) -> None:
        """What one document (`source`) takes of each other: of an invoice's debt, of a deposit's money; in place of what it took before."""
        for target in self._shares.pop(source, {}):
            del self._paid[target][source]
            self._touch(target)
        for target, amount in amounts.items():
            self._paid.setdefault(target, {})[source] = amount
            self._touch(target)
        self._shares[source] = amounts

    def paid(self, target: str) -> Decimal:
        """What others took of a document: of an invoice what is paid, of a payment, credit or deposit what is spent or given back."""
        return sum(self._paid.get(target, {}).values(), Decimal(0))

    def payers(self, target: str) -> dict[str, Decimal]:
        """{id of a document: what it took of this one}."""
        return dict(self._paid.get(target, {}))

    def share(self, source: str, target: str) -> Decimal:
        """What one document took of another."""
        return self._shares.get(source, {}).get(target, Decimal(0))

    def children(self, parent: str, *kinds: str) -> list[Record]:
        """The documents that were made from one, of some types or of all."""
        return [self.records[name][number] for number, name in self._children.get(parent, {}).items() if not kinds or name in kinds]

    def kind_of(self, number: str) -> str:
        """The type of the transaction with this internal id, empty for none."""
        return next((name for name in TRANSACTION_TYPES if number in self.records[name]), "")

    def currency(self, record: Record) -> Record:
        return self.records["currency"][record["currency"]["id"]]

    def _unlink(self, kind: RecordType, record: Record) -> None:
        for index, key in ((self.by_external_id, "externalId"), (self.by_number, "tranId")):
            if index.get((kind.name, record.get(key, ""))) == record["id"]:
                del index[kind.name, record[key]]
        for parent in _parents(record):
            del self._children[parent][record["id"]]
            self._touch(parent)

    def _touch(self, number: str) -> None:
        """Another document changed what this one's row says."""
        if kind := self.kind_of(number):
            self.changed.add((kind, number))


def _parents(record: Record) -> set[str]:
    return {found["id"] for name in _PARENTS if isinstance(found := record.get(name), dict)}


def _strict(kind: RecordType, record: Record) -> Record:
    """A catalogue record with its references in the stored form."""
    plain = {"text", "number", "money", "integer", "date", "boolean", "object"}
    return {key: value if kind.fields.get(key, "text") in plain else {"id": value} for key, value in record.items()}
