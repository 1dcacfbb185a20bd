"""The NetSuite emulator: OAuth 2.0, the record API, SuiteQL, and pages for people. Every account has its own books."""

import re
import threading
from pathlib import Path

from integrations.destinations.netsuite.emulation import by_hand, keys, pages, setup_page
from integrations.destinations.netsuite.emulation.account import RECORD, Account
from integrations.destinations.netsuite.emulation.auth import TOKEN_PATH, Doorkeeper
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, by_status, invalid_login
from integrations.destinations.netsuite.emulation.settings import Settings
from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response

LIMITS = "/services/rest/system/v1/governanceLimits"
CONCURRENCY = 5
ACCOUNT = "1234567_SB1"
_HOST = re.compile(r"([a-z0-9-]+)\.(suitetalk|restlets)\.api\.netsuite\.com|([a-z0-9-]+)\.app\.netsuite\.com")
PAGES = "/app/"
_OWN = ("/services/rest/", *(f"{PAGES}{part}/" for part in ("center", "accounting", "common", "oauth2")))


class NetSuiteEmulator:
    """All accounts."""

    slug = "netsuite"

    def __init__(self) -> None:
        self.concurrency = CONCURRENCY
        self.settings = Settings()
        self.doorkeeper = Doorkeeper(self.settings)
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}

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
            names = sorted({ACCOUNT, *self._accounts})
        return {name: self.account(name).state() for name in names}

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
        books = self.account(account).books
        with books.lock:
            if kind == "customField":
                return [keys.custom_field(books, entry) for entry in entries]
            return [by_hand.enter(books, kind, entry) for entry in entries]

    def credential_files(self, directory: Path | None) -> dict[str, Document]:
        return {
            keys.KIND: keys.credential(self.doorkeeper, ACCOUNT, directory),
            keys.TOKEN_KIND: keys.access_token(self.doorkeeper, ACCOUNT, directory),
        }

    def account(self, name: str) -> Account:
        """An account, opened when it is first asked for."""
        with self._lock:
            if name not in self._accounts:
                self._accounts[name] = Account(name, self.settings)
            return self._accounts[name]

    def _route(self, request: Request) -> Response:
        if request.path.startswith(PAGES):
            return self._page(request)
        name = account_of(request)
        if not name:
            raise invalid_login()
        if request.path == TOKEN_PATH and request.method == "POST":
            return self.doorkeeper.issue(request, name)
        self.doorkeeper.check(request, name)
        if request.path == LIMITS:
            return jsons.answer({"accountConcurrencyLimit": self.concurrency, "accountUnallocatedConcurrencyLimit": self.concurrency})
        return self.account(name).handle(request)

    def _page(self, request: Request) -> Response:
        name = canonical(request.query.get("c", "")) or account_of(request) or ACCOUNT
        if request.path == setup_page.PATH:
            return setup_page.handle(self.doorkeeper, name, request)
        return pages.handle(self.account(name).books, request)


def account_of(request: Request) -> str:
    """The account whose host the request was sent to, empty if it is nobody's."""
    match = _HOST.fullmatch(request.host)
    return canonical(match[1] or match[3]) if match else ""


def canonical(account: str) -> str:
    """1234567_SB1, however it is written."""
    return account.upper().replace("-", "_")


EMULATOR = NetSuiteEmulator
