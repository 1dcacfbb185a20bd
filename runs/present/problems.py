"""The list of problems, ranked by the money that they hold up."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, F, Min, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from runs.models import IntegrationRun, Problem, Status
from runs.present import fixes, links
from runs.present.fixes import Button
from runs.present.progress import Progress, progress_of
from runs.present.words import Fix, words_of
from runs.problem_orders import RETRIED

MOST = 200
MOST_NAMED = 3
STATES = {"open": "Open", "mine": "Mine", "snoozed": "Snoozed", "closed": "Closed"}

Viewer = User | AnonymousUser


@dataclass(frozen=True)
class Chosen:
    """What the list shows: a state ("mine" are open ones that the user looks after), one integration, one code."""

    user: Viewer
    state: str = "open"
    integration: UUID | None = None
    code: str = ""

    def rows(self) -> QuerySet[Problem]:
        rows = self.of_any_state().filter(state="open" if self.state == "mine" else self.state)
        return rows.filter(owner=self.user.pk) if self.state == "mine" else rows

    def of_any_state(self) -> QuerySet[Problem]:
        rows = Problem.objects.filter(integration=self.integration) if self.integration else Problem.objects.all()
        return rows.filter(code=self.code) if self.code else rows


@dataclass(frozen=True)
class Held:
    """What one or more problems hold up: each Bill once, money by currency, most Bills first. `lost` answers can be asked for."""

    bills: int = 0
    money: Mapping[str, Decimal] = field(default_factory=dict)
    retriable: int = 0
    lost: int = 0
    oldest: dt.datetime | None = None


@dataclass(frozen=True)
class Cause:
    """One problem as a row. `button` leads to where it is fixed, `progress` is of a retry that is under way."""

    problem: Problem
    held: Held
    named: Sequence[IntegrationRun]
    button: Button | None
    progress: Progress | None

    @property
    def money(self) -> Mapping[str, Decimal]:
        return self.held.money

    @property
    def oldest(self) -> dt.datetime:
        return self.held.oldest or self.problem.opened_at

    @property
    def unnamed(self) -> int:
        return max(0, self.held.bills - len({run.bill_id for run in self.named}))


def together(problems: QuerySet[Problem]) -> Held:
    """What they all hold up; a Bill that two of them hold counts once."""
    blocked = Problem.runs.through.objects.filter(problem__in=problems.order_by().values("pk"))
    runs = IntegrationRun.objects.filter(pk__in=blocked.values("integrationrun"))
    return next(iter(_held(runs.order_by().values("currency")).values()), Held())


def held_by(problems: Iterable[Problem]) -> dict[int, Held]:
    """By problem. One query."""
    runs = IntegrationRun.objects.filter(problems__in=list(problems)).order_by()
    return _held(runs.values("problems", "currency"))


def _held(grouped: Any) -> dict[int, Held]:
    sums = grouped.annotate(
        bills=Count("bill", distinct=True),
        total=Sum("amount"),
        again=Count("pk", filter=Q(status__in=RETRIED)),
        lost=Count("pk", filter=Q(status=Status.UNKNOWN)),
        oldest=Min("dt_created"),
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sums.order_by("-bills", "currency"):
        found[row.get("problems", 0)].append(row)
    return {problem: _added(rows) for problem, rows in found.items()}


def _added(rows: list[dict[str, Any]]) -> Held:
    return Held(
        bills=sum(row["bills"] for row in rows),
        money={row["currency"]: row["total"] for row in rows},
        retriable=sum(row["again"] for row in rows),
        lost=sum(row["lost"] for row in rows),
        oldest=min(row["oldest"] for row in rows),
    )


def causes(chosen: Chosen, all_held: Held) -> list[Cause]:
    """At most 200, those that hold up the most. The number of queries does not grow with them."""
    rows = chosen.rows().select_related("integration__credential", "owner")
    if chosen.state == "closed":
        found = list(rows.order_by("-closed_at", "-pk")[:MOST])
    else:
        first = next(iter(all_held.money), "")
        most = Sum("runs__amount", filter=Q(runs__currency=first))
        ordered = rows.annotate(most=most, blocked=Count("runs")).order_by(F("most").desc(nulls_last=True), "-blocked", "opened_at", "pk")
        found = list(ordered[:MOST])
    made = _causes(chosen.user, found)
    return made if chosen.state == "closed" else ranked(made, list(all_held.money))


def _causes(user: Viewer, found: Sequence[Problem]) -> list[Cause]:
    held, named, progress = held_by(found), named_runs(found), progress_of(found)
    return [
        Cause(
            problem=problem,
            held=held.get(problem.pk, Held()),
            named=named[problem.pk],
            button=fix_of(problem, named[problem.pk], user),
            progress=under_way(progress.get(problem.pk)),
        )
        for problem in found
    ]


def under_way(progress: Progress | None) -> Progress | None:
    return progress if progress and progress.waiting else None


def ranked(found: Iterable[Cause], currencies: Sequence[str]) -> list[Cause]:
    """By money, currency by currency in the order given: the one of most Bills first."""

    def rank(cause: Cause) -> tuple[int, Decimal, int]:
        place = next((place for place, currency in enumerate(currencies) if currency in cause.money), len(currencies))
        money = cause.money[currencies[place]] if place < len(currencies) else Decimal(0)
        return place, -money, -cause.held.bills

    return sorted(found, key=rank)


def fix_of(problem: Problem, runs: Sequence[IntegrationRun], user: Viewer) -> Button | None:
    """What does something about a problem: the page noted for it, else its first run's Bill, else that run."""
    back = links.url_if_any("runs_problem_change", problem.pk)
    if way := fixes.kept(problem):
        return way.button(user, back)
    if not runs:
        return None
    if words_of(runs[0].status, problem.code).fix is Fix.BILL:
        return {"label": "Open Bill", "url": links.to_bill(runs[0].bill_id)}
    return {"label": "Open run", "url": links.to_run(runs[0].pk)}


def named_runs(found: Sequence[Problem]) -> dict[int, list[IntegrationRun]]:
    """The first runs of each problem, oldest first."""
    place = Window(RowNumber(), partition_by="problem", order_by=("integrationrun__dt_created", "pk"))
    through: Any = Problem.runs.through.objects
    first = through.filter(problem__in=found).annotate(place=place).filter(place__lte=MOST_NAMED)
    wanted: dict[int, list[UUID]] = defaultdict(list)
    for problem, run in first.order_by("place").values_list("problem", "integrationrun"):
        wanted[problem].append(run)
    ids = [run for runs in wanted.values() for run in runs]
    runs = IntegrationRun.objects.filter(pk__in=ids).select_related("bill__account").defer("explanation").in_bulk()
    return defaultdict(list, {problem: [runs[pk] for pk in picked] for problem, picked in wanted.items()})
