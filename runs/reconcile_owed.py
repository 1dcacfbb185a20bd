"""What must stand at the destination for a period, Bill by Bill, small enough to be kept for all of them."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.models import Bill
from runs.build import Kit
from runs.models import Delivery
from runs.select import Selector, chunks
from runs.slots import MAIN

AROUND = dt.timedelta(days=62)
"""A Bill's own date and its document's lie at most so far apart."""


@dataclass(slots=True)
class Owed:
    """A Bill of the period and what it owes there: `day` its document must be dated, `found` once its document was listed."""

    bill: int
    key: str
    amount: Decimal
    currency: str
    day: dt.date
    found: bool = False


def owed(kit: Kit, start: dt.date, end: dt.date) -> Iterator[Owed]:
    """The Bills of the period that went through this integration, or should have."""
    near = Bill.objects.filter(bill_date__gte=start - AROUND, bill_date__lte=end + AROUND, current_revision__isnull=False)
    near = near.select_related("account", "source", "current_revision").defer("current_revision__raw").order_by("id")
    selector = Selector.of(kit.integration)
    for chunk in chunks(near):
        deliveries = {each.bill_id: each for each in _in_books(kit).filter(slot=MAIN, bill__in=chunk)}
        for bill in chunk:
            day, delivery = document_day(bill), deliveries.get(bill.pk)
            if start <= day <= end and _expected(kit, bill, delivery, selector):
                yield Owed(bill.pk, _key(bill, delivery), _amount(bill, delivery), bill.currency, day)


def document_day(bill: Bill) -> dt.date:
    """What the Bill's document is dated, as long as its period is open."""
    given = bill.current_revision.document.get("invoice_date") if bill.current_revision else None
    return dt.date.fromisoformat(given) if given else bill.bill_date


def delivered(kit: Kit) -> Any:
    """Main documents in the tenant's books."""
    return documents(kit).filter(slot=MAIN)


def documents(kit: Kit) -> Any:
    """All that we know in the tenant's books, in whatever slot, each with its Bill and revision."""
    known = _in_books(kit).select_related("revision", "bill__account", "settled_by")
    return known.defer("revision__raw", "revision__document", "settled_by__explanation")


def _in_books(kit: Kit) -> Any:
    return Delivery.objects.filter(system=kit.integration.system, tenant=kit.tenant)


@dataclass(frozen=True)
class Told:
    """A Bill with what we know of its document."""

    bill: Bill
    delivery: Delivery | None

    @property
    def sent(self) -> Delivery | None:
        return self.delivery if self.delivery and self.delivery.delivered else None


def told(kit: Kit, bills: Iterable[int]) -> dict[int, Told]:
    """Bills by their id, with Account, source and current revision. Two queries."""
    wanted = list(bills)
    rows = Bill.objects.filter(pk__in=wanted).select_related("account", "source", "current_revision")
    deliveries = {each.bill_id: each for each in delivered(kit).filter(bill__in=wanted)} if wanted else {}
    rows = rows.defer("current_revision__raw", "current_revision__document")
    return {bill.pk: Told(bill, deliveries.get(bill.pk)) for bill in rows} if wanted else {}


def _expected(kit: Kit, bill: Bill, delivery: Delivery | None, selector: Selector) -> bool:
    if delivery and delivery.delivered:
        return delivery.integration_id == kit.integration.pk and bill.status != Bill.Status.VOID
    return not selector.not_wanted(bill)


def _key(bill: Bill, delivery: Delivery | None) -> str:
    return delivery.key if delivery and delivery.key else bill.uid


def _amount(bill: Bill, delivery: Delivery | None) -> Decimal:
    """What was posted of the current revision; the Bill's own total while that is not posted."""
    posted = delivery is not None and delivery.delivered and delivery.revision_id == bill.current_revision_id
    return delivery.total if posted and delivery and delivery.total is not None else bill.total
