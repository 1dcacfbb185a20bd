"""The REST API of one org: /services/data/v62.0/…"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from integrations.destinations.salesforce.emulation import composite, records
from integrations.destinations.salesforce.emulation.bodies import body_of
from integrations.destinations.salesforce.emulation.books import Books, Record
from integrations.destinations.salesforce.emulation.errors import SalesforceError, not_found
from integrations.destinations.salesforce.emulation.jobs import Jobs
from integrations.destinations.salesforce.emulation.query import Query
from integrations.destinations.salesforce.emulation.schema import Kind
from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response

DATA = "/services/data"
VERSIONS = ("59.0", "60.0", "61.0", "62.0", "63.0", "64.0", "65.0", "66.0", "67.0")
_PATH = re.compile(r"/services/data/v(\d\d\.0)(/.*)?")
_RELEASES = ("Spring", "Summer", "Winter")


class Api:
    """Answers every call that was let in, and counts it against the day's allowance."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.query = Query(books)
        self.jobs = Jobs(books)

    def handle(self, request: Request) -> Response:
        with self.books.lock:
            self.jobs.run_due()
            limit = self.books.settings.daily_limit
            try:
                if self.books.used >= limit:
                    raise SalesforceError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
                self.books.used += 1
                response = self._route(request)
            except SalesforceError as error:
                response = error.response()
            usage = {"Sforce-Limit-Info": f"api-usage={self.books.used}/{limit}"}
            return Response(response.status, {**response.headers, **usage}, response.body)

    def state(self) -> dict[str, list[Document]]:
        """{object: [records as a query shows them]}."""
        with self.books.lock:
            self.jobs.run_due()
            shown = [kind for kind in self.books.kinds() if kind.name != "Organization"]
            return {kind.name: [shown_record(kind, record) for record in self.books.records[kind.name].values()] for kind in shown}

    def _route(self, request: Request) -> Response:
        if request.path.rstrip("/") == DATA:
            return jsons.answer([{"label": f"Release {name}", "url": f"{DATA}/v{name}", "version": name} for name in VERSIONS])
        found = _PATH.fullmatch(request.path)
        if found is None or found[1] not in VERSIONS:
            raise not_found()
        segments = [unquote(segment) for segment in (found[2] or "/").strip("/").split("/")]
        questions = {"limits": self._limits, "query": self._query, "queryAll": self._query}
        routes = {**questions, "sobjects": self._sobjects, "jobs": self.jobs.handle}
        if segments[0] == "composite":
            return composite.handle(self.books, request, segments[1:], self._route)
        if segments[0] not in routes:
            raise not_found()
        return routes[segments[0]](request, segments[1:])

    def _limits(self, request: Request, segments: Sequence[str]) -> Response:
        limit = self.books.settings.daily_limit
        return jsons.answer({"DailyApiRequests": {"Max": limit, "Remaining": max(0, limit - self.books.used)}})

    def _query(self, request: Request, segments: Sequence[str]) -> Response:
        return jsons.answer(self.query.page(segments[0]) if segments else self.query.ask(request.query.get("q", ""), request))

    def _sobjects(self, request: Request, segments: Sequence[str]) -> Response:
        if not segments or segments == [""]:
            return jsons.answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [kind.summary() for kind in self.books.kinds()]})
        kind, rest = self.books.kind(segments[0]), segments[1:]
        if rest == ["describe"] and request.method == "GET":
            return jsons.answer(kind.described())
        if not rest or rest == [""]:
            return self._object(request, kind)
        return self._by_key(request, kind, *rest) if len(rest) == 2 else self._by_id(request, kind, rest[0])

    def _object(self, request: Request, kind: Kind) -> Response:
        if request.method == "GET":
            return jsons.answer({"objectDescribe": kind.summary(), "recentItems": []})
        _only(request, "POST")
        return jsons.answer(result(records.create(self.books, kind, body_of(request)), True), 201)

    def _by_id(self, request: Request, kind: Kind, record_id: str) -> Response:
        if request.method == "GET":
            return jsons.answer(shown_record(kind, self.books.get(kind, record_id)))
        if request.method == "DELETE":
            records.delete(self.books, kind, record_id)
        else:
            _only(request, "PATCH")
            records.update(self.books, kind, record_id, body_of(request))
        return Response(204)

    def _by_key(self, request: Request, kind: Kind, field: str, key: str) -> Response:
        """An upsert answers 200 with a body for a record that was there, as versions from 46.0 do."""
        if field == "Id":
            return self._by_id(request, kind, key)
        if request.method in ("GET", "DELETE"):
            found = self.books.find(kind, records.key_field(kind, field).name, key)
            if not found:
                raise not_found("Provided external ID field does not exist or is not accessible: " + field)
            return self._by_id(request, kind, found[0]["Id"])
        _only(request, "PATCH")
        values = body_of(request)
        if field in values:
            raise SalesforceError(400, "INVALID_FIELD", f"The {field} field should not be specified in the sobject data.", (field,))
        only = request.query.get("updateOnly", "").lower() == "true"
        record_id, created = records.upsert(self.books, kind, field, key, values, only)
        return jsons.answer(result(record_id, created), 201 if created else 200)


def result(record_id: str, created: bool) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": [], "created": created}


def shown_record(kind: Kind, record: Record) -> Document:
    """With the attributes that every record carries; fields that nobody may see are left out."""
    attributes = {"type": kind.name, "url": f"{DATA}/v62.0/sobjects/{kind.name}/{record['Id']}"}
    return {"attributes": attributes, **{name: record.get(name) for name in kind.fields}}


def _only(request: Request, method: str) -> None:
    if request.method != method:
        raise SalesforceError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed. Allowed are {method}")
