"""Speaks QuickBooks' accounting API and knows no Bills."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from integrations.contract import Answer, CatalogueRow, Held, Options, Outcome, Period, Request, Sending, Sought, Transport
from integrations.destinations.quickbooks import query, records
from integrations.destinations.quickbooks.answers import fault_for, member_bodies, parsed
from integrations.destinations.quickbooks.company import Company
from integrations.destinations.quickbooks.options import BATCH_SIZE

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_TRACE = "intuit_tid"
_encode = msgspec.json.Encoder(decimal_format="number").encode
MakeKey = Callable[[Sequence[str], bytes], str]


@dataclass(frozen=True)
class QuickBooksClient:
    """A `contract.Client` for one company. Every write carries a `requestid`: the same one again gets the first answer again."""

    transport: Transport
    company: Company
    batch_size: int

    def pack(self, sendings: Sequence[Sending], key: MakeKey) -> list[Request]:
        """One document goes alone, more of them as batches; parts of a batch are independent of each other. What is voided goes alone."""
        written = [sending for sending in sendings if not sending.document.void]
        chunks = [written[start : start + self.batch_size] for start in range(0, len(written), self.batch_size)]
        chunks += [[sending] for sending in sendings if sending.document.void]
        return [self._batch(chunk, key) if len(chunk) > 1 else self._single(chunk[0], key) for chunk in chunks]

    def send(self, request: Request) -> Answer:
        answer = self.transport.send(request)
        return replace(answer, trace=answer.headers.get(_TRACE, ""))

    def outcomes(self, request: Request, answer: Answer) -> list[Outcome]:
        """Only a record with an id, under HTTP 200 and without a Fault, is an acceptance."""
        content, bodies = parsed(answer.body), member_bodies(request)
        parts = _parts(content)
        answers = [parts.get(_part_id(position), {}) for position in range(len(bodies))] if parts else [content] * len(bodies)
        found = zip(request.members, bodies, answers, strict=True)
        return [self._outcome(member, item, answer, part) for member, item, part in found]

    def follow(self, request: Request, job: str) -> list[Outcome]:
        raise LookupError(f"QuickBooks answers at once and has no job {job}.")

    def held(self, documents: Sequence[Sought]) -> dict[str, Held]:
        return query.held(self.transport, self.company, documents)

    def by_number(self, kind: str, number: str) -> list[Held]:
        return query.by_number(self.transport, self.company, kind, number)

    def listing(self, start: dt.date, end: dt.date) -> Iterable[Held]:
        return query.listing(self.transport, self.company, start, end)

    def first_open_day(self, after: dt.date) -> dt.date | None:
        return query.first_open_day(self.transport, self.company, after)

    def periods(self, start: dt.date, end: dt.date) -> Iterable[Period]:
        return query.periods(self.transport, self.company, start, end)

    def catalogue(self, table: str, since: dt.datetime | None = None) -> Iterable[CatalogueRow]:
        return query.catalogue(self.transport, self.company, table, since)

    def _single(self, sending: Sending, key: MakeKey) -> Request:
        path = sending.document.kind.lower()
        return self._request(f"{path}?operation=void" if sending.document.void else path, [sending], _encode(_body(sending)), key)

    def _batch(self, sendings: Sequence[Sending], key: MakeKey) -> Request:
        items = [
            {"bId": _part_id(position), "operation": "update" if sending.version else "create", sending.document.kind: _body(sending)}
            for position, sending in enumerate(sendings)
        ]
        return self._request("batch", sendings, _encode({"BatchItemRequest": items}), key)

    def _request(self, path: str, sendings: Sequence[Sending], body: bytes, key: MakeKey) -> Request:
        members = tuple(sending.document.key for sending in sendings)
        made = key(members, body)
        return Request(method="POST", url=self.company.url(path, made), headers=_HEADERS, body=body, key=made, members=members)

    def _outcome(self, member: str, item: tuple[str, Mapping[str, Any]], answer: Answer, part: Mapping[str, Any]) -> Outcome:
        record = part.get(item[0])
        if answer.status != 200 or "Fault" in part or not isinstance(record, dict) or not record.get("Id"):
            return Outcome(member=member, fault=fault_for(item, answer, part))
        held = replace(records.held(self.company, item[0], record), key=member)
        return Outcome(member=member, external_id=held.external_id, url=held.url, held=held)


def connect(transport: Transport, tenant: str, options: Options) -> QuickBooksClient:
    return QuickBooksClient(transport, Company(tenant, transport.system), int(options.get("batchSize") or BATCH_SIZE))


def _body(sending: Sending) -> dict[str, Any]:
    """The document, or what changes one that stands: its id, the version that was read, and all of its lines."""
    if not sending.version:
        return sending.document.body
    return {"Id": sending.external_id, "SyncToken": sending.version, "sparse": True, **sending.document.body}


def _part_id(position: int) -> str:
    """At most 10 characters when the batch has a request id (Intuit's developer blog, 6 April 2015)."""
    return f"b{position + 1}"


def _parts(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The answers of a batch by their bId, {} when it is not a batch's answer."""
    given = content.get("BatchItemResponse")
    return {str(part.get("bId")): part for part in given if isinstance(part, dict)} if isinstance(given, list) else {}
