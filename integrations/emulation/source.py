"""What the emulators of billing platforms share: their records, a page for people, and the hooks that they post."""

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl

from integrations.emulation import jsons, posting, source_pages
from integrations.emulation.contract import Document, Request, Response

CONCURRENCY = 10
BILLS = "bills"
SETTINGS = ("hook_url",)


@dataclass(frozen=True)
class Hook:
    """One signed post to whoever listens."""

    headers: Mapping[str, str]
    body: bytes


class SourceEmulator(ABC):
    """One account of one platform. Its first state is the package's sample; a change of a Bill posts a hook where one is configured.

    `credentials` are the contents of its credential files, by kind.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    tenant: ClassVar[str]
    host: ClassVar[re.Pattern[str]]

    def __init__(self, sample: Path, credentials: dict[str, Document]) -> None:
        self.concurrency = CONCURRENCY
        self.credentials = credentials
        self.hook_url = ""
        self.lock = threading.RLock()
        self.records: dict[str, dict[str, Document]] = {}
        self._sample = sample.read_bytes()
        self.reset()

    # --- what a platform fills in -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def answer(self, request: Request) -> Response:
        """The answer of its API; called with the lock held."""

    @abstractmethod
    def failure(self, request: Request, status: int) -> Response: ...

    @abstractmethod
    def uid(self, collection: str, record: Document) -> str: ...

    @abstractmethod
    def shown(self, bill: Document) -> tuple[str, str, str]:
        """Number, total with its currency, and status, for the page."""

    @abstractmethod
    def charge(self, bill: Document, amount: Decimal) -> None:
        """Makes the first line cost this much; the sums follow."""

    @abstractmethod
    def changed(self, bill: Document) -> None:
        """Notes a change as the platform does, in versions, times or events."""

    @abstractmethod
    def hook(self, bill: Document) -> Hook: ...

    # --- what the hub asks ------------------------------------------------------------------------------------------------------------

    def owns(self, request: Request) -> bool:
        return bool(self.host.fullmatch(request.host)) or self._is_page(request)

    def handle(self, request: Request) -> Response:
        if self._is_page(request):
            return self._page(request)
        with self.lock:
            return self.answer(request)

    def lane(self, request: Request) -> str | None:
        return None if self._is_page(request) else self.tenant

    def is_write(self, request: Request) -> bool:
        """Whatever is asked, so that a fault can meet a question too."""
        return not self._is_page(request)

    def state(self) -> dict[str, dict[str, list[Document]]]:
        with self.lock:
            return {self.tenant: {name: deepcopy(list(held.values())) for name, held in self.records.items()}}

    def reset(self) -> None:
        with self.lock:
            self.concurrency, self.hook_url = CONCURRENCY, ""
            fresh = jsons.load(self._sample)
            self.records = {name: {self.uid(name, record): record for record in held} for name, held in fresh.items()}

    def configure(self, settings: Document) -> None:
        """`hook_url`: where hooks go; "" for nowhere."""
        if unknown := settings.keys() - set(SETTINGS):
            raise ValueError(f"{self.slug} has no setting {', '.join(sorted(unknown))}; it has {', '.join(SETTINGS)}.")
        url = settings.get("hook_url", self.hook_url)
        if not isinstance(url, str):
            raise ValueError("hook_url must be a string.")
        self.hook_url = url

    def add_records(self, tenant: str, kind: str, records: list[Document]) -> list[str]:
        """New records, or new states of those that are there; hooks go out for Bills."""
        if kind not in self.records:
            raise ValueError(f"{self.slug} keeps {', '.join(self.records)}, but no {kind}.")
        uids = []
        for record in records:
            with self.lock:
                uids.append(self.uid(kind, record))
                self.records[kind][uids[-1]] = record
                if kind == BILLS:
                    self.changed(record)
            if kind == BILLS:
                self.announce(record)
        return uids

    def credential_files(self, directory: Path | None) -> dict[str, Document]:
        for kind, content in self.credentials.items():
            file = directory / f"{kind}.json" if directory else None
            if file is not None and file.exists():
                content.update(json.loads(file.read_text()))
        return self.credentials

    # --- what people do ---------------------------------------------------------------------------------------------------------------

    def change(self, uid: str, amount: Decimal) -> int:
        """Makes the first line of a Bill cost this much and posts the hook; what its receiver answered, 0 for nobody. ValueError."""
        with self.lock:
            bill = self.records[BILLS].get(uid)
            if bill is None:
                raise ValueError(f"{self.slug} has no Bill {uid}.")
            self.charge(bill, amount)
            self.changed(bill)
        return self.announce(bill)

    def announce(self, bill: Document) -> int:
        if not self.hook_url:
            return 0
        hook = self.hook(bill)
        return posting.post(self.hook_url, hook.headers, hook.body)

    def _is_page(self, request: Request) -> bool:
        return request.path == f"/{self.slug}" or request.path.startswith(f"/{self.slug}/")

    def _page(self, request: Request) -> Response:
        said = ""
        if request.method == "POST":
            form = dict(parse_qsl(request.body.decode(errors="replace")))
            try:
                said = source_pages.told(self.change(form.get("id", ""), source_pages.amount_of(form.get("amount", ""))))
            except ValueError as error:
                said = str(error)
        with self.lock:
            rows = [(uid, *self.shown(bill)) for uid, bill in self.records[BILLS].items()]
        return source_pages.bills(self.label, f"/{self.slug}/", rows, said)
