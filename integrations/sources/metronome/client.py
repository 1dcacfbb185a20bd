"""Reads Metronome's lists page by page and knows no stored Bills.

Invoices can only be listed customer by customer (API reference, read in November 2026). A finalized invoice changes no more but that it
may become void; so the finalized ones are read from the newest back to the watermark and the days before it, the void ones all.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from integrations import errors
from integrations.contract import Arrived, Fetched, Request, Transport, Wanted
from integrations.sources.answers import text_of
from integrations.sources.asking import patiently
from integrations.sources.metronome import api
from integrations.sources.metronome.api import LARGEST, Page

OVERLAP = dt.timedelta(days=35)
"""An invoice is dated when its period ends, and finalized after a grace period."""


class _Known(msgspec.Struct):
    id: str = ""
    issued_at: str | None = None


class Client:
    """Raises errors.Retry, Refused or Misconfigured at the answer that did not come."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def records(self, ask: Callable[..., Request]) -> Iterator[str]:
        """Every record of a list as its own JSON text; `ask(limit=…, next_page=…)` makes the request for a page."""
        following = ""
        while True:
            page = patiently(partial(self._page, ask(limit=LARGEST, next_page=following)))
            yield from map(text_of, page.data)
            if not page.next_page:
                return
            if page.next_page == following:
                raise errors.Refused("Metronome gave the same page of a list twice, so its end cannot be reached.", code="SOURCE_REPEATS")
            following = page.next_page

    def one(self, request: Request) -> str:
        return patiently(lambda: api.one_of(self._transport.send(request)))

    def _page(self, request: Request) -> Page:
        return api.page_of(self._transport.send(request))


def fetch(transport: Transport, account: str, wanted: Wanted) -> Iterator[Fetched]:
    """Customers and products whole, then each customer's invoices. Raises as `Client` does; what came before is good."""
    client = Client(transport)
    known = []
    for text in client.records(api.customers):
        yield Fetched(collection="accounts", text=text)
        known.append(_known(text).id)
    for text in client.records(api.products):
        yield Fetched(collection="products", text=text)
    for uid in filter(None, known):
        yield from (Fetched(collection="bills", text=text) for text in _invoices(client, uid, wanted))


def fetch_one(transport: Transport, account: str, arrived: Arrived) -> Iterator[Fetched]:
    """The customer and the invoice that an event is about, as they are now."""
    client = Client(transport)
    customer_id, _, uid = arrived.subject.partition("/")
    yield Fetched(collection="accounts", text=client.one(api.customer(customer_id)))
    request = api.invoice(customer_id, uid, webhook_notification_id=arrived.event_id)
    yield Fetched(collection="bills", text=client.one(request))


def _invoices(client: Client, customer_id: str, wanted: Wanted) -> Iterator[str]:
    back_to = wanted.start
    if wanted.watermark:
        window = wanted.watermark.date() - OVERLAP
        back_to = max(window, wanted.start or window)
    for status, first in (("FINALIZED", back_to), ("VOID", wanted.start)):
        ask = partial(api.invoices, customer_id, status=status, sort="date_desc")
        for text in client.records(ask):
            if first and (day := _day(text)) and day < first:
                break
            yield text


def _day(text: str) -> dt.date | None:
    """The day of issue; None when the invoice does not say one, which its reader will tell."""
    try:
        return dt.datetime.fromisoformat(_known(text).issued_at or "").date()
    except ValueError:
        return None


def _known(text: str) -> _Known:
    try:
        return msgspec.json.decode(text, type=_Known)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return _Known()
