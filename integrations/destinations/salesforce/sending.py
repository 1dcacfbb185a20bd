"""What the three ways of sending share."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from integrations.contract import Request, Sending
from integrations.destinations.salesforce.fields import Names

HEADERS = {"Content-Type": "application/json"}
MakeKey = Callable[[Sequence[str], bytes], str]
encode = msgspec.json.Encoder(decimal_format="number").encode


def request(url: str, content: Any, members: Sequence[str], key: MakeKey) -> Request:
    body = encode(content)
    return Request(method="POST", url=url, headers=HEADERS, body=body, key=key(members, body), members=tuple(members))


def gone(sending: Sending) -> list[str]:
    """The ids of the lines that stand there and that the Bill has no more."""
    kept = {line["key"] for line in sending.document.body["lines"]}
    return [record_id for key, record_id in sending.lines.items() if key not in kept]


def opened(sending: Sending, names: Names) -> dict[str, Any]:
    """The header before its lines: without the tag and marked incomplete, so that half a Bill is never taken for a whole one."""
    record: dict[str, Any] = sending.document.body["record"]
    return record | names.stored({"tag": None, "complete": False})


def closing(sending: Sending, names: Names) -> dict[str, Any]:
    """What is written last, when every line is there."""
    return names.stored({"tag": sending.document.tag, "complete": True})
