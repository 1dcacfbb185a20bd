"""Asynchronous calls: jobs, their tasks and results: /services/rest/async/v1/job/…

A job runs when its time has come and somebody next looks at the account, so that nothing happens before it is seen to happen.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations.destinations.netsuite.emulation import records, render, writing
from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, invalid_request, nonexistent
from integrations.destinations.netsuite.emulation.schema import RecordType
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

PATH = "/services/rest/async/v1/job/"
MOST = 100
Work = Callable[[], Response]


@dataclass
class Job:
    """`results` stay empty until the job has run, then hold one answer per task."""

    number: str
    due: float
    tasks: list[Work]
    results: list[Response] = field(default_factory=list)
    started: str = ""

    @property
    def progress(self) -> str:
        """pending, succeeded, or failed if any task failed (what a mixed batch says is not documented, November 2026)."""
        if not self.results:
            return "pending"
        return "failed" if any(result.status >= 400 for result in self.results) else "succeeded"


class Jobs:
    """One account's jobs. Hold the books' lock for every call."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._root = f"https://{books.host}{PATH}"
        self._jobs: dict[str, Job] = {}
        self._by_key: dict[str, str] = {}

    def wanted(self, request: Request) -> bool:
        """Whether a record call asks to be answered later, or is a batch, which always is."""
        return "respond-async" in _preferences(request) or is_collection(request)

    def submit(self, request: Request, segments: list[str]) -> Response:
        """202 and where the job is; a key that was seen before gets IDEMPOTENCY_ERROR and where the earlier job is."""
        key = request.header("X-NetSuite-Idempotency-Key")
        if key in self._by_key:
            error = NetSuiteError(400, "IDEMPOTENCY_ERROR", "A request with the same idempotency key is already submitted.")
            return error.response({"Location": self._root + self._by_key[key]}, "Conflict")
        tasks = self._tasks(request, segments)
        job = Job(str(len(self._jobs) + 1), time.time() + self._books.settings.job_ms / 1000, tasks)
        self._jobs[job.number] = job
        if key:
            self._by_key[key] = job.number
        return Response(202, {"Location": self._root + job.number, "Preference-Applied": "respond-async"})

    def run_due(self) -> None:
        """Does the work of every job whose time has come, in the order of submission."""
        now = time.time()
        for job in self._jobs.values():
            if job.due <= now and not job.results:
                job.started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                job.results = [_perform(task) for task in job.tasks]

    def handle(self, request: Request) -> Response:
        """Answers GET …/job/{id}[/task[/{n}[/result]]]."""
        number, *rest = request.path.removeprefix(PATH).strip("/").split("/")
        job = self._jobs.get(number)
        if job is None or request.method != "GET" or rest[:1] not in ([], ["task"]) or len(rest) > 3:
            raise nonexistent()
        if not rest:
            return jsons.answer(self._shown(job))
        if len(rest) == 1:
            return jsons.answer(self._listed(job))
        return self._task(job, rest[1], rest[2:])

    def _tasks(self, request: Request, segments: list[str]) -> list[Work]:
        if not is_collection(request):
            return [lambda: records.handle(self._books, request, segments)]
        if "respond-async" not in _preferences(request):
            raise invalid_request("A batch is asynchronous: send the header Prefer: respond-async.")
        kind, content = records.record_type(segments[0]), records.parse(request.body)
        items = content.get("items") if isinstance(content, dict) else None
        if not isinstance(items, list) or not 1 <= len(items) <= MOST:
            raise invalid_request(f"A batch is an object with 1 to {MOST} records as items.")
        validation = records.validation(request)
        return [self._item(kind, request.method, item, validation) for item in items]

    def _item(self, kind: RecordType, method: str, item: Any, validation: str) -> Work:
        """One record of a batch; `replace` is not honoured, which is not confirmed for the real system (November 2026)."""
        return lambda: records.created(self._books, kind, _write(self._books, kind, method, item, validation))

    def _shown(self, job: Job) -> dict[str, Any]:
        here = self._root + job.number
        state = {"completed": bool(job.results), "id": job.number, "progress": job.progress}
        return state | {"task": {"links": render.links(f"{here}/task")}, "links": render.links(here)}

    def _listed(self, job: Job) -> dict[str, Any]:
        here = f"{self._root}{job.number}/task"
        items = [{"links": render.links(f"{here}/{at}")} for at in range(1, len(job.tasks) + 1)]
        shape = {"links": render.links(here), "count": len(items), "hasMore": False}
        return shape | {"items": items, "offset": 0, "totalResults": len(items)}

    def _task(self, job: Job, number: str, rest: list[str]) -> Response:
        if not number.isdecimal() or not 1 <= int(number) <= len(job.tasks) or rest not in ([], ["result"]):
            raise nonexistent()
        result = job.results[int(number) - 1] if job.results else None
        if rest:
            if result is None:
                raise invalid_request("The task has not been completed yet.")
            return result
        here = f"{self._root}{job.number}/task/{number}"
        state = {"completed": result is not None, "id": number, "progress": Job("", 0, [], [result]).progress if result else "pending"}
        times = {"startTime": job.started, "endTime": job.started} if result else {}
        return jsons.answer(state | times | {"links": [*render.links(f"{here}/result", "related"), *render.links(here)]})


def is_collection(request: Request) -> bool:
    """Whether the body is a batch of records."""
    return request.method in ("POST", "PUT", "PATCH") and "type=collection" in request.header("Content-Type").replace(" ", "")


def _preferences(request: Request) -> set[str]:
    return {word.strip().lower() for word in request.header("Prefer").split(",")}


def _write(books: Books, kind: RecordType, method: str, item: Any, validation: str) -> str:
    if not isinstance(item, dict):
        raise invalid_request("Each record of a batch must be an object.")
    if method == "POST":
        return writing.create(books, kind, item, validation)
    external = item.get("externalId")
    if method == "PUT" and isinstance(external, str):
        return writing.upsert(books, kind, external, item, validation, frozenset())
    number = item.get("id") or (isinstance(external, str) and records.find(books, kind, f"eid:{external}")["id"])
    if method == "PUT" or not number:
        raise invalid_request("Each record of a batch needs its externalId.")
    return writing.update(books, kind, str(number), item, validation, frozenset())


def _perform(work: Work) -> Response:
    try:
        return work()
    except NetSuiteError as error:
        return error.response()
