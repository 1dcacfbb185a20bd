"""Reads m3ter's lists page by page and knows no stored Bills.

m3ter cannot be asked what changed since a moment: its list of Bills filters by Bill date, status and id only (API reference, read in
November 2026). So what may have changed is read: every Bill of the last weeks, every PENDING one, and those that were PENDING when
they were stored. Three things are not noticed so: a Bill dated before those weeks that is approved before and after a change, one that
is made and approved between two readings, and a deleted one. Reading from an earlier date finds the first two.
"""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from integrations import errors
from integrations.contract import Fetched, Transport, Wanted
from integrations.sources.asking import patiently
from integrations.sources.m3ter.api import TOO_MUCH, Page, list_request, page_of

OVERLAP = dt.timedelta(days=35)
"""A billing month and the days in which it is closed."""

LARGEST = 100
LISTS = {"accounts": "accounts", "products": "products", "aggregations": "aggregations", "compoundAggregations": "compoundaggregations"}


class _Named(msgspec.Struct):
    id: str


class Client:
    """The lists of one organization. `size` is how many records a page is asked to have; it falls when pages are too large."""

    def __init__(self, transport: Transport, organization: str) -> None:
        self._transport, self._organization = transport, organization
        self.size = LARGEST

    def records(self, path: str, **filters: Any) -> Iterator[str]:
        """Every record of a list as its own JSON text. Raises errors.Retry, Refused or Misconfigured at the page that did not come."""
        token = ""
        while True:
            page = patiently(partial(self._page, path, {**filters, "nextToken": token} if token else filters))
            yield from (bytes(record).decode(errors="surrogateescape") for record in page.data)
            if not page.nextToken:
                return
            if page.nextToken == token:
                raise errors.Refused("m3ter gave the same page of a list twice, so its end cannot be reached.", code="SOURCE_REPEATS")
            token = page.nextToken

    def bills(self, **filters: Any) -> Iterator[str]:
        return self.records("bills", includeBillTotal="true", **filters)

    def _page(self, path: str, filters: dict[str, Any]) -> Page:
        request = list_request(self._organization, path, {"pageSize": self.size, **filters})
        try:
            return page_of(self._transport.send(request), self._organization)
        except errors.Retry as failure:
            if failure.code in TOO_MUCH:
                self.size = max(1, self.size // 2)
            raise


def fetch(transport: Transport, organization: str, wanted: Wanted) -> Iterator[Fetched]:
    """Accounts and the catalogue whole, then the Bills. Raises as `Client.records` does; what came before is good."""
    client = Client(transport, organization)
    for collection, path in LISTS.items():
        yield from (Fetched(collection=collection, text=text) for text in client.records(path))
    bills = _since(client, wanted, wanted.watermark) if wanted.watermark else client.bills(**_from(wanted.start))
    yield from (Fetched(collection="bills", text=text) for text in bills)


def _since(client: Client, wanted: Wanted, watermark: dt.datetime) -> Iterator[str]:
    """What may have changed since the watermark."""
    window = watermark.date() - OVERLAP
    if wanted.start is not None and wanted.start >= window:
        window = wanted.start
    else:
        yield from _still_open(client, wanted, window)
    yield from client.bills(**_from(window))


def _still_open(client: Client, wanted: Wanted, window: dt.date) -> Iterator[str]:
    """Bills dated before the window: those that are PENDING at m3ter, and those that only we still have as PENDING."""
    pending = set()
    for text in client.bills(status="PENDING", billDateEnd=window, **_from(wanted.start)):
        pending.add(_id(text))
        yield text
    settled = [uid for uid in wanted.open_before(window) if uid not in pending]
    for start in range(0, len(settled), LARGEST):
        yield from client.bills(ids=",".join(settled[start : start + LARGEST]))


def _from(day: dt.date | None) -> dict[str, dt.date]:
    return {"billDateStart": day} if day else {}


def _id(text: str) -> str:
    try:
        return msgspec.json.decode(text, type=_Named).id
    except (msgspec.DecodeError, UnicodeEncodeError):
        return ""
