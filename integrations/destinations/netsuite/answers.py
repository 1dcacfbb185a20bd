"""Reads NetSuite's answers: what was refused, in the words of the faults table, filled with the names in the request."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from integrations.contract import Answer, Fault, Request
from integrations.destinations.netsuite.customer_faults import CUSTOMERS
from integrations.destinations.netsuite.faults import TABLE
from integrations.destinations.netsuite.order_faults import ORDERS
from integrations.faults import Said, match

NOUNS = {
    "invoice": "invoice",
    "creditMemo": "credit memo",
    "salesOrder": "sales order",
    "customerPayment": "payment",
    "customerDeposit": "customer deposit",
    "depositApplication": "deposit application",
    "customerRefund": "refund",
    "customer": "customer",
}

_PREFIX = "Error while accessing a resource. "
_RECORD = re.compile(r"/record/v1/(?:\w+/[^/]+/!transform/)?(\w+)")
_ITEM_PATH = re.compile(r"item\.items\[(\d+)\]")


def fault_of(request: Request, answer: Answer) -> Fault:
    """What a refusal, or an answer that is none, means for the documents of the request. The first complaint that we know wins."""
    body, said = parsed(request.body), _details(answer)
    complaints = [*said, _status(answer, bool(said))]
    table = (*(CUSTOMERS if kind_of(request) == "customer" else ORDERS), *TABLE)
    faults = [match(table, complaint, _known(request, body, complaint)) for complaint in complaints]
    fault = next((fault for fault in faults if fault.code != TABLE[-1].code), faults[0])
    return replace(fault, detail="; ".join(dict.fromkeys(fault.detail for fault in faults[: len(said) or 1])))


def kind_of(request: Request) -> str:
    """The record type that a request writes, "" for a question."""
    found = _RECORD.search(request.url)
    return found[1] if found else ""


def _details(answer: Answer) -> list[Said]:
    """NetSuite's o:errorDetails."""
    details = parsed(answer.body).get("o:errorDetails")
    entries = [entry for entry in (details if isinstance(details, list) else []) if isinstance(entry, dict)]
    read = [tuple(str(entry.get(key) or "") for key in ("o:errorCode", "detail", "o:errorPath")) for entry in entries]
    return [Said(code=code, words=words.removeprefix(_PREFIX), path=path) for code, words, path in read]


def _status(answer: Answer, explained: bool) -> Said:
    """The HTTP status as a complaint of its own, for what the details leave open."""
    exact = answer.status in (401, 403, 404, 429)
    code = f"HTTP_{answer.status}" if exact else f"HTTP_{answer.status // 100}XX"
    return Said(code=code, words="" if explained else _snippet(answer.body))


def _known(request: Request, body: Mapping[str, Any], said: Said) -> dict[str, str]:
    """Everything that the table's texts use, from the request that was refused."""
    noun = NOUNS.get(kind_of(request), "record")
    day = _day(body.get("tranDate"))
    return {
        "noun": noun,
        "Noun": noun.capitalize(),
        "number": str(body.get("tranId") or body.get("externalId") or "of this Bill"),
        "day": f"{day.day} {day:%b %Y}" if day else "its date",
        "month": f"{day:%B %Y}" if day else "The month",
        "customer": _id(body.get("entity") or body.get("customer")) or "of this Bill",
        "item": _item(body, said.path),
        "name": said.path or "that we sent",
        "label": said.path or "a field",
        "value": "what we sent",
        "subsidiary": _id(body.get("subsidiary")) or "of this Bill",
    }


def _item(body: Mapping[str, Any], path: str) -> str:
    """The id of the item that a path points at, or of the only one there is."""
    lines = (body.get("item") or {}).get("items") or []
    found = _ITEM_PATH.search(path)
    if found and int(found[1]) < len(lines):
        return _id(lines[int(found[1])].get("item")) or "on one line"
    ids = {_id(line.get("item")) for line in lines}
    return ids.pop() if len(ids) == 1 else "on one line"


def _id(reference: Any) -> str:
    return str(reference.get("id", "")) if isinstance(reference, dict) else ""


def _day(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object, {} for anything else."""
    try:
        content = json.loads(body, parse_float=Decimal)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _snippet(body: bytes) -> str:
    """The first words of an answer that is not JSON, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", body[:2000].decode(errors="replace")).split())[:200]
