"""Matches what a destination said against its table of known refusals; the table's last row takes what no other knows."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from integrations import errors
from integrations.contract import Fault

Next = Literal["retry", "rate", "auth", "person", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One known refusal. A row holds when the vendor's code is one of `codes` and `narrow` is found in its words, or when `says` is.

    `title`, `why`, `remedy`, `who`, `field` and `entity` are texts with {names}: groups of the patterns, and what the caller knows.
    """

    id: str
    code: str
    next: Next
    title: str
    why: str = ""
    remedy: str = ""
    who: str = ""
    codes: tuple[str, ...] = ()
    narrow: str = ""
    says: str = ""
    status: str = "ERROR"
    field: str = ""
    entity: str = ""
    after: dt.timedelta | None = None
    look: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One complaint of a destination: its code, its words, and the path or field it named."""

    code: str = ""
    words: str = ""
    path: str = ""


def match(table: Sequence[Row], said: Said, known: Mapping[str, str]) -> Fault:
    """The fault of the first row that the code names, else of the first that the words name, else of the last row.

    `known` fills the texts and must name everything that they use; what the words themselves name wins over it.
    """
    for row in table:
        if said.code in row.codes and (found := re.search(row.narrow, said.words, re.IGNORECASE)):
            return _filled(row, said, known, found)
    for row in table:
        if row.says and (found := re.search(row.says, said.words, re.IGNORECASE)):
            return _filled(row, said, known, found)
    return _filled(table[-1], said, known, None)


def failure(fault: Fault) -> errors.DeliveryError:
    """The error that a question, which changes nothing, ends in: whatever may pass by itself is asked again."""
    if fault.next in ("retry", "rate", "unknown"):
        return errors.Retry(fault.title, code=fault.code, detail=fault.detail, after=fault.after, rate=fault.next == "rate")
    kind = errors.Misconfigured if fault.next == "auth" or fault.code == "PERMISSION" else errors.Refused
    return kind(f"{fault.title} {fault.remedy}".strip(), code=fault.code, detail=fault.detail)


def _filled(row: Row, said: Said, known: Mapping[str, str], found: re.Match[str] | None) -> Fault:
    named = {name: text for name, text in (found.groupdict() if found else {}).items() if text}
    values = {"words": said.words or said.code, "vendor_code": said.code, "path": said.path, **known, **named}
    return Fault(
        code=row.code,
        next=row.next,
        title=row.title.format_map(values),
        why=row.why.format_map(values),
        remedy=row.remedy.format_map(values),
        who=row.who.format_map(values),
        detail=f"{said.code}: {said.words}" if said.code and said.words else said.code or said.words,
        status=row.status,
        field=row.field.format_map(values),
        entity=row.entity.format_map(values),
        after=row.after,
        look=row.look,
    )
