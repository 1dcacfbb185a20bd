"""The numbers of the first page: per integration what is posted, waiting and failed, per day what ended how, and what holds up money."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from billing.models import Bill
from integrations.models import IntegrationConfig
from runs.models import NEEDS_PERSON, OPEN, IntegrationRun, Problem, Status

SPANS = (7, 14, 30)
MOST_PROBLEMS = 5


@dataclass
class Tally:
    """How many, and their money per currency, most runs first."""

    count: int = 0
    runs: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, currency: str, count: int, amount: Decimal) -> None:
        self.count += count
        self.runs[currency] += count
        self.sums[currency] += amount

    @property
    def money(self) -> dict[str, Decimal]:
        return {currency: self.sums[currency] for currency in sorted(self.sums, key=lambda each: (-self.runs[each], each))}


@dataclass
class Lane:
    """One integration's card."""

    integration: IntegrationConfig
    posted: Tally = field(default_factory=Tally)
    waiting: Tally = field(default_factory=Tally)
    failed: Tally = field(default_factory=Tally)
    oldest_unsent: dt.datetime | None = None
    last_run: dt.datetime | None = None


def newest_only(runs: QuerySet[IntegrationRun]) -> QuerySet[IntegrationRun]:
    """Without runs that a later run of the same slot has taken over from."""
    later = IntegrationRun.objects.filter(delivery=OuterRef("delivery"), dt_created__gt=OuterRef("dt_created"))
    return runs.filter(~Exists(later))


def lanes(days: int) -> list[Lane]:
    """A card per integration that is not archived."""
    found = {lane.integration.pk: lane for lane in map(Lane, _integrations())}
    since = timezone.now() - dt.timedelta(days=days)
    runs = IntegrationRun.objects.filter(integration__in=found, parent=None)
    for tally, chosen in (
        ("posted", runs.filter(status=Status.COMPLETE, dt_completed__gte=since)),
        ("waiting", runs.filter(status__in=set(OPEN) - set(NEEDS_PERSON))),
        ("failed", newest_only(runs.filter(status__in=NEEDS_PERSON))),
    ):
        for row in chosen.order_by().values("integration", "currency").annotate(n=Count("pk"), total=Sum("amount")):
            getattr(found[row["integration"]], tally).add(row["currency"], row["n"], row["total"])
    _note_times(found, runs)
    return list(found.values())


def _note_times(found: Mapping[UUID, Lane], runs: QuerySet[IntegrationRun]) -> None:
    unsent = newest_only(runs.filter(status__in={*OPEN, *NEEDS_PERSON}))
    for pk, oldest in unsent.order_by().values("integration").annotate(oldest=Min("dt_created")).values_list("integration", "oldest"):
        found[pk].oldest_unsent = oldest
    started = runs.filter(Q(dt_started__isnull=False) | Q(sequence__gt=0), integration=OuterRef("pk"))
    newest = started.order_by("-dt_created", "-id").values(at=Coalesce("dt_started", "dt_created"))[:1]
    for pk, last in _integrations().annotate(last=Subquery(newest)).values_list("pk", "last"):
        found[pk].last_run = last


def _integrations() -> QuerySet[IntegrationConfig]:
    return IntegrationConfig.objects.filter(archived_at=None).select_related("credential", "current_version")


def per_day(days: int) -> list[dict[str, Any]]:
    """Rows {label, posted, failed} for each of the last days, by the UTC day on which the runs ended."""
    today = timezone.now().date()
    first = today - dt.timedelta(days=days - 1)
    midnight = dt.datetime.combine(first, dt.time(), dt.UTC)
    runs = IntegrationRun.objects.filter(dt_completed__gte=midnight, parent=None)
    ended = runs.order_by().annotate(day=TruncDate("dt_completed")).values("day")
    failed = Q(status__in=NEEDS_PERSON)
    counts = {
        row["day"]: row for row in ended.annotate(posted=Count("pk", filter=Q(status=Status.COMPLETE)), failed=Count("pk", filter=failed))
    }
    rows = []
    for day in (first + dt.timedelta(days=number) for number in range(days)):
        row = counts.get(day, {"posted": 0, "failed": 0})
        label = f"{day:%-d %b}" if day in (first,) or day.day == 1 else f"{day.day}"
        rows.append({"label": label, "posted": row["posted"], "failed": row["failed"]})
    return rows


@dataclass
class Held:
    """A problem with what it holds up."""

    problem: Problem
    tally: Tally = field(default_factory=Tally)
    oldest: dt.datetime | None = None


def held_up() -> list[Held]:
    """Open problems ranked by money: the currency with the most Bills first, by amount."""
    found = {problem.pk: Held(problem) for problem in Problem.objects.filter(state=Problem.State.OPEN).select_related("integration")}
    rows = Problem.objects.filter(pk__in=found).order_by().values("pk", "runs__currency")
    for row in rows.annotate(n=Count("runs"), total=Sum("runs__amount"), oldest=Min("runs__dt_created")):
        if row["n"]:
            held = found[row["pk"]]
            held.tally.add(row["runs__currency"], row["n"], row["total"])
            held.oldest = min(filter(None, (held.oldest, row["oldest"])))
    return ranked(found.values())


def ranked(problems: Iterable[Held]) -> list[Held]:
    every = list(problems)
    bills: dict[str, int] = defaultdict(int)
    for held in every:
        for currency, count in held.tally.runs.items():
            bills[currency] += count
    order = sorted(bills, key=lambda currency: -bills[currency])
    return sorted(every, key=lambda held: [-held.tally.sums.get(currency, Decimal(0)) for currency in order])


def first_steps() -> dict[str, Any] | None:
    """The three steps of a new installation with what is done already, or None once a Bill has been posted."""
    if IntegrationRun.objects.filter(status=Status.COMPLETE, parent=None).exists():
        return None
    integration = _integrations().order_by("created_at").first()
    done = (integration is not None, integration is not None and integration.connected, Bill.objects.exists())
    return {"integration": integration, "done": done, "current": next((number for number, each in enumerate(done, 1) if not each), 0)}


def context(asked: str = "") -> dict[str, Any]:
    """Everything that the first page shows, for the number of days asked for."""
    days = int(asked) if asked in map(str, SPANS) else 14
    cards, problems = lanes(days), held_up()
    posted, failed = sum(lane.posted.count for lane in cards), Tally()
    for lane in cards:
        for currency, amount in lane.failed.money.items():
            failed.add(currency, lane.failed.runs[currency], amount)
    return {
        "days": days,
        "spans": SPANS,
        "lanes": cards,
        "chart": per_day(days),
        "held_up": problems[:MOST_PROBLEMS],
        "held_up_count": len(problems),
        "posted": posted,
        "all_runs": posted + sum(lane.waiting.count + lane.failed.count for lane in cards),
        "failed": failed,
        "first_steps": first_steps(),
    }
