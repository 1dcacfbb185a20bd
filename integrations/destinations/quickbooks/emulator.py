"""The QuickBooks Online emulator: login with consent, the accounting API, and pages for people. Every company has its own books."""

import json
import secrets
import threading
from dataclasses import replace
from pathlib import Path

from integrations.destinations.quickbooks.emulation import by_hand, consent, errors, pages
from integrations.destinations.quickbooks.emulation.auth import REVOKE_PATH, TOKEN_PATH, Doorkeeper, discovery
from integrations.destinations.quickbooks.emulation.company import Company
from integrations.destinations.quickbooks.emulation.errors import GatewayError, QuickBooksError
from integrations.destinations.quickbooks.emulation.settings import Settings
from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response

CONCURRENCY = 10
REALM = "9130"
KIND = "QUICKBOOKS_OAUTH"
API = "/v3/company/"
DISCOVERY = ("/.well-known/openid_configuration", "/.well-known/openid_sandbox_configuration")
_PAGES = {*pages.PATHS, pages.HOME}
_OWN = {TOKEN_PATH, REVOKE_PATH, consent.PATH, *DISCOVERY, *_PAGES}


class QuickBooksEmulator:
    """All companies."""

    slug = "quickbooks"

    def __init__(self) -> None:
        self.concurrency = CONCURRENCY
        self.settings = Settings()
        self.doorkeeper = Doorkeeper(self.settings)
        self._lock = threading.Lock()
        self._companies: dict[str, Company] = {}

    def owns(self, request: Request) -> bool:
        return request.path.startswith(API) or request.path.rstrip("/") in _OWN

    def handle(self, request: Request) -> Response:
        """Every answer carries a trace id of its own."""
        try:
            response = self._route(request)
        except (QuickBooksError, GatewayError) as error:
            response = error.response()
        return replace(response, headers={**response.headers, "intuit_tid": f"1-{secrets.token_hex(12)}"})

    def lane(self, request: Request) -> str | None:
        return _realm(request) if request.path.startswith(API) else None

    def is_write(self, request: Request) -> bool:
        return request.method == "POST" and request.path.startswith(API) and not request.path.endswith("/query")

    def failure(self, request: Request, status: int) -> Response:
        return errors.by_status(status)

    def state(self) -> dict[str, dict[str, list[Document]]]:
        with self._lock:
            realms = sorted({REALM, *self._companies})
        return {realm: self.company(realm).state() for realm in realms}

    def reset(self) -> None:
        self.concurrency = CONCURRENCY
        self.settings.change(dict.fromkeys(vars(self.settings)))
        with self._lock:
            self._companies.clear()

    def configure(self, settings: Document) -> None:
        self.settings.change(settings)

    def add_records(self, tenant: str, kind: str, entries: list[Document]) -> list[str]:
        books = self.company(tenant).books
        with books.lock:
            return [by_hand.enter(books, kind, entry) for entry in entries]

    def credential_files(self, directory: Path | None) -> dict[str, Document]:
        """One app and its consent for a company; a file that is there already is made known again."""
        content = _kept(directory) or {
            "kind": KIND,
            "name": f"QuickBooks {REALM}",
            "clientId": f"AB{secrets.token_hex(12)}",
            "clientSecret": secrets.token_urlsafe(30),
            "realmId": REALM,
            "refreshToken": f"RT1-{secrets.token_urlsafe(36)}",
        }
        self.doorkeeper.register(content["clientId"], content["clientSecret"])
        self.doorkeeper.connect(content["clientId"], content["realmId"], content["refreshToken"])
        return {KIND: content}

    def company(self, realm: str) -> Company:
        """A company, opened when it is first asked for."""
        with self._lock:
            if realm not in self._companies:
                self._companies[realm] = Company(realm, self.settings)
            return self._companies[realm]

    def _route(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        if path.startswith(API):
            realm = _realm(request)
            self.doorkeeper.check(request, realm)
            return self.company(realm).handle(request, path.removeprefix(f"{API}{realm}").strip("/"))
        if path in _PAGES:
            return pages.handle(self.company(request.query.get("deeplinkcompanyid") or REALM).books, replace(request, path=path))
        if path in DISCOVERY:
            return jsons.answer(discovery(request))
        if path == consent.PATH:
            return consent.handle(self.doorkeeper, request, REALM)
        return self.doorkeeper.issue(request) if path == TOKEN_PATH else self.doorkeeper.revoke(request)


def _realm(request: Request) -> str:
    return request.path.removeprefix(API).partition("/")[0]


def _kept(directory: Path | None) -> Document | None:
    file = directory / f"{KIND}.json" if directory else None
    if file is None or not file.exists():
        return None
    content: Document = json.loads(file.read_text())
    return content


EMULATOR = QuickBooksEmulator
