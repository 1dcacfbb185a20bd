"""The file lane: what an integration would send, as the destination's own import file."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from billing import store
from billing.models import Bill
from integrations import registry
from integrations.contract import CustomerStep, Fault, FileLane, Plan
from integrations.models import IntegrationConfig
from runs.build import Kit, lookups_for, plan_for, stamp_of
from runs.models import Delivery
from runs.select import Selector, chunks


@dataclass(frozen=True)
class Window:
    """Which Bills: by Bill date, both ends included, or of one `month`; `unsent` leaves out what the integration has delivered."""

    start: dt.date | None = None
    end: dt.date | None = None
    month: dt.date | None = None
    unsent: bool = False

    @classmethod
    def of(cls, start: dt.date | None, end: dt.date | None, unsent: bool = False) -> "Window":
        """Without any date, the previous billing period: the month before this one."""
        if start or end:
            return cls(start, end, unsent=unsent)
        return cls(month=(timezone.now().date().replace(day=1) - dt.timedelta(days=1)).replace(day=1), unsent=unsent)


@dataclass(frozen=True)
class Row:
    """One Bill: its lines of the file, none when its document is not for one, or why it cannot be built."""

    bill: Bill
    lines: Sequence[Sequence[str]] = ()
    fault: Fault | None = None


def lane_of(integration: IntegrationConfig) -> FileLane | None:
    return registry.destination(integration.system).file_lane


def rows(integration: IntegrationConfig, lane: FileLane, window: Window) -> Iterator[Row]:
    """What the file holds, Bill by Bill. Reads only what is stored here."""
    options = integration.options
    for bill, plan, fault in exported(integration, window):
        lines = () if fault else [line for document in plan.documents for line in lane.rows(document, options)]
        yield Row(bill, lines, fault)


def exported(integration: IntegrationConfig, window: Window) -> Iterator[tuple[Bill, Plan, Fault | None]]:
    """Every Bill that the options take in, with its plan and why it cannot be built, if so. A file looks for no customers."""
    selector = Selector.of(integration)
    for chunk in chunks(_bills(integration, window)):
        wanted = [bill for bill in chunk if not selector.not_wanted(bill)]
        yield from _planned(integration, wanted)


def _bills(integration: IntegrationConfig, window: Window) -> QuerySet[Bill]:
    bills = Bill.objects.filter(current_revision__isnull=False).select_related("account", "source", "current_revision").order_by("id")
    if window.month:
        bills = bills.filter(_in_month(window.month))
    if window.start:
        bills = bills.filter(bill_date__gte=window.start)
    if window.end:
        bills = bills.filter(bill_date__lte=window.end)
    if window.unsent:
        bills = bills.filter(~Exists(Delivery.objects.filter(bill=OuterRef("pk"), integration=integration).exclude(origin="")))
    return bills


def _in_month(first: dt.date) -> Q:
    """Whose period ends in the month or with it; a Bill without a period is of its date's month."""
    following = (first + dt.timedelta(days=31)).replace(day=1)
    ended = Q(period_end__gt=first, period_end__lte=following)
    return ended | Q(period_end=None, bill_date__gte=first, bill_date__lt=following)


def _planned(integration: IntegrationConfig, bills: list[Bill]) -> Iterator[tuple[Bill, Plan, Fault | None]]:
    destination, options = registry.destination(integration.system), integration.options
    documents = store.load([bill.current_revision for bill in bills if bill.current_revision is not None])
    owned = [(bill, documents[bill.current_revision.pk]) for bill in bills if bill.current_revision is not None]
    read_table = Kit.of(integration).client.catalogue if integration.connected else None
    lookups = lookups_for(integration, options, [(bill.source_id, document) for bill, document in owned], read_table)
    for bill, document in owned:
        number = bill.current_revision.number if bill.current_revision else 1
        stamp = replace(stamp_of(bill.source, number, 1), customer=CustomerStep.ABSENT)
        yield bill, *plan_for(destination, document, options, lookups[bill.source_id], stamp)
