"""m3ter's lists: how they are asked for and what its answers mean. Pure.

Source: m3ter's API reference and its page on HTTP error codes, read in November 2026.
"""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from integrations import errors
from integrations.contract import Answer, Request
from integrations.http import redact_text
from integrations.sources.asking import retry_after

PLATFORM = "m3ter"
HOST = "https://api.m3ter.com"
TOO_MUCH = frozenset({"SOURCE_TOO_LARGE", "SOURCE_GATEWAY", "NO_ANSWER"})
"""Codes of errors.Retry behind which a page may have been too large: asked again, a smaller one is better."""

_LONGEST_WORDS = 300
_TOO_LARGE, _TOO_MANY = 413, 429
_GATEWAY = (502, 504)


class Page(msgspec.Struct):
    """One page of a list; each record as the JSON text that it came in. The last page names no next one."""

    data: list[msgspec.Raw]
    nextToken: str | None = None


class _Refusal(msgspec.Struct):
    message: str = ""


def list_request(organization: str, path: str, filters: dict[str, Any]) -> Request:
    url = f"{HOST}/organizations/{quote(organization, safe='')}/{path}?{urlencode(filters)}"
    return Request(method="GET", url=url, headers={"Accept": "application/json"}, safe=True)


def page_of(answer: Answer, organization: str) -> Page:
    """errors.Retry when there may be one later, errors.Misconfigured when we may not see it, else errors.Refused."""
    if answer.status != 200:
        raise _failure(answer, organization)
    try:
        return msgspec.json.decode(answer.body, type=Page)
    except msgspec.DecodeError as error:
        raise errors.Retry("m3ter's answer is not a list.", code="SOURCE_UNREADABLE", detail=str(error)) from error


def words(answer: Answer) -> str:
    """What m3ter itself says about a refusal, or ""."""
    try:
        said = msgspec.json.decode(answer.body, type=_Refusal).message
    except msgspec.DecodeError:
        return ""
    return redact_text(said)[:_LONGEST_WORDS]


def _failure(answer: Answer, organization: str) -> errors.DeliveryError:
    status, said = answer.status, words(answer)
    if status in (401, 403):
        return errors.Misconfigured(
            f"m3ter does not let us into the organization {organization}. Check the organization id, and give the service user of "
            "this access key a permission policy that may retrieve Accounts, Products, Aggregations and Bills.",
            code="PERMISSION",
            detail=said,
        )
    if status == _TOO_MANY:
        return errors.Retry("m3ter takes no more requests for now.", code="SOURCE_RATE", detail=said, after=retry_after(answer), rate=True)
    if status == _TOO_LARGE or status >= 500:
        code = "SOURCE_TOO_LARGE" if status == _TOO_LARGE else "SOURCE_GATEWAY" if status in _GATEWAY else "SOURCE_BUSY"
        return errors.Retry(f"m3ter could not answer (HTTP {status}).", code=code, detail=said, after=retry_after(answer))
    sentence = f"m3ter refused to give a list (HTTP {status}){f': {said}' if said else ''}"
    return errors.Refused(f"{sentence.rstrip('.')}.", code="SOURCE_REFUSED", detail=said)
