"""Speaks Salesforce's REST and Bulk APIs and knows no Bills."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from integrations.contract import Answer, CatalogueRow, Held, Options, Outcome, Period, Request, Sending, Sought, Transport
from integrations.destinations.salesforce import bulk, collection, describe, graph, soql
from integrations.destinations.salesforce.fields import Names
from integrations.destinations.salesforce.options import BULK_THRESHOLD, FIELD_TABLE
from integrations.destinations.salesforce.org import Org

BATCH_SIZE = 1000
"""Bills in one bulk exchange: a graph call holds 75 at most."""

_TRACE = "x-request-id"


@dataclass(frozen=True)
class SalesforceClient:
    """A `contract.Client` for one org. Every write is an upsert by external id, so the same bytes may be sent any number of times."""

    transport: Transport
    org: Org
    names: Names
    bulk_threshold: int
    batch_size: int

    def pack(self, sendings: Sequence[Sending], key: Callable[[Sequence[str], bytes], str]) -> list[Request]:
        """Bills of one Account side by side, as writing to it locks it. New ones beyond the threshold go as bulk jobs."""
        ordered = sorted(sendings, key=_account_first)
        new = [sending for sending in ordered if not sending.update]
        many = new if len(new) > self.bulk_threshold else []
        others = [sending for sending in ordered if sending.update or not many]
        small = [sending for sending in others if graph.size(sending) <= graph.MOST_NODES]
        large = [sending for sending in others if graph.size(sending) > graph.MOST_NODES]
        return [
            *graph.pack(self.org, self.names, small, key),
            *(self._alone(sending, key) for sending in large),
            *(bulk.call(self.org, self.names, many[at : at + self.batch_size], key) for at in range(0, len(many), self.batch_size)),
        ]

    def send(self, request: Request) -> Answer:
        if request.url.endswith(bulk.SUFFIX):
            answer = bulk.start(self.transport, self.org, request)
        else:
            answer = self.transport.send(request)
        return replace(answer, trace=answer.headers.get(_TRACE, ""))

    def outcomes(self, request: Request, answer: Answer) -> list[Outcome]:
        ways = {bulk.SUFFIX: bulk.outcomes, graph.SUFFIX: graph.outcomes, collection.SUFFIX: collection.outcomes}
        read = next(read for suffix, read in ways.items() if request.url.endswith(suffix))
        return read(self.org, request, answer)

    def follow(self, request: Request, job: str) -> list[Outcome]:
        return bulk.follow(self.transport, self.org, request, job)

    def held(self, documents: Sequence[Sought]) -> dict[str, Held]:
        return soql.held(self.transport, self.org, self.names, [document.key for document in documents])

    def by_number(self, kind: str, number: str) -> list[Held]:
        return soql.by_number(self.transport, self.org, self.names, number)

    def listing(self, start: dt.date, end: dt.date) -> Iterable[Held]:
        return soql.listing(self.transport, self.org, self.names, start, end)

    def first_open_day(self, after: dt.date) -> dt.date | None:
        """Custom objects have no posting periods."""
        return None

    def periods(self, start: dt.date, end: dt.date) -> Iterable[Period]:
        return ()

    def catalogue(self, table: str, since: dt.datetime | None = None) -> Iterable[CatalogueRow]:
        if table == FIELD_TABLE:
            return describe.catalogue(self.transport, self.org, self.names)
        return soql.catalogue(self.transport, self.org, table, since)

    def _alone(self, sending: Sending, key: Callable[[Sequence[str], bytes], str]) -> Request:
        if collection.fits(sending):
            return collection.call(self.org, self.names, sending, key)
        return bulk.call(self.org, self.names, [sending], key)


def _account_first(sending: Sending) -> tuple[str, str]:
    customer = sending.document.customer
    return customer.id if customer else "", sending.document.key


def connect(transport: Transport, tenant: str, options: Options) -> SalesforceClient:
    threshold = int(options.get("bulkThreshold") or BULK_THRESHOLD)
    return SalesforceClient(transport, Org(tenant), Names.of(options), threshold, BATCH_SIZE)
