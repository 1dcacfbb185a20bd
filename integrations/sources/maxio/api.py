"""Maxio's lists and records: how they are asked for and what its answers mean. Pure.

A list of invoices has sums only, unless everything else is asked for. Source: Maxio's SDK 10.0.0, read in November 2026.
"""

import re
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from integrations.contract import Answer, Request
from integrations.sources.answers import decoded

PLATFORM = "Maxio"
LARGEST = 200
EVERYTHING = dict.fromkeys(("line_items", "discounts", "taxes", "credits", "payments", "refunds", "custom_fields"), "true")

_HOST = re.compile(r"[a-z0-9][a-z0-9-]{0,62}(\.chargify\.com|\.ebilling\.maxio\.com)?")
_REMEDY = "Check the site's subdomain and the API key, and that nobody removed the key: Config > Integrations > API keys in Maxio."

Wrapped = list[dict[str, msgspec.Raw]]


class Invoices(msgspec.Struct):
    invoices: list[msgspec.Raw]


class Snapshot(msgspec.Struct):
    """The invoice of an event, as far as it names invoices."""

    uid: str = ""
    parent_invoice_uid: str | None = None


class Detail(msgspec.Struct):
    refund_id: int | str | None = None
    transaction_time: str | None = None


class Event(msgspec.Struct):
    id: int
    event_type: str = ""
    timestamp: str = ""
    invoice: Snapshot | None = None
    event_data: Detail | None = None


class _Events(msgspec.Struct):
    events: list[Event]


def host_of(site: str) -> str:
    """The host of a site that is given by its subdomain or its whole host; "" when it is none."""
    text = site.strip().lower().removeprefix("https://").rstrip("/")
    found = _HOST.fullmatch(text)
    return "" if found is None else text if found[1] else f"{text}.chargify.com"


def get(site: str, path: str, **filters: Any) -> Request:
    """A question to the site whose host is `site`."""
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    url = f"https://{site}/{path}.json{f'?{urlencode(given)}' if given else ''}"
    return Request(method="GET", url=url, headers={"Accept": "application/json"}, safe=True)


def invoice_path(uid: str, list_of: str = "") -> str:
    return f"invoices/{quote(uid, safe='')}{f'/{list_of}' if list_of else ''}"


def wrapped_of(answer: Answer) -> list[msgspec.Raw]:
    """The records of a list, each in the object that Maxio wraps it in. Raises errors.Misconfigured, Retry or Refused."""
    return decoded(answer, list[msgspec.Raw], PLATFORM, _REMEDY)


def invoices_of(answer: Answer) -> list[msgspec.Raw]:
    return decoded(answer, Invoices, PLATFORM, _REMEDY).invoices


def events_of(answer: Answer) -> list[Event]:
    return decoded(answer, _Events, PLATFORM, _REMEDY).events


def fields_of(answer: Answer) -> dict[str, msgspec.Raw]:
    """One record, field by field."""
    return decoded(answer, dict[str, msgspec.Raw], PLATFORM, _REMEDY)
