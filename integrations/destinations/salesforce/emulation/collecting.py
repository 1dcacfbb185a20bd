"""Collections: up to 200 records of one object in a call, each on its own or all or none."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations.destinations.salesforce.emulation import records
from integrations.destinations.salesforce.emulation.bodies import body_of
from integrations.destinations.salesforce.emulation.books import Books
from integrations.destinations.salesforce.emulation.errors import SalesforceError, halted, not_found
from integrations.emulation.contract import Request

MOST_RECORDS = 200


def handle(books: Books, request: Request, segments: Sequence[str]) -> list[dict[str, Any]]:
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
