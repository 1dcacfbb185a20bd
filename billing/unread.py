"""Arrivals that are not read yet: a text that is the very one of its Bill's current revision need not be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import F, Q

from billing.bill import Bill
from billing.models import Bill as StoredBill
from billing.models import Source


@dataclass(frozen=True, slots=True)
class Unread:
    """A Bill by its text alone: the id that it seems to have, and its reader, which answers None for one that it rejects."""

    uid: str
    read: Callable[[], Bill | None]


Arrival = tuple[str, Bill | Unread, str]
"""Where the record stands in its input, the Bill, and the source's own JSON text of it."""

Read = tuple[str, Bill, str]

SEEN_LAST = Q(source_version=None) | Q(source_version=F("current_revision__source_version"))
"""Nothing newer that changed nothing has come since the current revision: it may have moved the lock."""


def read(source: Source, chunk: Sequence[Arrival], schema: int) -> tuple[list[Read], int]:
    """The arrivals that may say something new, in order, and how many others there are.

    A text that came before is read all the same where the chunk has another one of the same Bill: it may be one that comes back.
    """
    same = _same(source, chunk, schema)
    bills = {place: _bill(said) for place, (_, said, _) in enumerate(chunk) if place not in same}
    changing = {bill.source_id for bill in bills.values() if bill is not None}
    bills |= {place: _bill(chunk[place][1]) for place, uid in same.items() if uid in changing}
    fresh = [(chunk[place][0], bill, chunk[place][2]) for place, bill in sorted(bills.items()) if bill is not None]
    return fresh, sum(place not in bills for place in same)


def _bill(said: Bill | Unread) -> Bill | None:
    return said.read() if isinstance(said, Unread) else said


def _same(source: Source, chunk: Sequence[Arrival], schema: int) -> dict[int, str]:
    """The places in the chunk, and the Bills' ids, of texts that are word for word what is current, as this reader reads it."""
    uids = {said.uid for _, said, _ in chunk if isinstance(said, Unread) and said.uid}
    if not uids:
        return {}
    held = StoredBill.objects.filter(source=source.pk, uid__in=uids, current_revision__schema=schema)
    current = dict(held.filter(SEEN_LAST).order_by().values_list("uid", "current_revision__raw"))
    return {
        place: said.uid
        for place, (_, said, raw) in enumerate(chunk)
        if isinstance(said, Unread) and said.uid and current.get(said.uid) == raw
    }
