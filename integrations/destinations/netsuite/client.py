"""Speaks NetSuite's record API and knows no Bills."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import msgspec

from integrations.contract import (
    Answer,
    CatalogueRow,
    Document,
    Held,
    Options,
    Origin,
    Outcome,
    Period,
    Request,
    Sending,
    Sought,
    Transport,
)
from integrations.destinations.netsuite import bulk, customer, customer_search, deposits, lists, suiteql
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.answers import fault_of, kind_of, parsed
from integrations.destinations.netsuite.options import BULK_THRESHOLD

_HEADERS = {"Content-Type": "application/json", "X-NetSuite-PropertyNameValidation": "Error"}
ONCE = ("orderStatus",)
"""What an order is made with, and goes its own way from."""
TAKEN_OVER = ("entity", "subsidiary", "currency", "item")
_TRACE = "x-n-operationid"
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True)
class NetSuiteClient:
    """A `contract.Client` for one account. Every write is an upsert by external id, so the same bytes may be sent any number of times;
    but a transform is none."""

    transport: Transport
    account: Account
    bulk_threshold: int

    def pack(self, sendings: Sequence[Sending], key: Callable[[Sequence[str], bytes], str]) -> list[Request]:
        """New documents beyond the threshold go as collections; few of them, every update and what is made of another record one by one."""
        new = [each for each in sendings if not _goes_alone(each)]
        if len(new) <= self.bulk_threshold:
            return [self._alone(sending, key) for sending in sendings]
        alone = [self._alone(sending, key) for sending in sendings if _goes_alone(sending)]
        return [*alone, *bulk.collections(self.account, new, key)]

    def send(self, request: Request) -> Answer:
        answer = self.transport.send(request)
        return replace(answer, trace=answer.headers.get(_TRACE, ""))

    def outcomes(self, request: Request, answer: Answer) -> list[Outcome]:
        """A request that NetSuite does later, or has been given before, names its job."""
        job = answer.headers.get("location", "")
        if job and (answer.status == 202 or (answer.status == 400 and b"IDEMPOTENCY_ERROR" in answer.body)):
            return [Outcome(member=member, job=urljoin(self.account.rest, job)) for member in request.members]
        return [self._outcome(request, member, answer) for member in request.members]

    def follow(self, request: Request, job: str) -> list[Outcome]:
        return bulk.follow(self.transport, self.account, request, job)

    def held(self, documents: Sequence[Sought]) -> dict[str, Held]:
        customers = [each for each in documents if each.kind == customer.KIND]
        others = [each for each in documents if each.kind != customer.KIND]
        found = suiteql.held(self.transport, self.account, others)
        found |= deposits.applied_already(self.transport, self.account, [each for each in others if each.key not in found])
        return found | customer_search.held(self.transport, self.account, customers)

    def by_number(self, kind: str, number: str) -> list[Held]:
        if kind == customer.KIND:
            return customer_search.by_number(self.transport, self.account, number)
        return suiteql.by_number(self.transport, self.account, kind, number)

    def listing(self, start: dt.date, end: dt.date) -> Iterable[Held]:
        return suiteql.listing(self.transport, self.account, start, end)

    def first_open_day(self, after: dt.date) -> dt.date | None:
        return suiteql.first_open_day(self.transport, self.account, after)

    def periods(self, start: dt.date, end: dt.date) -> Iterable[Period]:
        return suiteql.periods(self.transport, self.account, start, end)

    def catalogue(self, table: str, since: dt.datetime | None = None) -> Iterable[CatalogueRow]:
        return lists.catalogue(self.transport, self.account, table, since)

    def _alone(self, sending: Sending, key: Callable[[Sequence[str], bytes], str]) -> Request:
        origin = None if sending.update else sending.document.made_from
        return self._upsert(sending, key) if origin is None else self._transform(sending.document, origin, key)

    def _transform(self, document: Document, origin: Origin, key: Callable[[Sequence[str], bytes], str]) -> Request:
        """Makes the record of another one, whose lines it takes over where that is ours. Not an upsert, so it is never simply repeated."""
        taken = TAKEN_OVER if origin.slot else ()
        body = _encode({name: value for name, value in document.body.items() if name not in taken})
        url = self.account.transform_url(origin.kind, origin.address, document.kind)
        return Request(
            method="POST",
            url=url if origin.slot else f"{url}?replace=item",
            headers=_HEADERS,
            body=body,
            key=key((document.key,), body),
            members=(document.key,),
            replay_window=dt.timedelta(0),
        )

    def _upsert(self, sending: Sending, key: Callable[[Sequence[str], bytes], str]) -> Request:
        """Creates the record under its key, or replaces the lines of the one there."""
        document = sending.document
        left = ONCE if sending.update else ()
        members, body = (document.key,), _encode({name: value for name, value in document.body.items() if name not in left})
        known, whole = self._by_id(sending)
        return Request(
            method="PATCH" if known else "PUT",
            url=self.account.record_url(document.kind, known, whole) if known else self.account.upsert_url(document.kind, document.key),
            headers=_HEADERS,
            body=body,
            key=key(members, body),
            members=members,
        )

    def _by_id(self, sending: Sending) -> tuple[str, str]:
        """The internal id that a record is changed by, where it may not carry our key yet, and the sublist that is replaced."""
        document = sending.document
        if document.kind == customer.KIND and document.customer:
            return document.customer.id, customer.ADDRESS_BOOK if customer.ADDRESS_BOOK in document.body else ""
        if document.kind == deposits.APPLICATION and sending.update:
            return sending.external_id, "apply"
        return "", ""

    def _outcome(self, request: Request, member: str, answer: Answer) -> Outcome:
        """Oracle promises no Location for an upsert; without it the id comes from reading back."""
        if answer.status != 204 and not (answer.status in (200, 201) and parsed(answer.body)):
            return Outcome(member=member, fault=fault_of(request, answer))
        number = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not number.isdecimal():
            return Outcome(member=member)
        return Outcome(member=member, external_id=number, url=self.account.page_url(kind_of(request), number))


def connect(transport: Transport, tenant: str, options: Options) -> NetSuiteClient:
    return NetSuiteClient(transport, Account(tenant), int(options.get("bulkThreshold", BULK_THRESHOLD)))


def released(transport: Transport, tenant: str, orders: Sequence[Sought]) -> set[str]:
    return suiteql.released(transport, Account(tenant), orders)


def _goes_alone(sending: Sending) -> bool:
    return sending.update or sending.document.made_from is not None or sending.document.kind == customer.KIND
