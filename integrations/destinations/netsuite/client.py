"""Speaks NetSuite's record API and knows no Bills."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from integrations.contract import Answer, CatalogueRow, Held, Options, Outcome, Request, Sending, Transport
from integrations.destinations.netsuite import suiteql
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.answers import fault_of, kind_of, parsed

_HEADERS = {"Content-Type": "application/json", "X-NetSuite-PropertyNameValidation": "Error"}
_TRACE = "x-n-operationid"
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True)
class NetSuiteClient:
    """A `contract.Client` for one account. Every write is an upsert by external id, so the same bytes may be sent any number of times."""

    transport: Transport
    account: Account

    def pack(self, sendings: Sequence[Sending], key: Callable[[Sequence[str], bytes], str]) -> list[Request]:
        return [self._upsert(sending, key) for sending in sendings]

    def send(self, request: Request) -> Answer:
        answer = self.transport.send(request)
        return replace(answer, trace=answer.headers.get(_TRACE, ""))

    def outcomes(self, request: Request, answer: Answer) -> list[Outcome]:
        if answer.status == 204 or (answer.status in (200, 201) and parsed(answer.body)):
            return [self._accepted(request, member, answer) for member in request.members]
        fault = fault_of(request, answer)
        return [Outcome(member=member, fault=fault) for member in request.members]

    def held(self, documents: Sequence[tuple[str, str]]) -> dict[str, Held]:
        return suiteql.held(self.transport, self.account, documents)

    def catalogue(self, table: str) -> Iterable[CatalogueRow]:
        return suiteql.catalogue(self.transport, self.account, table)

    def _upsert(self, sending: Sending, key: Callable[[Sequence[str], bytes], str]) -> Request:
        """Creates the record, or replaces the item lines of the one that is there."""
        document = sending.document
        members, body = (document.key,), _encode(document.body)
        return Request(
            method="PUT",
            url=self.account.upsert_url(document.kind, document.key),
            headers=_HEADERS,
            body=body,
            key=key(members, body),
            members=members,
        )

    def _accepted(self, request: Request, member: str, answer: Answer) -> Outcome:
        """Oracle promises no Location for an upsert; without it the id comes from reading back."""
        number = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not number.isdecimal():
            return Outcome(member=member)
        return Outcome(member=member, external_id=number, url=self.account.page_url(kind_of(request), number))


def connect(transport: Transport, tenant: str, options: Options) -> NetSuiteClient:
    return NetSuiteClient(transport, Account(tenant))
