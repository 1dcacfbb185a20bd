"""Metronome's lists and records: how they are asked for and what its answers mean. Pure.

Source: Metronome's SDK 4.12.0 and API reference, read in November 2026.
"""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from integrations.contract import Answer, Request
from integrations.sources.answers import decoded, text_of

PLATFORM = "Metronome"
HOST = "https://api.metronome.com"
LARGEST = 100

_REMEDY = (
    "Check the API token, and that it may read customers, products and invoices: Connections > API tokens & webhooks in Metronome. "
    "An archived token opens nothing any more."
)


class Page(msgspec.Struct):
    """One page of a list; each record as the JSON text that it came in. The last page names no next one."""

    data: list[msgspec.Raw]
    next_page: str | None = None


class _One(msgspec.Struct):
    data: msgspec.Raw


def customers(**filters: Any) -> Request:
    return _get("/v1/customers", filters)


def customer(uid: str) -> Request:
    return _get(f"/v1/customers/{_quoted(uid)}", {})


def invoices(customer_id: str, **filters: Any) -> Request:
    return _get(f"/v1/customers/{_quoted(customer_id)}/invoices", filters)


def invoice(customer_id: str, uid: str, **filters: Any) -> Request:
    return _get(f"/v1/customers/{_quoted(customer_id)}/invoices/{_quoted(uid)}", filters)


def products(**filters: Any) -> Request:
    """A list that is asked for with a POST, which changes nothing."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    url = _url("/v1/contract-pricing/products/list", filters)
    return Request(method="POST", url=url, headers=headers, body=b'{"archive_filter":"ALL"}', safe=True)


def page_of(answer: Answer) -> Page:
    """errors.Misconfigured when we may not see it, errors.Retry when it may come later, else errors.Refused."""
    return decoded(answer, Page, PLATFORM, _REMEDY)


def one_of(answer: Answer) -> str:
    """The record's own JSON text."""
    return text_of(decoded(answer, _One, PLATFORM, _REMEDY).data)


def _get(path: str, filters: dict[str, Any]) -> Request:
    return Request(method="GET", url=_url(path, filters), headers={"Accept": "application/json"}, safe=True)


def _url(path: str, filters: dict[str, Any]) -> str:
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    return f"{HOST}{path}{f'?{urlencode(given)}' if given else ''}"


def _quoted(uid: str) -> str:
    return quote(uid, safe="")
