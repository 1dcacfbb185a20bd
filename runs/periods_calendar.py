"""The posting periods of a destination's books: read, kept, and how many Bills wait for each."""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from integrations.contract import Period
from integrations.errors import DeliveryError
from integrations.models import IntegrationConfig
from runs.build import Kit
from runs.models import OPEN, Calendar, IntegrationRun, Status
from runs.present.standing import needs_person

BACK, AHEAD = dt.timedelta(days=3 * 366), dt.timedelta(days=366)
"""What is read lies so far before and after today."""


@dataclass(frozen=True)
class Spans:
    """Periods by their first day."""

    periods: Sequence[Period] = ()

    def of(self, day: dt.date | None) -> Period | None:
        """The period that a day lies in."""
        place = bisect_right(self.periods, day, key=lambda period: period.start) - 1 if day else -1
        found = self.periods[place] if place >= 0 else None
        return found if found and day and day <= found.end else None

    def name(self, day: dt.date) -> str:
        found = self.of(day)
        return found.name if found else ""


def kept(system: str, tenant: str) -> Calendar | None:
    return Calendar.objects.filter(system=system, tenant=tenant).first()


def spans(system: str, tenant: str) -> Spans:
    """As last read; none while nobody has read them."""
    calendar = kept(system, tenant)
    return Spans(calendar.periods if calendar else ())


def read(kit: Kit) -> Calendar:
    """Asks the destination. When it cannot answer, that is noted and what was read before stays."""
    today = timezone.now().date()
    calendar, _ = Calendar.objects.get_or_create(system=kit.integration.system, tenant=kit.tenant)
    try:
        found = list(kit.client.periods(today - BACK, today + AHEAD))
    except DeliveryError as error:
        calendar.failure = error.sentence
    else:
        calendar.spans = msgspec.to_builtins(found)
        calendar.read_at, calendar.failure = timezone.now(), ""
    calendar.save()
    return calendar


@dataclass
class HeldUp:
    """Bills dated in one period that are not posted: on their way, and stopped because it is closed. Money by currency."""

    waiting: int = 0
    waiting_money: dict[str, Decimal] = field(default_factory=dict)
    closed: int = 0
    closed_money: dict[str, Decimal] = field(default_factory=dict)


def held_up(integration: IntegrationConfig, calendar: Spans) -> dict[dt.date, HeldUp]:
    """By the first day of the period; of a month where the calendar knows none. Two queries, whatever the number of Bills."""
    runs = IntegrationRun.objects.filter(integration=integration, parent=None)
    found: dict[dt.date, HeldUp] = defaultdict(HeldUp)
    for day, currency, bills, money in _by_day(runs.filter(status__in=OPEN)):
        each = found[_first(calendar, day)]
        each.waiting += bills
        each.waiting_money[currency] = each.waiting_money.get(currency, Decimal(0)) + money
    for day, currency, bills, money in _by_day(needs_person(runs).filter(status=Status.ACCOUNTING_PERIOD_CLOSED)):
        each = found[_first(calendar, day)]
        each.closed += bills
        each.closed_money[currency] = each.closed_money.get(currency, Decimal(0)) + money
    return found


def _by_day(runs: QuerySet[IntegrationRun]) -> Iterator[tuple[dt.date, str, int, Decimal]]:
    """(day that the document is dated, currency, Bills, money)."""
    dated = runs.order_by().values_list("post_on", "revision__document__invoice_date", "bill__bill_date", "currency")
    for moved, given, day, currency, bills, money in dated.annotate(bills=Count("bill", distinct=True), money=Sum("amount")):
        yield moved or (dt.date.fromisoformat(given) if given else day), currency, bills, money


def _first(calendar: Spans, day: dt.date) -> dt.date:
    found = calendar.of(day)
    return found.start if found else day.replace(day=1)
