"""Reads Maxio's lists page by page and knows no stored Bills.

What changed is told by the feed of invoice events, in ascending order: each invoice that it names is read once, as it is now. The first
page is asked for by date, each further one by the id of the last event seen, so that nothing can fall between two pages.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import msgspec

from integrations import errors
from integrations.contract import Answer, Arrived, Fetched, Request, Transport, Wanted
from integrations.sources.answers import text_of
from integrations.sources.asking import patiently
from integrations.sources.maxio import api
from integrations.sources.maxio.api import EVERYTHING, LARGEST, Event

OVERLAP = dt.timedelta(days=1)
"""Events are asked for from the beginning of a day of the site's own clock."""

LISTS = {"accounts": "customers", "products": "products", "components": "components"}
SUBSCRIPTION = "subscription/"
"""What stands before a subscription's id in what an event is about; all else is an invoice's uid."""

_T = TypeVar("_T")
_NEWS = dt.timedelta(days=2)


class _About(msgspec.Struct):
    """What an invoice must say to be made complete."""

    uid: str = ""
    issue_date: str | None = None
    consolidation_level: str | None = None
    refunds: list[dict[str, msgspec.Raw]] | None = None


class Client:
    """The lists of one site. Raises errors.Retry, Refused or Misconfigured at the answer that did not come."""

    def __init__(self, transport: Transport, site: str) -> None:
        self._transport, self._site = transport, site

    def records(self, path: str) -> Iterator[str]:
        yield from map(text_of, self._pages(path, api.wrapped_of))

    def invoices(self, **filters: object) -> Iterator[str]:
        for record in self._pages("invoices", api.invoices_of, **EVERYTHING, direction="asc", **filters):
            yield self._complete(record)

    def invoice(self, uid: str) -> str:
        fields = self._ask(api.invoice_path(uid), api.fields_of)
        return self._complete(fields["invoice"] if set(fields) == {"invoice"} else msgspec.Raw(msgspec.json.encode(fields)))

    def changed(self, since: dt.date) -> list[str]:
        """The invoices that events since the beginning of a day name, and their consolidated invoices, once each, as first named."""
        found: dict[str, None] = {}
        for event in self._events(since):
            if event.invoice:
                found |= dict.fromkeys(filter(None, (event.invoice.uid, event.invoice.parent_invoice_uid)))
        return list(found)

    def _events(self, since: dt.date) -> Iterator[Event]:
        ask = partial(self._ask, "invoices/events", api.events_of, per_page=LARGEST, with_change_invoice_status="true")
        page = ask(since_date=since)
        while page:
            yield from page
            last = page[-1].id
            page = ask(since_id=last)
            if page and page[0].id <= last:
                raise _repeats()

    def _complete(self, record: msgspec.Raw) -> str:
        """With the lines of a consolidated invoice, which are on its segments, and the day of each refund, which only events tell."""
        try:
            about, fields = msgspec.json.decode(record, type=_About), msgspec.json.decode(record, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return text_of(record)
        if about.consolidation_level == "parent":
            segments = self._pages(api.invoice_path(about.uid, "segments"), api.invoices_of, **EVERYTHING)
            fields["segments"] = msgspec.Raw(msgspec.json.encode(list(segments)))
        if about.refunds and any("transaction_time" not in refund for refund in about.refunds):
            fields["refunds"] = msgspec.Raw(msgspec.json.encode(self._dated(about.uid, about.refunds)))
        return msgspec.json.encode(fields).decode(errors="surrogateescape")

    def _dated(self, uid: str, refunds: list[dict[str, msgspec.Raw]]) -> list[dict[str, msgspec.Raw]]:
        events = self._ask("invoices/events", api.events_of, invoice_uid=uid, event_types="refund_invoice", per_page=LARGEST)
        told_by = [(event, event.event_data) for event in events if event.event_data]
        days = {str(detail.refund_id): detail.transaction_time or event.timestamp for event, detail in told_by}
        dated = []
        for refund in refunds:
            told = days.get(text_of(refund.get("transaction_id", msgspec.Raw(b""))).strip('"'))
            dated.append(refund | {"transaction_time": msgspec.Raw(msgspec.json.encode(told))} if told else refund)
        return dated

    def _pages(self, path: str, read: Callable[[Answer], list[msgspec.Raw]], **filters: object) -> Iterator[msgspec.Raw]:
        number, before = 1, b""
        while page := self._ask(path, read, page=number, per_page=LARGEST, **filters):
            if bytes(page[0]) == before:
                raise _repeats()
            yield from page
            number, before = number + 1, bytes(page[0])

    def _ask(self, path: str, read: Callable[[Answer], _T], **filters: object) -> _T:
        request: Request = api.get(self._site, path, **filters)
        return patiently(lambda: read(self._transport.send(request)))


def fetch(transport: Transport, site: str, wanted: Wanted) -> Iterator[Fetched]:
    """Customers and the catalogue whole, then invoices. Raises as `Client` does; what came before is good."""
    client = Client(transport, site)
    for collection, path in LISTS.items():
        yield from (Fetched(collection=collection, text=text) for text in client.records(path))
    yield from (Fetched(collection="bills", text=text) for text in _invoices(client, wanted))


def fetch_one(transport: Transport, site: str, arrived: Arrived) -> Iterator[Fetched]:
    """The invoice that an event is about, or those of its subscription that changed lately, as they are now."""
    client = Client(transport, site)
    if arrived.subject.startswith(SUBSCRIPTION):
        since = dt.datetime.now(dt.UTC).date() - _NEWS
        uid = arrived.subject.removeprefix(SUBSCRIPTION)
        texts = client.invoices(subscription_id=uid, date_field="updated_at", start_date=since)
    else:
        texts = iter([client.invoice(arrived.subject)])
    yield from (Fetched(collection="bills", text=text) for text in texts)


def _invoices(client: Client, wanted: Wanted) -> Iterator[str]:
    if wanted.watermark is None:
        yield from client.invoices(date_field="issue_date", start_date=wanted.start)
        return
    for uid in client.changed(wanted.watermark.date() - OVERLAP):
        text = client.invoice(uid)
        if wanted.start is None or _issued(text) >= wanted.start.isoformat():
            yield text


def _issued(text: str) -> str:
    """The day of issue; one that is not told comes after every other, so that the reader tells."""
    try:
        return msgspec.json.decode(text, type=_About).issue_date or "9999"
    except (msgspec.DecodeError, UnicodeEncodeError):
        return "9999"


def _repeats() -> errors.Refused:
    return errors.Refused("Maxio gave the same page of a list twice, so its end cannot be reached.", code="SOURCE_REPEATS")
