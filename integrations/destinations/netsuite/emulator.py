"""The NetSuite emulator: OAuth 2.0, the record API, SuiteQL, and pages for people. Every account has its own books."""

import re
import threading
from pathlib import Path

from integrations.destinations.netsuite.emulation import keys, records, render, suiteql, writing
from integrations.destinations.netsuite.emulation.auth import TOKEN_PATH, Doorkeeper
from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, by_status, invalid_login, nonexistent
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES
from integrations.destinations.netsuite.emulation.settings import Settings
from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response

RECORD = "/services/rest/record/v1/"
LIMITS = "/services/rest/system/v1/governanceLimits"
CONCURRENCY = 5
ACCOUNT = "1234567_SB1"
_HOST = re.compile(r"([a-z0-9-]+)\.(suitetalk|restlets)\.api\.netsuite\.com|([a-z0-9-]+)\.app\.netsuite\.com")
_OWN = ("/services/rest/", "/app/")


class NetSuiteEmulator:
    """All accounts."""

    slug = "netsuite"

    def __init__(self) -> None:
        self.concurrency = CONCURRENCY
        self.settings = Settings()
        self.doorkeeper = Doorkeeper(self.settings)
        self._lock = threading.Lock()
        self._accounts: dict[str, tuple[Books, suiteql.Query]] = {}

    def owns(self, request: Request) -> bool:
        return request.path.startswith(_OWN)

    def handle(self, request: Request) -> Response:
        try:
            return self._route(request)
        except NetSuiteError as error:
            return error.response()

    def lane(self, request: Request) -> str | None:
        return account_of(request) if request.path.startswith("/services/rest/") and request.path != TOKEN_PATH else None

    def is_write(self, request: Request) -> bool:
        return request.method != "GET" and request.path.startswith(RECORD)

    def failure(self, request: Request, status: int) -> Response:
        return by_status(status).response()

    def state(self) -> dict[str, dict[str, list[Document]]]:
        with self._lock:
            accounts = {account: books for account, (books, _) in self._accounts.items()}
        return {account: _whole(books) for account, books in accounts.items()}

    def reset(self) -> None:
        self.concurrency = CONCURRENCY
        self.settings.change(dict.fromkeys(vars(self.settings)))
        with self._lock:
            self._accounts.clear()

    def configure(self, settings: Document) -> None:
        self.settings.change(settings)

    def add_records(self, tenant: str, kind: str, entries: list[Document]) -> list[str]:
        account = canonical(tenant)
        if kind == "certificate":
            return [self.doorkeeper.register(account, keys.certificate(entry)) for entry in entries]
        books, _ = self.books(account)
        with books.lock:
            if kind == "customField":
                return [keys.custom_field(books, entry) for entry in entries]
            try:
                return [writing.put_down(books, records.record_type(kind), entry) for entry in entries]
            except NetSuiteError as error:
                raise ValueError(f"{error.code}: {error.detail}") from error

    def credential_files(self, directory: Path | None) -> dict[str, Document]:
        return {keys.KIND: keys.credential(self.doorkeeper, ACCOUNT, directory)}

    def books(self, account: str) -> tuple[Books, suiteql.Query]:
        """An account's books and their tables, opened when they are first asked for."""
        with self._lock:
            if account not in self._accounts:
                books = Books(account, self.settings)
                self._accounts[account] = (books, suiteql.Query(books))
            return self._accounts[account]

    def _route(self, request: Request) -> Response:
        account = account_of(request)
        if not account:
            raise invalid_login()
        if request.path == TOKEN_PATH and request.method == "POST":
            return self.doorkeeper.issue(request, account)
        self.doorkeeper.check(request, account)
        books, query = self.books(account)
        with books.lock:
            if request.path.startswith(RECORD):
                return records.handle(books, request, request.path.removeprefix(RECORD).strip("/").split("/"))
            if request.path == suiteql.PATH:
                return query.handle(request)
        if request.path == LIMITS:
            return self._limits()
        raise nonexistent()

    def _limits(self) -> Response:
        return jsons.answer({"accountConcurrencyLimit": self.concurrency, "accountUnallocatedConcurrencyLimit": self.concurrency})


def account_of(request: Request) -> str:
    """The account whose host the request was sent to, empty if it is nobody's."""
    match = _HOST.fullmatch(request.host)
    return canonical(match[1] or match[3]) if match else ""


def canonical(account: str) -> str:
    """1234567_SB1, however it is written."""
    return account.upper().replace("-", "_")


def _whole(books: Books) -> dict[str, list[Document]]:
    with books.lock:
        return {
            name: [render.record(books, kind, stored) for stored in books.records[name].values()] for name, kind in RECORD_TYPES.items()
        }


EMULATOR = NetSuiteEmulator
