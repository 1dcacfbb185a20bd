"""The open causes, ranked by the money that they hold up."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Min, Sum

from integrations.models import IntegrationConfig
from runs.models import IntegrationRun, Problem
from runs.present import links, plan
from runs.present.fixes import Button, map_button
from runs.present.words import Fix, words_of
from runs.problems import MISSING_MAPPING, fingerprint_of

MOST = 200
MOST_NAMED = 3

Sums = dict[int, list[tuple[str, int, Decimal]]]


@dataclass(frozen=True)
class Cause:
    """One problem with what it holds up. Money is by currency, most Bills first; `oldest` is its oldest run's."""

    problem: Problem
    bills: int
    money: dict[str, Decimal]
    oldest: dt.datetime
    named: Sequence[IntegrationRun]
    button: Button | None

    @property
    def runs_url(self) -> str:
        return links.url_if_any("runs_integrationrun_changelist", problem=self.problem.pk)

    @property
    def unnamed(self) -> int:
        return max(0, self.bills - len({run.bill_id for run in self.named}))


def causes(state: str, integration: UUID | None = None) -> list[Cause]:
    """In a number of queries that does not grow with the problems. At most 200."""
    problems = Problem.objects.filter(state=state).select_related("integration__credential")
    if integration:
        problems = problems.filter(integration=integration)
    found = list(problems[:MOST])
    held, oldest = _held(found)
    named = _named(found)
    made = [
        Cause(
            problem=problem,
            bills=sum(bills for _, bills, _ in held[problem.pk]),
            money={currency: amount for currency, _, amount in held[problem.pk]},
            oldest=oldest.get(problem.pk, problem.opened_at),
            named=named[problem.pk][:MOST_NAMED],
            button=fix_of(problem, named[problem.pk]),
        )
        for problem in found
    ]
    return ranked(made)


def ranked(found: Iterable[Cause]) -> list[Cause]:
    """By money: first the currency that most Bills are in, by amount, then the other currencies by amount."""
    made = list(found)
    bills: dict[str, int] = defaultdict(int)
    for cause in made:
        for currency in cause.money:
            bills[currency] += cause.bills
    order = sorted(bills, key=lambda currency: (-bills[currency], currency))

    def rank(cause: Cause) -> tuple[int, Decimal, int]:
        first = next((place for place, currency in enumerate(order) if currency in cause.money), len(order))
        money = cause.money[order[first]] if first < len(order) else Decimal(0)
        return first, -money, -cause.bills

    return sorted(made, key=rank)


def fix_of(problem: Problem, runs: Sequence[IntegrationRun]) -> Button | None:
    """What does something about a cause: its own link, the missing mapping, else the integration, the login or the Bill."""
    if problem.fix_url:
        return {"label": problem.fix_label or "Fix", "url": problem.fix_url}
    if problem.code == MISSING_MAPPING:
        return _map(problem, runs)
    integration, fix = problem.integration, words_of(runs[0].status if runs else "", problem.code).fix
    if fix is Fix.LOGIN and integration.credential_id:
        return _linked("Reconnect", links.url_if_any("credentials_credential_change", integration.credential_id))
    if fix in (Fix.OPTIONS, Fix.INTEGRATION, Fix.OTHER):
        return _linked(f"Open {integration}", links.to_integration(integration.pk))
    if fix is Fix.BILL and runs:
        return _linked("Open Bill", links.to_bill(runs[0].bill_id))
    return _linked("Open run", links.to_run(runs[0].pk)) if runs else None


def _map(problem: Problem, runs: Sequence[IntegrationRun]) -> Button | None:
    back = links.url_if_any("runs_problem_changelist")
    for run in runs:
        built = plan.stored_plan(run.explanation)
        for missing in built.missing if built else ():
            if fingerprint_of(MISSING_MAPPING, missing.table, f"{missing.entity}:{missing.ref.id}") == problem.fingerprint:
                return map_button(missing, problem.integration, back)
    return None


def _linked(label: str, url: str) -> Button | None:
    return {"label": label, "url": url} if url else None


def _held(found: Sequence[Problem]) -> tuple[Sums, dict[int, dt.datetime]]:
    """Per problem (currency, Bills, money), most Bills first, and its oldest run's time."""
    runs = IntegrationRun.objects.filter(problems__in=found).order_by().values("problems", "currency")
    sums = runs.annotate(bills=Count("bill", distinct=True), money=Sum("amount"), oldest=Min("dt_created"))
    rows = sums.order_by("-bills", "currency").values_list("problems", "currency", "bills", "money", "oldest")
    held: Sums = defaultdict(list)
    oldest: dict[int, dt.datetime] = {}
    for problem, currency, bills, money, since in rows:
        held[problem].append((currency, bills, money))
        oldest[problem] = min(since, oldest.get(problem, since))
    return held, oldest


def _named(found: Sequence[Problem]) -> dict[int, list[IntegrationRun]]:
    """Some runs of each problem, oldest first."""
    links_of = Problem.runs.through.objects.filter(problem__in=found).order_by("integrationrun__dt_created")
    wanted: dict[int, list[UUID]] = defaultdict(list)
    for problem, run in links_of.values_list("problem", "integrationrun"):
        if len(wanted[problem]) < MOST_NAMED:
            wanted[problem].append(run)
    ids = [run for runs in wanted.values() for run in runs]
    runs = IntegrationRun.objects.filter(pk__in=ids).select_related("bill__account").in_bulk()
    return defaultdict(list, {problem: [runs[pk] for pk in picked] for problem, picked in wanted.items()})


def choices() -> list[IntegrationConfig]:
    return list(IntegrationConfig.objects.filter(archived_at=None))
