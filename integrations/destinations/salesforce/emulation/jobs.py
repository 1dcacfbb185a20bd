"""Bulk API 2.0 ingest: jobs made, filled with CSV, closed, and done when their time has come and somebody looks.

A row is a transaction of its own. Source: Bulk API 2.0 guide, read in November 2026.
"""

import csv
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations.destinations.salesforce.emulation import records
from integrations.destinations.salesforce.emulation.bodies import body_of
from integrations.destinations.salesforce.emulation.books import Books
from integrations.destinations.salesforce.emulation.errors import SalesforceError, not_found
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
NULL = "#N/A"
_LISTS = {"successfulResults": "good", "failedResults": "bad", "unprocessedrecords": "left", "unprocessedRecords": "left"}

Row = dict[str, str]


@dataclass
class Job:
    """`good` and `bad` are rows with what became of them before their own columns."""

    number: str
    kind: str
    operation: str
    key: str
    made: str
    state: str = "Open"
    due: float = 0.0
    rows: list[Row] = field(default_factory=list)
    good: list[Row] = field(default_factory=list)
    bad: list[Row] = field(default_factory=list)

    @property
    def left(self) -> list[Row]:
        return [] if self.state == "JobComplete" else self.rows

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "object": self.kind,
            "operation": self.operation,
            "externalIdFieldName": self.key or None,
            "createdDate": self.made,
            "state": self.state,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
            "apiVersion": 62.0,
            "jobType": "V2Ingest",
            "concurrencyMode": "Parallel",
            "contentUrl": f"services/data/v62.0/jobs/ingest/{self.number}/batches",
            "numberRecordsProcessed": len(self.good) + len(self.bad),
            "numberRecordsFailed": len(self.bad),
            "retries": 0,
        }


class Jobs:
    """One org's jobs. Hold the books' lock for every call."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._jobs: dict[str, Job] = {}

    def run_due(self) -> None:
        """Does the work of every closed job whose time has come."""
        now = time.time()
        for job in self._jobs.values():
            if job.state == "UploadComplete" and job.due <= now:
                self._run(job)

    def handle(self, request: Request, segments: Sequence[str]) -> Response:
        """Answers /jobs/ingest and what is under it."""
        if segments[:1] != ["ingest"]:
            raise not_found()
        rest = [segment for segment in segments[1:] if segment]
        if not rest:
            return self._make(request) if request.method == "POST" else self._listed()
        job = self._jobs.get(rest[0])
        if job is None:
            raise not_found()
        if len(rest) == 1:
            return self._job(request, job)
        if rest[1] == "batches" and request.method == "PUT":
            return self._fill(request, job)
        if rest[1] not in _LISTS or request.method != "GET":
            raise not_found()
        return _results(job, rest[1])

    def _make(self, request: Request) -> Response:
        wanted = body_of(request)
        operation, key = wanted.get("operation"), str(wanted.get("externalIdFieldName") or "")
        kind = self._books.kind(str(wanted.get("object", "")))
        if operation not in OPERATIONS:
            raise SalesforceError(400, "INVALIDJOB", f"Invalid operation {operation}")
        if operation == "upsert":
            records.key_field(kind, key)
        made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        job = Job(self._books.new_id("750"), kind.name, operation, key, made)
        self._jobs[job.number] = job
        return jsons.answer(job.shown())

    def _listed(self) -> Response:
        return jsons.answer({"done": True, "records": [job.shown() for job in self._jobs.values()], "nextRecordsUrl": None})

    def _job(self, request: Request, job: Job) -> Response:
        if request.method == "GET":
            return jsons.answer(job.shown())
        if request.method == "DELETE":
            del self._jobs[job.number]
            return Response(204)
        state = body_of(request).get("state")
        if job.state != "Open" or state not in ("UploadComplete", "Aborted"):
            raise SalesforceError(400, "INVALIDJOBSTATE", f"Job state {job.state} cannot become {state}")
        job.state, job.due = str(state), time.time() + self._books.settings.job_ms / 1000
        return jsons.answer(job.shown())

    def _fill(self, request: Request, job: Job) -> Response:
        if job.state != "Open" or job.rows:
            raise SalesforceError(400, "INVALIDJOBSTATE", "Found multiple contents for job, or the job is closed.")
        job.rows = list(csv.DictReader(io.StringIO(request.body.decode())))
        return Response(201)

    def _run(self, job: Job) -> None:
        for row in job.rows:
            try:
                with self._books.transaction():
                    record_id, created = self._write(job, row)
                job.good.append({"sf__Id": record_id, "sf__Created": str(created).lower(), **row})
            except SalesforceError as error:
                told = f"{error.code}:{error.message}:{', '.join(error.fields)} --"
                job.bad.append({"sf__Id": row.get("Id", ""), "sf__Error": told, **row})
        job.state = "JobComplete"

    def _write(self, job: Job, row: Row) -> tuple[str, bool]:
        kind, values = self._books.kind(job.kind), _values(row)
        if job.operation == "insert":
            return records.create(self._books, kind, values), True
        if job.operation == "upsert":
            key = str(values.pop(job.key, "") or "")
            return records.upsert(self._books, kind, job.key, key, values)
        if job.operation == "update":
            return records.update(self._books, kind, row.get("Id", ""), values), False
        records.delete(self._books, kind, row.get("Id", ""))
        return row["Id"], False


def _values(row: Mapping[str, str]) -> dict[str, Any]:
    """A row's cells: an empty one says nothing, #N/A clears the field, a dotted column names a parent by its external id."""
    values: dict[str, Any] = {}
    for column, cell in row.items():
        if cell == "":
            continue
        relation, dot, field = column.partition(".")
        values[relation] = {field: cell} if dot else None if cell == NULL else cell
    return values


def _results(job: Job, name: str) -> Response:
    rows: list[Row] = getattr(job, _LISTS[name])
    first = {"good": ["sf__Id", "sf__Created"], "bad": ["sf__Id", "sf__Error"]}.get(_LISTS[name], [])
    columns = [*first, *(job.rows[0] if job.rows else [])]
    written = io.StringIO()
    writer = csv.DictWriter(written, list(dict.fromkeys(columns)), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return Response(200, {"Content-Type": "text/csv; charset=UTF-8", "Sforce-NumberOfRecords": str(len(rows))}, written.getvalue().encode())
