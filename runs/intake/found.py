"""A raw record, found in a file."""

from dataclasses import dataclass
from typing import Any

LONGEST_SHOWN = 60
BILLS = "bills"
"""The collection of Bills; the source's package names the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record as it stands in its file: in which collection, its value, its own JSON text. With a `fault`, why it cannot be a record."""

    where: str
    collection: str = ""
    value: Any = None
    raw: str = ""
    fault: str = ""


def position(collection: str, number: int, value: Any) -> str:
    """Which record of its collection it is, for people: "bill 3 (id b-77)"."""
    shown = " ".join(seeming_id(value).split())
    known = f" (id {shown[:LONGEST_SHOWN]}{'…' if len(shown) > LONGEST_SHOWN else ''})" if shown else ""
    return f"{collection.removesuffix('s')} {number}{known}"


def seeming_id(value: Any) -> str:
    """What looks like the record's id before any reader has read it, else ""."""
    uid = (value.get("id") or value.get("uid")) if isinstance(value, dict) else None
    return str(uid) if uid and isinstance(uid, str | int) and uid is not True else ""
