"""Several requests in one: composite and composite graphs with their limits and halting."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations.destinations.salesforce.emulation import collecting
from integrations.destinations.salesforce.emulation.bodies import body_of
from integrations.destinations.salesforce.emulation.books import Books
from integrations.destinations.salesforce.emulation.errors import SalesforceError, SeveralError, halted, not_found
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

MOST_PARTS, MOST_COLLECTIONS = 25, 5
MOST_NODES, MOST_GRAPHS, MOST_FAILURES = 500, 75, 14
_REFERENCE = re.compile(r"@\{(\w+)\.(\w+)\}")
_GRAPH_NODE = re.compile(r"/services/data/v\d\d\.0/sobjects/\w+(/[^/?]+){0,2}")

Route = Callable[[Request], Response]
Part = dict[str, Any]


def handle(books: Books, request: Request, segments: Sequence[str], route: Route) -> Response:
    if segments[:1] == ["sobjects"]:
        return jsons.answer(collecting.handle(books, request, segments[1:]))
    content = body_of(request)
    if segments == ["graph"]:
        return jsons.answer({"graphs": _graphs(books, content, route)})
    if segments:
        raise not_found()
    parts = _parts(content.get("compositeRequest"), MOST_PARTS)
    if sum("/composite/sobjects" in part["url"] or "/query" in part["url"] for part in parts) > MOST_COLLECTIONS:
        raise _limit(f"Composite requests can have at most {MOST_COLLECTIONS} query and collection subrequests.")
    return jsons.answer({"compositeResponse": _perform(books, parts, bool(content.get("allOrNone")), route)})


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


def _limit(words: str) -> SalesforceError:
    return SalesforceError(400, "LIMIT_EXCEEDED", words)
