"""Reads QuickBooks' answers: what was refused, in the words of the faults table, filled with the names in the request.

A refusal comes in two shapes: the accounting service's `Fault` with `Error`, also under HTTP 200, and the gateway's `fault` with `error`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from integrations.contract import Answer, Fault, Request
from integrations.destinations.quickbooks.faults import TABLE
from integrations.destinations.quickbooks.records import NOUNS, day
from integrations.faults import Said, match

_EXACT = (401, 403, 404, 429)
_LINE = re.compile(r"Line\[(\d+)\]")


def fault_of(request: Request, answer: Answer) -> Fault:
    """What an answer that accepts nothing means for a request of one document, or for a question."""
    return fault_for(member_bodies(request)[0], answer, parsed(answer.body))


def fault_for(item: tuple[str, Mapping[str, Any]], answer: Answer, content: Mapping[str, Any]) -> Fault:
    """What `content`, the whole answer or one part of a batch's, means for one document: (kind, body). The first known complaint wins."""
    said = list(complaints(content))
    all_said = said if said and answer.status == 200 else [*said, _status(answer, bool(said))]
    faults = [match(TABLE, each, _known(item, each)) for each in all_said]
    fault = next((fault for fault in faults if fault.code != TABLE[-1].code), faults[0])
    return replace(fault, detail="; ".join(dict.fromkeys(fault.detail for fault in faults[: len(said) or 1])))


def complaints(content: Mapping[str, Any]) -> Iterator[Said]:
    """The errors of either shape. Gateway codes are written 003200 and 3200; both are read as 3200."""
    for outer, inner in (("Fault", "Error"), ("fault", "error")):
        fault = content.get(outer)
        errors = fault.get(inner) if isinstance(fault, dict) else None
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, dict):
                low = {str(name).lower(): str(value or "") for name, value in error.items()}
                words = low.get("detail") or low.get("message", "")
                yield Said(code=low.get("code", "").lstrip("0"), words=words, path=low.get("element", ""))


def member_bodies(request: Request) -> list[tuple[str, Mapping[str, Any]]]:
    """(kind, body) of each document in a request, in order; for a question one that is empty."""
    body, path = parsed(request.body), urlsplit(request.url).path
    if path.endswith("/batch"):
        items = [item for item in body.get("BatchItemRequest", []) if isinstance(item, dict)]
        return [next(((kind, item[kind]) for kind in NOUNS if kind in item), ("", {})) for item in items]
    kind = next((kind for kind in NOUNS if path.endswith(f"/{kind.lower()}")), "")
    return [(kind, body)]


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object, {} for anything else."""
    try:
        content = json.loads(body, parse_float=Decimal)
    except (ValueError, InvalidOperation, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _status(answer: Answer, explained: bool) -> Said:
    """The HTTP status as a complaint of its own, for what the words leave open."""
    code = f"HTTP_{answer.status}" if answer.status in _EXACT else f"HTTP_{answer.status // 100}XX"
    return Said(code=code, words="" if explained else _snippet(answer.body))


def _known(item: tuple[str, Mapping[str, Any]], said: Said) -> dict[str, str]:
    """Everything that the table's texts use, from the document that was refused."""
    kind, body = item
    noun = NOUNS.get(kind, "record")
    date = day(body.get("TxnDate"))
    return {
        "noun": noun,
        "Noun": noun.capitalize(),
        "number": str(body.get("DocNumber") or "of this Bill"),
        "day": f"{date.day} {date:%b %Y}" if date else "its date",
        "customer": _value(body.get("CustomerRef")) or "of this Bill",
        "item": _item(body, said.path),
        "currency": _value(body.get("CurrencyRef")) or "its currency",
        "name": said.path or "a field that it does not name",
        "id": "that we sent",
    }


def _item(body: Mapping[str, Any], path: str) -> str:
    """The id of the item that a path points at, or of the only one there is."""
    lines = [line.get("SalesItemLineDetail") or {} for line in body.get("Line") or [] if isinstance(line, dict)]
    found = _LINE.search(path)
    if found and int(found[1]) < len(lines):
        return _value(lines[int(found[1])].get("ItemRef")) or "on one line"
    ids = {_value(line.get("ItemRef")) for line in lines}
    return (ids.pop() or "on one line") if len(ids) == 1 else "on one line"


def _value(reference: Any) -> str:
    return str(reference.get("value", "")) if isinstance(reference, dict) else ""


def _snippet(body: bytes) -> str:
    """The first words of an answer that is not JSON, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", body[:2000].decode(errors="replace")).split())[:200]
