"""Reads Salesforce's answers: lists of complaints with a code, their words and the fields they name."""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from integrations.contract import Answer, Fault, Usage
from integrations.destinations.salesforce.faults import TABLE
from integrations.faults import Said, match

NOUNS = {"invoice": "invoice"}
HALTED = ("PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK")

_USAGE = re.compile(r"\bapi-usage=(\d+)/(\d+)")
_EXACT = (300, 401, 403, 404, 429)
_KNOWN = {"fields": "the field that it names", "record": "", "label": "a field"}


def usage(answer: Answer) -> Usage | None:
    """The org's calls of the last 24 hours: `Sforce-Limit-Info: api-usage=118/100000`."""
    found = _USAGE.search(answer.headers.get("sforce-limit-info", ""))
    return Usage(int(found[1]), int(found[2])) if found else None


def fault_of(answer: Answer) -> Fault:
    """What a refusal, or an answer that is none, means for everything that the request carried."""
    return fault_among(complaints(answer))


def fault_among(said: Iterable[Said]) -> Fault:
    """The fault of the first complaint; those that only say that another one stopped them come last."""
    found = sorted(said, key=lambda complaint: complaint.code in HALTED)
    return match(TABLE, found[0], known(found[0]))


def complaints(answer: Answer) -> list[Said]:
    """At least one: the HTTP status speaks where the body does not."""
    return listed(content(answer.body)) or [_status(answer.status, answer.body)]


def listed(body: Any) -> list[Said]:
    """Complaints as the REST API writes them: `errorCode`, inside collections `statusCode`."""
    entries = [entry for entry in (body if isinstance(body, list) else []) if isinstance(entry, dict)]
    coded = [(str(entry.get("errorCode") or entry.get("statusCode") or ""), entry) for entry in entries]
    return [Said(code=code, words=str(entry.get("message") or ""), path=_fields(entry)) for code, entry in coded if code]


def part(status: int, body: Any) -> list[Said]:
    """The complaints of one part of a composite answer, none when it was accepted."""
    if status in (200, 201, 204):
        return []
    if status == 300 and isinstance(body, list):
        return [Said(code="HTTP_300", words=", ".join(str(entry) for entry in body))]
    return listed(body) or [_status(status, b"")]


def known(said: Said) -> dict[str, str]:
    """Everything that the table's texts use."""
    fields = said.path or _bracketed(said.words)
    return {**_KNOWN, **({"fields": fields, "label": fields} if fields else {})}


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object, {} for anything else."""
    found = content(body)
    return found if isinstance(found, dict) else {}


def content(body: bytes) -> Any:
    """JSON with exact numbers, None for anything else."""
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError:
        return None


def _fields(entry: Mapping[str, Any]) -> str:
    fields = entry.get("fields")
    return ", ".join(str(field) for field in fields) if isinstance(fields, list) else ""


def _bracketed(words: str) -> str:
    found = re.search(r"\[([^\]]+)\]", words)
    return found[1] if found else ""


def _status(status: int, body: bytes) -> Said:
    """The HTTP status as a complaint of its own, with the first words of an answer that is not JSON."""
    code = f"HTTP_{status}" if status in _EXACT else f"HTTP_{status // 100}XX"
    return Said(code=code, words=" ".join(re.sub(r"<[^>]*>", " ", body[:2000].decode(errors="replace")).split())[:200])
