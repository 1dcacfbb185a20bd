"""One org's records: kept by id, found by external id, taken back together when a transaction fails."""

import string
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.destinations.salesforce.emulation import catalogue
from integrations.destinations.salesforce.emulation.errors import SalesforceError, not_found
from integrations.destinations.salesforce.emulation.schema import KINDS, Field, Kind
from integrations.destinations.salesforce.emulation.settings import Settings

Record = dict[str, Any]
_CHECK = string.ascii_uppercase + "012345"


class Books:
    """Hold `lock` for every call."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name, self.settings = name, settings
        self.lock = threading.RLock()
        self.used = 0
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self._kinds = dict(KINDS)
        self._counts: Counter[str] = Counter()
        self._index: dict[tuple[str, str, str], list[str]] = {}
        self._journal: list[tuple[str, str, Record | None]] | None = None
        for kind, records in catalogue.records(name).items():
            for record in records:
                self.store(kind, record)

    @property
    def host(self) -> str:
        return f"{self.name}.my.salesforce.com"

    def kind(self, name: str) -> Kind:
        """The object as the integration user sees it. Raises SalesforceError."""
        found = next((kind for kind in self._kinds.values() if kind.name.lower() == name.lower()), None)
        if found is None:
            raise not_found()
        for each in self.settings.required_fields:
            owner, _, required = each.partition(".")
            if owner == found.name:
                found = found.with_field(replace(found.fields.get(required) or Field(required, "string", 255), required=True))
        hidden = {each.partition(".")[2] for each in self.settings.hidden_fields if each.partition(".")[0] == found.name}
        return found.without(hidden)

    def kinds(self) -> list[Kind]:
        return [self.kind(name) for name in self._kinds]

    def add_kind(self, added: Kind) -> None:
        self._kinds.setdefault(added.name, added)
        self.records.setdefault(added.name, {})

    def add_field(self, kind: str, added: Field) -> None:
        self._kinds[kind] = self._kinds[kind].with_field(added)

    def new_id(self, prefix: str) -> str:
        """18 characters: fifteen, and three that make them safe where case is lost."""
        self._counts[prefix] += 1
        return whole_id(f"{prefix}dm{self._counts[prefix]:010d}")

    def find(self, kind: Kind, field: str, value: str) -> list[Record]:
        """By an external id, whose case does not matter."""
        return [self.records[kind.name][number] for number in self._index.get((kind.name, field, value.lower()), [])]

    def get(self, kind: Kind, record_id: str) -> Record:
        record = self.records[kind.name].get(whole_id(record_id))
        if record is None:
            raise not_found()
        return record

    def store(self, kind: str, record: Record) -> None:
        """A new record, or the new state of one; stamps it."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        old = self.records[kind].get(record["Id"])
        stamped = {**record, "LastModifiedDate": now, "SystemModstamp": now}
        stamped["CreatedDate"] = old["CreatedDate"] if old else now
        self._put(kind, record["Id"], stamped)

    def remove(self, kind: Kind, record_id: str) -> None:
        """With everything that goes with it."""
        self.get(kind, record_id)
        for name, other in self._kinds.items():
            if other.master and other.fields[other.master].target == kind.name:
                for detail in [each["Id"] for each in self.records[name].values() if each.get(other.master) == whole_id(record_id)]:
                    self._put(name, detail, None)
        self._put(kind.name, whole_id(record_id), None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one inside another belongs to it, but is taken back alone when it fails."""
        outer = self._journal
        mark = len(outer) if outer is not None else 0
        self._journal = journal = outer if outer is not None else []
        try:
            yield
        except SalesforceError:
            self._journal = None
            for kind, number, before in reversed(journal[mark:]):
                self._put(kind, number, before)
            del journal[mark:]
            raise
        finally:
            self._journal = outer

    def _put(self, kind: str, number: str, record: Record | None) -> None:
        old = self.records[kind].get(number)
        if self._journal is not None:
            self._journal.append((kind, number, old))
        self._reindex(kind, number, old, record)
        if record is None:
            self.records[kind].pop(number, None)
        else:
            self.records[kind][number] = record

    def _reindex(self, kind: str, number: str, old: Record | None, new: Record | None) -> None:
        for field in [each.name for each in self._kinds[kind].fields.values() if each.external_id]:
            was, now = (str((state or {}).get(field) or "").lower() for state in (old, new))
            if was == now:
                continue
            if was:
                self._index[kind, field, was].remove(number)
            if now:
                self._index.setdefault((kind, field, now), []).append(number)


def whole_id(text: str) -> str:
    """The eighteen characters of an id that is written with fifteen or eighteen; any other text as it is."""
    if len(text) == 18:
        return text
    if len(text) != 15:
        return text
    chunks = (text[at : at + 5] for at in (0, 5, 10))
    return text + "".join(_CHECK[sum(1 << place for place, letter in enumerate(chunk) if letter.isupper())] for chunk in chunks)
