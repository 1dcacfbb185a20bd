"""One account: its books with everything that answers from them, behind one lock."""

from integrations.destinations.netsuite.emulation import lists, metadata, permissions, records, render, suiteql
from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.errors import nonexistent
from integrations.destinations.netsuite.emulation.jobs import PATH as JOB
from integrations.destinations.netsuite.emulation.jobs import Jobs
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES
from integrations.destinations.netsuite.emulation.settings import Settings
from integrations.emulation.contract import Document, Request, Response

RECORD = "/services/rest/record/v1/"


class Account:
    """Opens with the catalogue."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.books = Books(name, settings)
        self.query = suiteql.Query(self.books)
        self.jobs = Jobs(self.books)

    def handle(self, request: Request) -> Response:
        """Answers a call that was let in. Raises NetSuiteError."""
        with self.books.lock:
            self.jobs.run_due()
            if request.path.startswith(RECORD):
                return self._record(request, request.path.removeprefix(RECORD).strip("/").split("/"))
            if request.path == suiteql.PATH:
                return self.query.handle(request)
            if request.path.startswith(JOB):
                return self.jobs.handle(request)
        raise nonexistent()

    def state(self) -> dict[str, list[Document]]:
        """{record type: [records with their lines]}."""
        with self.books.lock:
            self.jobs.run_due()
            stored = self.books.records
            return {
                name: [render.record(self.books, kind, record) for record in stored[name].values()] for name, kind in RECORD_TYPES.items()
            }

    def _record(self, request: Request, segments: list[str]) -> Response:
        if segments[0] == metadata.SEGMENT:
            return metadata.handle(self.books, request, segments)
        permissions.check(self.books, segments[0])
        if self.jobs.wanted(request):
            return self.jobs.submit(request, segments)
        if len(segments) == 1 and request.method == "GET":
            return lists.handle(self.books, records.record_type(segments[0]), request)
        return records.handle(self.books, request, segments)
