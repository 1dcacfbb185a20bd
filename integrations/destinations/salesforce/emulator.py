"""The Salesforce emulator: OAuth, the REST API with composite graphs, Bulk API 2.0, and pages for people. Every org has its own records."""

import re
import threading
from pathlib import Path

from integrations.destinations.salesforce.emulation import by_hand, keys, record_pages
from integrations.destinations.salesforce.emulation.books import Books
from integrations.destinations.salesforce.emulation.errors import by_status, invalid_session
from integrations.destinations.salesforce.emulation.login import TOKEN_PATH, Doorkeeper
from integrations.destinations.salesforce.emulation.rest import DATA, Api
from integrations.destinations.salesforce.emulation.settings import Settings
from integrations.emulation.contract import Document, Request, Response

ORG = "demo"
CONCURRENCY = 25
_HOST = re.compile(r"([a-z0-9.-]+?)\.my\.salesforce\.com")


class SalesforceEmulator:
    """All orgs."""

    slug = "salesforce"

    def __init__(self) -> None:
        self.concurrency = CONCURRENCY
        self.settings = Settings()
        self.doorkeeper = Doorkeeper(self.settings)
        self._lock = threading.Lock()
        self._orgs: dict[str, Api] = {}

    def owns(self, request: Request) -> bool:
        return request.path.startswith((DATA, "/services/oauth2/")) or bool(record_pages.PATH.fullmatch(request.path))

    def handle(self, request: Request) -> Response:
        if request.path == TOKEN_PATH and request.method == "POST":
            return self.doorkeeper.issue(request)
        if page := record_pages.PATH.fullmatch(request.path):
            return record_pages.handle(self._home(request), page[1])
        org = self.doorkeeper.org_of(request)
        return self.org(org).handle(request) if org else invalid_session().response()

    def lane(self, request: Request) -> str | None:
        return (self.doorkeeper.org_of(request) or None) if request.path.startswith(DATA) else None

    def is_write(self, request: Request) -> bool:
        return request.method != "GET" and request.path.startswith(DATA)

    def failure(self, request: Request, status: int) -> Response:
        response, usage = by_status(status).response(), f"api-usage=1/{self.settings.daily_limit}"
        return Response(response.status, {**response.headers, "Sforce-Limit-Info": usage}, response.body)

    def state(self) -> dict[str, dict[str, list[Document]]]:
        with self._lock:
            names = sorted({ORG, *self._orgs})
        return {name: self.org(name).state() for name in names}

    def reset(self) -> None:
        self.concurrency = CONCURRENCY
        self.settings.change(dict.fromkeys(vars(self.settings)))
        with self._lock:
            self._orgs.clear()

    def configure(self, settings: Document) -> None:
        self.settings.change(settings)

    def add_records(self, tenant: str, kind: str, entries: list[Document]) -> list[str]:
        """Records; a `CustomObject`; a `CustomField`; an `ExternalClientApp`; a `Session`, whose entries end all that there are."""
        if kind == "Session":
            self.doorkeeper.end_sessions()
            return []
        if kind == "ExternalClientApp":
            apps = [keys.app(tenant, entry) for entry in entries]
            for app in apps:
                self.doorkeeper.register(app)
            return [app.key for app in apps]
        books = self.org(tenant).books
        with books.lock:
            return [by_hand.enter(books, kind, entry) for entry in entries]

    def credential_files(self, directory: Path | None) -> dict[str, Document]:
        return keys.credentials(self.doorkeeper, ORG, directory)

    def org(self, name: str) -> Api:
        """An org, opened when it is first asked for."""
        with self._lock:
            if name not in self._orgs:
                self._orgs[name] = Api(Books(name, self.settings))
            return self._orgs[name]

    def _home(self, request: Request) -> Books:
        """Whose page it is: the host's, or the demo's while everything has one address."""
        found = _HOST.fullmatch(request.host)
        return self.org(found[1] if found else ORG).books


EMULATOR = SalesforceEmulator
