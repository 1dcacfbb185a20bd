"""Speaks the Pigeon Books API and knows no Bills."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from integrations.contract import Answer, CatalogueRow, Held, Options, Outcome, Request, Sending, Sought, Transport
from integrations.destinations.pigeon.faults import TABLE
from integrations.faults import Said, match

ROOT = "https://api.pigeon.example/v1"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Client:
    def __init__(self, transport: Transport, tenant: str, options: Options) -> None:
        self._transport, self._root = transport, f"{ROOT}/{tenant}"

    def pack(self, sendings: Sequence[Sending], key: Callable[[Sequence[str], bytes], str]) -> list[Request]:
        """One PUT per invoice; the reference is the key, so that sending it again makes no second one."""
        return [self._put(sending, key) for sending in sendings]

    def send(self, request: Request) -> Answer:
        return self._transport.send(request)

    def outcomes(self, request: Request, answer: Answer) -> list[Outcome]:
        said = _object(answer.body)
        if answer.status in (200, 201) and said.get("id"):
            return [Outcome(member=member, external_id=str(said["id"]), url=f"{request.url}/page") for member in request.members]
        group = answer.status if answer.status in (401, 403, 429) else answer.status // 100
        fault = match(TABLE, Said(code=f"HTTP_{group}", words=str(said.get("error") or "")), {})
        return [Outcome(member=member, fault=fault) for member in request.members]

    def follow(self, request: Request, job: str) -> list[Outcome]:
        raise LookupError(f"Pigeon Books answers at once and has no job {job}.")

    def held(self, documents: Sequence[Sought]) -> dict[str, Held]:
        return {each.key: held for each in documents if (held := self._held(each.key))}

    def by_number(self, kind: str, number: str) -> list[Held]:
        """The number of an invoice is its reference."""
        held = self._held(number)
        return [held] if held else []

    def listing(self, start: dt.date, end: dt.date) -> Iterable[Held]:
        answer = self.send(Request(method="GET", url=f"{self._root}/invoices", safe=True))
        dated = [row["reference"] for row in _object(answer.body).get("rows") or [] if start.isoformat() <= row["date"] <= end.isoformat()]
        return [held for reference in dated if (held := self._held(reference))]

    def catalogue(self, table: str, since: dt.datetime | None = None) -> Iterable[CatalogueRow]:
        answer = self.send(Request(method="GET", url=f"{self._root}/{table.lower()}s", safe=True))
        rows = _object(answer.body).get("rows") or []
        return [CatalogueRow(id=str(row["id"]), name=str(row["name"])) for row in rows]

    def _put(self, sending: Sending, key: Callable[[Sequence[str], bytes], str]) -> Request:
        members, body = (sending.document.key,), _encode(sending.document.body)
        request_key = key(members, body)
        return Request(
            method="PUT",
            url=f"{self._root}/invoices/{sending.document.key}",
            headers={"Content-Type": "application/json", "Idempotency-Key": request_key},
            body=body,
            key=request_key,
            members=members,
        )

    def _held(self, key: str) -> Held | None:
        answer = self.send(Request(method="GET", url=f"{self._root}/invoices/{key}", safe=True))
        there = _object(answer.body)
        if answer.status != 200 or not there.get("id"):
            return None
        return Held(
            key=key,
            external_id=str(there["id"]),
            url=f"{self._root}/invoices/{key}/page",
            number=key,
            tag=str(there["tag"]),
            total=Decimal(there["total"]),
            currency=str(there["currency"]),
            status="open",
        )


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body, parse_float=Decimal)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
