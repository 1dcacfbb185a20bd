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
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, RecordType
from integrations.destinations.netsuite.emulation.settings import Settings

Record = dict[str, Any]

FIRST_ID = 88001


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
        self.changed: set[tuple[str, str]] = set()
        self._ids, self._line_keys, self._numbers = count(FIRST_ID), count(1), count(1001)
        for name, records in catalogue.seed().items():
            for record in records:
                self.save(RECORD_TYPES[name], _strict(RECORD_TYPES[name], record))

    def find(self, types: Iterable[str], number: str) -> Record | None:
        """The record with this internal id among some types."""
        return next((found for name in types if (found := self.records[name].get(number))), None)

    def find_external(self, types: Iterable[str], external_id: str) -> Record | None:
        return next((self.records[name][number] for name in types if (number := self.by_external_id.get((name, external_id)))), None)

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
        self.changed.add((kind.name, record["id"]))

    def remove(self, kind: RecordType, record: Record) -> None:
        self._unlink(kind, record)
        self.apply(record["id"], {})
        del self.records[kind.name][record["id"]]
        self.changed.add((kind.name, record["id"]))

    def apply(self, source: str, amounts: dict[str, Decimal]) -> None:
        """What one payment or credit (`source`) pays of each invoice, in place of what it paid before."""
        for invoice in self._shares.pop(source, {}):
            del self._paid[invoice][source]
            self.changed.add(("invoice", invoice))
        for invoice, amount in amounts.items():
            self._paid.setdefault(invoice, {})[source] = amount
            self.changed.add(("invoice", invoice))
        self._shares[source] = amounts

    def paid(self, invoice: str) -> Decimal:
        return sum(self._paid.get(invoice, {}).values(), Decimal(0))

    def share(self, source: str, invoice: str) -> Decimal:
        """What one payment or credit pays of an invoice."""
        return self._shares.get(source, {}).get(invoice, Decimal(0))

    def currency(self, record: Record) -> Record:
        return self.records["currency"][record["currency"]["id"]]

    def _unlink(self, kind: RecordType, record: Record) -> None:
        for index, key in ((self.by_external_id, "externalId"), (self.by_number, "tranId")):
            if index.get((kind.name, record.get(key, ""))) == record["id"]:
                del index[kind.name, record[key]]


def _strict(kind: RecordType, record: Record) -> Record:
    """A catalogue record with its references in the stored form."""
    plain = {"text", "number", "money", "integer", "date", "boolean", "object"}
    return {key: value if kind.fields.get(key, "text") in plain else {"id": value} for key, value in record.items()}
