"""Several requests in one: collections, composite, and composite graphs with their limits and halting."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations.destinations.salesforce.emulation import records
from integrations.destinations.salesforce.emulation.bodies import body_of
from integrations.destinations.salesforce.emulation.books import Books
from integrations.destinations.salesforce.emulation.errors import SalesforceError, SeveralError, halted, not_found
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

MOST_RECORDS, MOST_PARTS, MOST_COLLECTIONS = 200, 25, 5
MOST_NODES, MOST_GRAPHS, MOST_FAILURES = 500, 75, 14
_REFERENCE = re.compile(r"@\{(\w+)\.(\w+)\}")
_GRAPH_NODE = re.compile(r"/services/data/v\d\d\.0/sobjects/\w+(/[^/?]+){0,2}")

Route = Callable[[Request], Response]
Part = dict[str, Any]


def handle(books: Books, request: Request, segments: Sequence[str], route: Route) -> Response:
    if segments[:1] == ["sobjects"]:
        return jsons.answer(_collection(books, request, segments[1:]))
    content = body_of(request)
    if segments == ["graph"]:
        return jsons.answer({"graphs": _graphs(books, content, route)})
    if segments:
        raise not_found()
    parts = _parts(content.get("compositeRequest"), MOST_PARTS)
    if sum("/composite/sobjects" in part["url"] or "/query" in part["url"] for part in parts) > MOST_COLLECTIONS:
        raise _limit(f"Composite requests can have at most {MOST_COLLECTIONS} query and collection subrequests.")
    return jsons.answer({"compositeResponse": _perform(books, parts, bool(content.get("allOrNone")), route)})


# --- composite and graph -----------------------------------------------------------------------------------------------------------------


def _graphs(books: Books, content: Mapping[str, Any], route: Route) -> list[dict[str, Any]]:
    graphs = content.get("graphs")
    if not isinstance(graphs, list) or not graphs or not all(isinstance(graph, dict) for graph in graphs):
        raise SalesforceError(400, "JSON_PARSER_ERROR", "graphs must be a list of objects.")
    if len(graphs) > MOST_GRAPHS:
        raise _limit(f"The number of graphs exceeds the limit of {MOST_GRAPHS}.")
    parted = [(str(graph.get("graphId", "")), _parts(graph.get("compositeRequest"), MOST_NODES)) for graph in graphs]
    if sum(len(parts) for _, parts in parted) > MOST_NODES:
        raise _limit(f"The number of nodes exceeds the limit of {MOST_NODES}.")
    if len({name for name, _ in parted}) < len(parted):
        raise SalesforceError(400, "INVALID_INPUT", "Each graphId must be unique.")
    answered: list[dict[str, Any]] = []
    for name, parts in parted:
        stopped = sum(not graph["isSuccessful"] for graph in answered) >= MOST_FAILURES
        done = [_halted(part) for part in parts] if stopped else _graph(books, parts, route)
        good = all(part["httpStatusCode"] < 300 for part in done)
        answered.append({"graphId": name, "graphResponse": {"compositeResponse": done}, "isSuccessful": good})
    return answered


def _graph(books: Books, parts: Sequence[Part], route: Route) -> list[Part]:
    for part in parts:
        if not _GRAPH_NODE.fullmatch(part["url"].partition("?")[0]):
            raise SalesforceError(400, "INVALID_INPUT", f"The url {part['url']} is not supported in a graph.")
    return _perform(books, parts, True, route)


def _perform(books: Books, parts: Sequence[Part], all_or_none: bool, route: Route) -> list[Part]:
    """The answers of the parts; with `all_or_none` the first failure takes all back and halts the others."""
    done: list[Part] = []
    known: dict[str, Any] = {}
    try:
        with books.transaction():
            for part in parts:
                done.append(_one(books, part, known, route))
                if all_or_none and _failed(done[-1]):
                    raise halted()
    except SalesforceError:
        failed = done[-1]
        return [failed if part["referenceId"] == failed["referenceId"] else _halted(part) for part in parts]
    return done


def _one(books: Books, part: Part, known: dict[str, Any], route: Route) -> Part:
    """One part within a transaction of its own; references to earlier answers are filled in."""
    try:
        with books.transaction():
            url, body = _filled(part["url"], known), _filled(part.get("body"), known)
            response = route(Request.build(part["method"], url, {}, jsons.dump(body)))
    except SeveralError as error:
        return _answer(part, 300, error.urls)
    except SalesforceError as error:
        return _answer(part, error.status, error.body)
    content = jsons.load(response.body) if response.body else None
    known[part["referenceId"]] = content
    return _answer(part, response.status, content)


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with @{reference.field} replaced. Raises SalesforceError for a reference that gave no such value."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: _resolved(found[1], found[2], known), value)
    if isinstance(value, dict):
        return {name: _filled(each, known) for name, each in value.items()}
    return [_filled(each, known) for each in value] if isinstance(value, list) else value


def _resolved(reference: str, field: str, known: Mapping[str, Any]) -> str:
    content = known.get(reference)
    if not isinstance(content, dict) or field not in content:
        words = f"Invalid reference specified. No value for {reference}.{field} found in {reference}"
        raise SalesforceError(400, "PROCESSING_HALTED", words)
    return str(content[field])


def _failed(part: Part) -> bool:
    rows = part["body"] if isinstance(part["body"], list) else []
    return bool(part["httpStatusCode"] >= 300 or any(isinstance(row, dict) and row.get("success") is False for row in rows))


def _answer(part: Part, status: int, body: Any) -> Part:
    return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": part["referenceId"]}


def _halted(part: Part) -> Part:
    return _answer(part, 400, [{"errorCode": halted().code, "message": halted().message}])


def _parts(value: Any, most: int) -> list[Part]:
    """The subrequests, each with method, url and referenceId. Raises SalesforceError."""
    needed = ("method", "url", "referenceId")
    if not isinstance(value, list) or not all(isinstance(part, dict) and all(part.get(name) for name in needed) for part in value):
        raise SalesforceError(400, "JSON_PARSER_ERROR", "compositeRequest must be a list of objects with method, url and referenceId.")
    if len(value) > most:
        raise _limit(f"The number of subrequests exceeds the limit of {most}.")
    if len({part["referenceId"] for part in value}) < len(value):
        raise SalesforceError(400, "INVALID_INPUT", "Each referenceId must be unique.")
    return value


# --- collections ----------------------------------------------------------------------------------------------------------------------


def _collection(books: Books, request: Request, segments: Sequence[str]) -> list[dict[str, Any]]:
    """POST creates, PATCH updates or, with an object and an external id field, upserts; DELETE takes ids."""
    if request.method == "DELETE":
        ids = [text for text in request.query.get("ids", "").split(",") if text]
        return _rows(books, ids, request.query.get("allOrNone", "").lower() == "true", _delete)
    content = body_of(request)
    rows, all_or_none = content.get("records"), bool(content.get("allOrNone"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SalesforceError(400, "JSON_PARSER_ERROR", "records must be a list of objects.")
    if len(segments) == 2 and request.method == "PATCH":
        return _rows(books, rows, all_or_none, lambda books, row: _upsert(books, segments[0], segments[1], row))
    acts = {"POST": _create, "PATCH": _update}
    if segments or request.method not in acts:
        raise not_found()
    return _rows(books, rows, all_or_none, acts[request.method])


def _rows(books: Books, rows: Sequence[Any], all_or_none: bool, act: Callable[[Books, Any], dict[str, Any]]) -> list[dict[str, Any]]:
    if len(rows) > MOST_RECORDS:
        raise SalesforceError(
            400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST_RECORDS} records in this call"
        )
    done: list[dict[str, Any]] = []
    try:
        with books.transaction():
            for row in rows:
                done.append(_row(books, row, act))
            if all_or_none and not all(each["success"] for each in done):
                raise halted()
    except SalesforceError:
        rolled = {
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid.",
            "fields": [],
        }
        return [{"success": False, "errors": [rolled]} if each["success"] else each for each in done]
    return done


def _row(books: Books, row: Any, act: Callable[[Books, Any], dict[str, Any]]) -> dict[str, Any]:
    try:
        with books.transaction():
            return {"success": True, "errors": [], **act(books, row)}
    except SalesforceError as error:
        return {"success": False, "errors": [error.row]}


def _type_of(row: Mapping[str, Any]) -> str:
    attributes = row.get("attributes")
    return str(attributes.get("type", "")) if isinstance(attributes, dict) else ""


def _create(books: Books, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": records.create(books, books.kind(_type_of(row)), row)}


def _update(books: Books, row: Mapping[str, Any]) -> dict[str, Any]:
    record_id = str(row.get("id") or row.get("Id") or "")
    return {"id": records.update(books, books.kind(_type_of(row)), record_id, {key: row[key] for key in row if key != "id"})}


def _upsert(books: Books, name: str, field: str, row: Mapping[str, Any]) -> dict[str, Any]:
    kind = books.kind(name)
    if "id" in {key.lower() for key in row} and field != "Id":
        raise SalesforceError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Id specified for upsert call using ext id", ("Id",))
    values = {key: value for key, value in row.items() if key not in ("attributes", field)}
    record_id, created = records.upsert(books, kind, field, str(row.get(field) or ""), values)
    return {"id": record_id, "created": created}


def _delete(books: Books, record_id: str) -> dict[str, Any]:
    kind = next((kind for kind in books.kinds() if record_id.startswith(kind.prefix)), None)
    if kind is None:
        raise SalesforceError(400, "MALFORMED_ID", f"bad id {record_id}")
    records.delete(books, kind, record_id)
    return {"id": record_id}


def _limit(words: str) -> SalesforceError:
    return SalesforceError(400, "LIMIT_EXCEEDED", words)
