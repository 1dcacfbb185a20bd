"""One Bill's revisions while arrivals are sorted in: what is new, what is current, what is late. No queries."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

from billing import bill as canonical
from billing.directory import cut
from billing.document import digest, document_of
from billing.models import Account, Bill, BillRevision

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
class Shelf:
    """One Bill's revisions while a chunk is sorted in: `digest` of the current one, `last` the highest number, `seen` the stored ones."""

    bill: Bill
    digest: str = ""
    last: int = 0
    seen: set[Identity] = field(default_factory=set)
    added: list[BillRevision] = field(default_factory=list)
    current: BillRevision | None = None
    touched: bool = False

    def take(self, arrival: canonical.Bill, raw: str, schema: int, account: Account) -> Outcome:
        said = digest(arrival)
        older = is_older(arrival, self.bill)
        identity = identity_of(arrival.version, arrival.updated_at, said)
        unchanged = said == self.digest or (older and identity in self.seen)
        if not older:
            self._follow(arrival, account, unchanged)
        if unchanged:
            return "unchanged"
        self.last += 1
        self.seen.add(identity)
        self.added.append(_revision(self.bill, self.last, arrival, raw, schema, said))
        if not older:
            self.current, self.digest = self.added[-1], said
            self.touched |= self.last > 1
        return "revised" if self.last > 1 else "created"

    def _follow(self, arrival: canonical.Bill, account: Account, unchanged: bool) -> None:
        """The columns follow the arrival; one that changed nothing moves the lock and the watermark only."""
        values = _watermark(arrival) if unchanged else columns(arrival, account)
        for name, value in values.items():
            if getattr(self.bill, name) != value:
                setattr(self.bill, name, value)
                self.touched = True


def is_older(arrival: canonical.Bill, bill: Bill) -> bool:
    if arrival.version is not None and bill.source_version is not None:
        return arrival.version < bill.source_version
    if arrival.updated_at is not None and bill.source_updated_at is not None:
        return arrival.updated_at < bill.source_updated_at
    return False


def identity_of(version: int | None, updated_at: dt.datetime | None, said: str) -> Identity:
    return (version, None, said) if version is not None else (None, updated_at, said)


def _watermark(arrival: canonical.Bill) -> dict[str, Any]:
    seen = {"source_version": arrival.version, "source_updated_at": arrival.updated_at}
    return {"locked": arrival.locked} | {name: value for name, value in seen.items() if value is not None}


def columns(arrival: canonical.Bill, account: Account) -> dict[str, Any]:
    """The columns of a Bill whose current revision this is."""
    values = {
        "account_id": account.pk,
        "number": arrival.number,
        "currency": arrival.currency,
        "total": arrival.total,
        "bill_date": arrival.bill_date,
        "due_date": arrival.due_date,
        "period_start": arrival.period and arrival.period.start,
        "period_end": arrival.period and arrival.period.end,
        "status": arrival.status,
        "parent_bill": arrival.parent_bill,
        "consolidation_level": arrival.consolidation_level,
    }
    return cut(Bill, values) | _watermark(arrival)


def _revision(bill: Bill, number: int, arrival: canonical.Bill, raw: str, schema: int, said: str) -> BillRevision:
    return BillRevision(
        bill=bill,
        number=number,
        source_version=arrival.version,
        source_updated_at=arrival.updated_at,
        schema=schema,
        digest=said,
        document=document_of(arrival),
        raw=raw,
    )
