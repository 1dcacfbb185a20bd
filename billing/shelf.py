"""One Bill's revisions while arrivals are sorted in: what is new, what is current, what is late. No queries."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from billing import bill as canonical
from billing.directory import cut
from billing.document import digest
from billing.models import Bill

Outcome = Literal["created", "revised", "unchanged"]
Identity = tuple[int | None, dt.datetime | None, str]
"""The source's version, or its time where there is none, and the digest: what makes two late arrivals the same."""

COLUMNS = (
    "account_id",
    "number",
    "currency",
    "total",
    "bill_date",
    "due_date",
    "period_start",
    "period_end",
    "status",
    "parent_bill",
    "consolidation_level",
    "locked",
    "source_version",
    "source_updated_at",
)
"""The columns of a Bill that follow its current revision."""


@dataclass(slots=True)
class Revision:
    """A revision to be stored; `pk` once it has one."""

    number: int
    bill: canonical.Bill
    raw: str
    digest: str
    pk: int = 0


@dataclass(slots=True)
class Shelf:
    """One Bill's revisions while a chunk is sorted in, and its columns by name.

    `digest` is that of the current revision, `schema` its reader's; `last` the highest number, `seen` what is stored, where asked.
    `pk` and `current_pk` are those of the stored rows, 0 where there are none. `touched`: columns differ from those stored.
    """

    uid: str
    columns: dict[str, Any] = field(default_factory=dict)
    pk: int = 0
    current_pk: int = 0
    digest: str = ""
    schema: int = 0
    last: int = 0
    seen: set[Identity] = field(default_factory=set)
    added: list[Revision] = field(default_factory=list)
    current: Revision | None = None
    touched: bool = False

    def take(self, arrival: canonical.Bill, raw: str, account: int | None) -> Outcome:
        """Sorts in an arrival of the Account with this key."""
        said = digest(arrival)
        older = self.is_newer_than(arrival)
        identity = identity_of(arrival.version, arrival.updated_at, said)
        unchanged = said == self.digest or (older and identity in self.seen)
        if not older:
            self._follow(_watermark(arrival) if unchanged else _columns(arrival, account))
        if unchanged:
            return "unchanged"
        self.last += 1
        self.seen.add(identity)
        self.added.append(Revision(self.last, arrival, raw, said))
        if not older:
            self.current, self.digest, self.touched = self.added[-1], said, True
        return "revised" if self.last > 1 else "created"

    def is_newer_than(self, arrival: canonical.Bill) -> bool:
        version, updated_at = self.columns.get("source_version"), self.columns.get("source_updated_at")
        if arrival.version is not None and version is not None:
            return arrival.version < int(version)
        if arrival.updated_at is not None and updated_at is not None:
            return bool(arrival.updated_at < updated_at)
        return False

    def _follow(self, values: Mapping[str, Any]) -> None:
        """The columns follow an arrival; one that changed nothing moves the lock and the watermark only."""
        self.touched |= any(self.columns.get(name) != value for name, value in values.items())
        self.columns.update(values)


def identity_of(version: int | None, updated_at: dt.datetime | None, said: str) -> Identity:
    return (version, None, said) if version is not None else (None, updated_at, said)


def _watermark(arrival: canonical.Bill) -> dict[str, Any]:
    seen = {"source_version": arrival.version, "source_updated_at": arrival.updated_at}
    return {"locked": arrival.locked} | {name: value for name, value in seen.items() if value is not None}


def _columns(arrival: canonical.Bill, account: int | None) -> dict[str, Any]:
    """The columns of a Bill whose current revision this is."""
    texts = {
        "number": arrival.number,
        "currency": arrival.currency,
        "status": arrival.status,
        "parent_bill": arrival.parent_bill,
        "consolidation_level": arrival.consolidation_level,
    }
    values = {
        "account_id": account,
        "total": arrival.total,
        "bill_date": arrival.bill_date,
        "due_date": arrival.due_date,
        "period_start": arrival.period and arrival.period.start,
        "period_end": arrival.period and arrival.period.end,
    }
    return cut(Bill, texts) | values | _watermark(arrival)
