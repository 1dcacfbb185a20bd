"""The record API: /services/rest/record/v1/{type}[/{id}[/{sublist}]]."""

from typing import Any
from urllib.parse import unquote

from integrations.destinations.netsuite.emulation import permissions, render, transforms, writing
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, invalid_request, nonexistent
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, RecordType
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

MEDIA = "application/vnd.oracle.resource+json; type=singular"


def handle(books: Books, request: Request, segments: list[str]) -> Response:
    """Answers a call on one record or one type; `segments` follow `/record/v1/`. Hold the books' lock."""
    kind = record_type(segments[0])
    if len(segments) == 1 and request.method == "POST":
        return created(books, kind, writing.create(books, kind, parse(request.body), validation(request)))
    if len(segments) == 2:
        return _one(books, kind, request, unquote(segments[1]))
    if len(segments) == 4 and request.method == "POST" and unquote(segments[2]) == transforms.SEGMENT:
        return _transformed(books, kind, request, segments)
    if len(segments) >= 3 and request.method == "GET":
        return _part(books, kind, segments)
    raise NetSuiteError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here.")


def record_type(name: str) -> RecordType:
    """The record type of a path segment, in any case. Raises NetSuiteError."""
    found = next((kind for key, kind in RECORD_TYPES.items() if key.lower() == name.lower()), None)
    if found is None:
        raise NetSuiteError(404, "NONEXISTENT_RECORD_TYPE", f"The record type {name} does not exist.")
    return found


def parse(body: bytes) -> Any:
    try:
        return jsons.load(body)
    except ValueError as error:
        raise invalid_request("The request body is not valid JSON.") from error


def validation(request: Request) -> str:
    """How unknown properties are met; Warning drops them and is the default."""
    value = request.header("X-NetSuite-PropertyNameValidation") or "Warning"
    if value.lower() not in ("error", "warning", "ignore"):
        raise invalid_request("X-NetSuite-PropertyNameValidation must be Error, Warning or Ignore.")
    return value


def replaced(request: Request) -> frozenset[str]:
    """The sublists that `?replace=` names."""
    return frozenset(filter(None, request.query.get("replace", "").split(",")))


def find(books: Books, kind: RecordType, key: str) -> Record:
    """The record of an internal id or `eid:…`. Raises NetSuiteError."""
    external = key.startswith("eid:")
    found = books.find_external([kind.name], key[4:]) if external else books.find([kind.name], key)
    if found is None:
        raise nonexistent()
    return found


def created(books: Books, kind: RecordType, number: str) -> Response:
    return Response(204, {"Location": render.url(books, kind.name, number)})


def _one(books: Books, kind: RecordType, request: Request, key: str) -> Response:
    if request.method == "PUT":
        if not key.startswith("eid:"):
            raise invalid_request("An upsert needs an external id in its URL: eid:…")
        content = parse(request.body)
        return created(books, kind, writing.upsert(books, kind, key[4:], content, validation(request), replaced(request)))
    stored = find(books, kind, key)
    if request.method == "PATCH":
        content = parse(request.body)
        return created(books, kind, writing.update(books, kind, stored["id"], content, validation(request), replaced(request)))
    if request.method == "DELETE":
        writing.delete(books, kind, stored["id"])
        return Response(204)
    if request.method == "GET":
        only = frozenset(filter(None, request.query.get("fields", "").split(",")))
        expand = request.query.get("expandSubResources", "").lower() == "true"
        return jsons.answer(render.record(books, kind, stored, expand, only), media=MEDIA)
    raise NetSuiteError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed on a record.")


def _transformed(books: Books, kind: RecordType, request: Request, segments: list[str]) -> Response:
    """The document that is made of another one; the body may be empty."""
    stored, target = find(books, kind, unquote(segments[1])), record_type(segments[3])
    permissions.check(books, target.name)
    content = parse(request.body) if request.body.strip() else {}
    made = transforms.transform(books, kind, stored, target.name, content, validation(request), replaced(request))
    return created(books, target, made)


def _part(books: Books, kind: RecordType, segments: list[str]) -> Response:
    """A sublist of a record, or one line of it."""
    whole = render.record(books, kind, find(books, kind, unquote(segments[1])))
    if segments[2] not in kind.sublists:
        raise nonexistent()
    part = whole.get(segments[2], {"links": [], "items": [], "totalResults": 0})
    if len(segments) == 3:
        return jsons.answer({**part, "count": len(part["items"]), "hasMore": False, "offset": 0}, media=MEDIA)
    line = next((line for line in part["items"] if str(line.get("line")) == segments[3]), None)
    if line is None or len(segments) > 4:
        raise nonexistent()
    return jsons.answer(line, media=MEDIA)
