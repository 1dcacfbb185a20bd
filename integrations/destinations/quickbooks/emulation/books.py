"""One company's books: records in memory, as the API returns them, under one lock."""

import datetime as dt
import threading
import time
from itertools import count
from typing import Any

from integrations.destinations.quickbooks.emulation import catalogue
from integrations.destinations.quickbooks.emulation.errors import now, stale
from integrations.destinations.quickbooks.emulation.settings import Settings
from integrations.emulation.contract import Response

Record = dict[str, Any]

TRANSACTIONS = ("Invoice", "CreditMemo")
NAMED = {"Customer": "DisplayName", "Item": "Name", "Class": "Name"}
TYPES = (*TRANSACTIONS, "Customer", "Item", "Class", "TaxCode", "Account")
FIRST_ID = 9001
REMEMBERED = 1000
"""So many answers are kept for their request ids, that a long bench does not fill the memory."""


class Books:
    """Hold `lock` for every access."""

    def __init__(self, realm: str, settings: Settings) -> None:
        self.realm, self.settings = realm, settings
        self.lock = threading.RLock()
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in TYPES}
        self.numbers: dict[tuple[str, str], str] = {}
        self._answered: dict[str, tuple[float, Response]] = {}
        self._ids, self._numbers = count(FIRST_ID), count(1001)
        for kind, records in catalogue.seed().items():
            for record in records:
                self.save(kind, record, None)

    def new_id(self) -> str:
        return str(next(number for number in self._ids if not any(str(number) in table for table in self.records.values())))

    def new_number(self, kind: str) -> str:
        return next(number for serial in self._numbers if (kind, number := str(serial)) not in self.numbers)

    def save(self, kind: str, record: Record, before: Record | None) -> Record:
        """Stores a whole record under its id, with its version and times."""
        stamp = now()
        created = before["MetaData"]["CreateTime"] if before else stamp
        version = str(int(before["SyncToken"]) + 1) if before else "0"
        meta = {"CreateTime": created, "LastUpdatedTime": stamp}
        saved = record | {"domain": "QBO", "sparse": False, "SyncToken": version, "MetaData": meta}
        if before:
            self.numbers.pop((kind, str(before.get("DocNumber"))), None)
        if saved.get("DocNumber"):
            self.numbers[kind, saved["DocNumber"]] = saved["Id"]
        self.records[kind][saved["Id"]] = saved
        return saved

    def remove(self, kind: str, record: Record) -> None:
        self.numbers.pop((kind, str(record.get("DocNumber"))), None)
        del self.records[kind][record["Id"]]

    def current(self, kind: str, number: str, version: Any) -> Record | None:
        """The record of this id when `version` is its own. Raises QuickBooksError when somebody wrote it since."""
        record = self.records[kind].get(number)
        if record is not None and str(version) != record["SyncToken"]:
            raise stale()
        return record

    def answered(self, request_id: str) -> Response | None:
        """The first answer to a request id that is still remembered."""
        when, response = self._answered.get(request_id, (0.0, None))
        return response if time.time() - when < self.settings.request_id_seconds else None

    def remember(self, request_id: str, response: Response) -> None:
        self._answered[request_id] = (time.time(), response)
        while len(self._answered) > REMEMBERED:
            del self._answered[next(iter(self._answered))]

    @property
    def closed_until(self) -> dt.date | None:
        """The last closed day."""
        limit = self.settings.closed_before
        return limit - dt.timedelta(days=1) if limit else None
