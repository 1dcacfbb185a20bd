"""The metadata catalogue: which fields a record type has in this account, custom fields included."""

from typing import Any

from integrations.destinations.netsuite.emulation import records, render
from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, RecordType
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

SEGMENT = "metadata-catalog"
_JSON_TYPES = {"number": "number", "money": "number", "integer": "integer", "boolean": "boolean", "object": "object"}


def handle(books: Books, request: Request, segments: list[str]) -> Response:
    """Answers GET …/metadata-catalog[/{type}]; with Accept: application/schema+json the type's JSON schema."""
    here = f"{render.base_url(books)}/{SEGMENT}"
    if len(segments) == 1:
        return jsons.answer({"items": [{"name": name, "links": render.links(f"{here}/{name}")} for name in RECORD_TYPES]})
    kind = records.record_type(segments[1])
    if "schema+json" not in request.header("Accept"):
        return jsons.answer({"name": kind.name, "links": render.links(f"{here}/{kind.name}", "describes")})
    return jsons.answer(_schema(books, kind), media="application/schema+json")


def _schema(books: Books, kind: RecordType) -> dict[str, Any]:
    properties = _properties(books, kind.fields, kind.custom_prefix)
    for name, fields in kind.sublists.items():
        line = {"type": "object", "properties": _properties(books, fields, "custcol")}
        properties[name] = {"type": "object", "properties": {"items": {"type": "array", "items": line}}}
    return {"$schema": "http://json-schema.org/draft-06/hyper-schema#", "type": "object", "title": kind.label, "properties": properties}


def _properties(books: Books, fields: dict[str, str], prefix: str) -> dict[str, Any]:
    custom = {name: kind for name, kind in books.custom_fields.items() if name.startswith(f"{prefix}_")}
    own = {name: _property(name, kind) for name, kind in fields.items()}
    return own | {name: _property(name, kind) | {"x-ns-custom-field": True} for name, kind in custom.items()}


def _property(name: str, kind: str) -> dict[str, Any]:
    if kind in ("text", "date"):
        return {"title": name, "type": "string", "nullable": True} | ({"format": "date"} if kind == "date" else {})
    if kind in _JSON_TYPES:
        return {"title": name, "type": _JSON_TYPES[kind], "nullable": True}
    return {"title": name, "type": "object", "properties": {"id": {"type": "string"}, "externalId": {"type": "string"}}}
