"""What the pages of a comparison show: its sums, its rows, each with its fix, and who signed it off."""

import datetime as dt
from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Case, Count, Exists, Q, QuerySet, When
from django.urls import reverse

from billing.models import Source
from integrations import names
from integrations.http import browser_url
from integrations.models import IntegrationConfig
from runs import reconcile_kept, reconcile_sums
from runs.models import NEEDS_PERSON, OPEN, Difference, Explanation, IntegrationRun, Problem, Reconciliation
from runs.present import links
from runs.reconcile_sums import Sum

MONTHS = 24
PER_PAGE = 50
Kind = Difference.Kind
OPEN_ROWS, EXPLAINED = "open", "explained"
TABS = {OPEN_ROWS: "Open", **{kind.value: kind.label for kind in Kind}, EXPLAINED: "Explained"}
ORDER = (Kind.MISSING, Kind.DIFFERS, Kind.OTHER_PERIOD, Kind.EXTRA)
TONES = {Kind.MISSING: "red", Kind.DIFFERS: "red", Kind.EXTRA: "dashed", Kind.OTHER_PERIOD: "rust"}


@dataclass(frozen=True)
class Month:
    first: dt.date

    @classmethod
    def of(cls, text: str, today: dt.date) -> "Month":
        """ "2026-10"; anything else is the last month that is over."""
        try:
            return cls(dt.datetime.strptime(text, "%Y-%m").date())
        except ValueError:
            return cls((today.replace(day=1) - dt.timedelta(days=1)).replace(day=1))

    @property
    def last(self) -> dt.date:
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    @property
    def value(self) -> str:
        return f"{self.first:%Y-%m}"

    def __str__(self) -> str:
        return f"{self.first:%B %Y}"

    def choices(self, today: dt.date) -> list["Month"]:
        """This month and those before it, the newest first; this one wherever it lies."""
        at = today.year * 12 + today.month - 1
        recent = [Month(dt.date(number // 12, number % 12 + 1, 1)) for number in range(at, at - MONTHS, -1)]
        return recent if self in recent else sorted([*recent, self], key=lambda month: month.first, reverse=True)


@dataclass(frozen=True)
class Fix:
    """A link, or with `post` a form's button."""

    label: str
    url: str
    post: bool = False


@dataclass(frozen=True)
class Line:
    """A row of the table. `document` opens it at the destination; `hint` adds to the row's own why."""

    row: Difference
    tone: str
    document: str = ""
    explanation: Explanation | None = None
    hint: str = ""
    fixes: Sequence[Fix] = ()


@dataclass
class State:
    """The comparisons of one integration and one month: the newest that was made, the one under way, the one that stopped."""

    shown: Reconciliation | None = None
    running: Reconciliation | None = None
    stopped: Reconciliation | None = None
    signature: Reconciliation | None = None
    outdated: Reconciliation | None = None

    @classmethod
    def of(cls, records: Iterable[Reconciliation]) -> "State":
        """`records` the newest first."""
        found = cls()
        for each in records:
            if each.under_way:
                found.running = found.running or each
            elif each.state == Reconciliation.State.FAILED:
                found.stopped = None if found.shown else found.stopped or each
            else:
                found.shown = found.shown or each
                found._sign(each)
        return found

    def _sign(self, each: Reconciliation) -> None:
        if each.signed_off_at is None or self.signature:
            return
        if each.outdated_at is None and self.shown and each.digest == self.shown.digest:
            self.signature = each
        elif each.outdated_at is not None:
            self.outdated = self.outdated or each


def address(integration: object, month: Month, **more: object) -> str:
    asked = {"integration": integration, "month": month.value} | {name: value for name, value in more.items() if value}
    return f"{reverse('admin:reconciliation')}?{urlencode(asked)}"


def page(integration: IntegrationConfig, month: Month, show: str, number: str) -> dict[str, Any]:
    """One integration's month. A fixed number of queries, whatever the number of rows."""
    state = State.of(reconcile_kept.newest(integration, month.first, month.last))
    context = {
        "title": f"Reconciliation: {month}",
        "label": integration.system_label,
        "state": state,
        "sources": ", ".join(map(str, integration.sources.all() or Source.objects.all()[:4])) or "the sources",
        "periodic": "closedPeriodPolicy" in integration.options,
        "csv_url": reverse("admin:runs_reconciliation_csv", args=(state.shown.pk,)) if state.shown else "",
    }
    return context | (_result(state.shown, month, show, number) if state.shown else {})


def _result(record: Reconciliation, month: Month, show: str, number: str) -> dict[str, Any]:
    show = show if show in TABS else OPEN_ROWS
    counts, sums = _counts(record), reconcile_sums.read(record.sums)
    listed = Paginator(_rows(record, show), PER_PAGE).get_page(number)
    named = names.Books.of(record.integration).called("Subsidiary", {each.subsidiary for each in sums})
    return {
        "sums": sums,
        "several_periods": len({each.period for each in sums}) > 1,
        "subsidiaries": named,
        "counts": counts,
        "all_rows": sum(counts[kind.value] for kind in Kind),
        "show": show,
        "tabs": _tabs(record, month, show, counts),
        "listed": listed,
        "lines": lines(record, listed),
        "newer": address(record.integration_id, month, show=show, p=listed.number - 1) if listed.has_previous() else "",
        "older": address(record.integration_id, month, show=show, p=listed.number + 1) if listed.has_next() else "",
    }


def _counts(record: Reconciliation) -> dict[str, int]:
    """By kind, and how many are open or explained."""
    kinds = dict(record.rows.order_by().values_list("kind").annotate(count=Count("pk")))
    opened = record.open_rows().count()
    found = {kind.value: kinds.get(kind.value, 0) for kind in Kind}
    return found | {OPEN_ROWS: opened, EXPLAINED: sum(found.values()) - opened}


def _rows(record: Reconciliation, show: str) -> QuerySet[Difference]:
    if show == OPEN_ROWS:
        return record.open_rows().order_by(_by_kind(), "pk")
    if show == EXPLAINED:
        return record.rows.filter(~Q(settled="") | Q(Exists(Explanation.of_rows()))).order_by(_by_kind(), "pk")
    return record.rows.filter(kind=show).order_by("pk")


def _by_kind() -> Case:
    return Case(*(When(kind=kind, then=place) for place, kind in enumerate(ORDER)))


def _tabs(record: Reconciliation, month: Month, show: str, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": address(record.integration_id, month, show="" if name == OPEN_ROWS else name),
            "current": name == show,
            "count": counts[name],
            "tone": "red" if name == OPEN_ROWS and counts[name] else "",
            "words": "rows",
        }
        for name, label in TABS.items()
    ]


# --- rows, each with its fix ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What the rows of a page need: the newest run and the open problem of each Bill, what people said, likely doubles."""

    runs: Mapping[int, IntegrationRun]
    problems: Mapping[int, int]
    said: Mapping[str, Explanation]
    alike: Mapping[tuple[Decimal, str], Difference] = field(default_factory=dict)


def lines(record: Reconciliation, rows: Iterable[Difference]) -> list[Line]:
    shown = list(rows)
    wanted = list(Difference.objects.filter(pk__in=[row.pk for row in shown]).select_related("bill__account"))
    order = {row.pk: row for row in wanted}
    known = _known(record, wanted)
    return [_line(record, order[row.pk], known) for row in shown]


def _known(record: Reconciliation, rows: Collection[Difference]) -> Known:
    amounts = {row.held for row in rows if row.kind == Kind.EXTRA and row.bill_id is None and row.held is not None}
    alike = list(record.rows.filter(kind=Kind.MISSING, owed__in=amounts).select_related("bill")) if amounts else []
    bills = {row.bill_id for row in (*rows, *alike) if row.bill_id}
    runs = IntegrationRun.objects.filter(integration=record.integration_id, bill__in=bills, parent=None).defer("explanation")
    newest = {run.bill_id: run for run in runs.order_by("dt_created", "id")}
    opened = Problem.objects.exclude(state=Problem.State.CLOSED).filter(integration=record.integration_id, runs__bill__in=bills)
    said = Explanation.objects.filter(integration=record.integration_id, mark__in=[row.mark for row in rows]).select_related("who")
    return Known(
        runs=newest,
        problems=dict(opened.values_list("runs__bill", "pk")),
        said={each.mark: each for each in said},
        alike={(row.owed, row.currency): row for row in alike if row.owed is not None},
    )


def _line(record: Reconciliation, row: Difference, known: Known) -> Line:
    explanation = known.said.get(row.mark)
    done = bool(explanation or row.settled)
    hint, fixes = "", list[Fix]()
    if not done:
        double = known.alike.get((row.held, row.held_currency)) if row.kind == Kind.EXTRA and row.held is not None else None
        run = known.runs.get(row.bill_id or 0)
        hint, fixes = _double(double, known) if double else ("", _fixes(row, run, known))
    document = browser_url(row.url) if row.url else ""
    return Line(row, TONES[Kind(row.kind)], document, explanation, hint, fixes)


def _double(row: Difference, known: Known) -> tuple[str, list[Fix]]:
    """A document made by hand that has the very amount of a Bill that is missing."""
    run = known.runs.get(row.bill_id or 0)
    hint = f"It may be {row.bill}, which is missing with the same amount."
    if run is not None and run.status in NEEDS_PERSON:
        return hint, [Fix("Mark as synced", reverse("admin:runs_adopt", args=(run.pk,)))]
    return hint, []


def _fixes(row: Difference, run: IntegrationRun | None, known: Known) -> list[Fix]:
    """What puts a row right: the problem or the run that stopped it, else sending the Bill."""
    if row.kind in (Kind.EXTRA, Kind.OTHER_PERIOD):
        return []
    if run is not None and run.status in NEEDS_PERSON and run.bill_id in known.problems:
        return [Fix("Open problem", links.url_if_any("runs_problem_change", known.problems[run.bill_id]))]
    if run is not None and run.status in (*NEEDS_PERSON, *OPEN):
        return [Fix("Open run", links.to_run(run.pk))]
    label = "Send" if row.kind == Kind.MISSING and run is None else "Send again"
    return [Fix(label, reverse("admin:runs_reconciliation_send", args=(row.pk,)), post=True)]


# --- every integration of a month -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """One integration in the list of a month, with the money that differs, by currency."""

    integration: IntegrationConfig
    url: str
    state: State
    open: int = 0
    sums: Sequence[Sum] = ()

    @property
    def differences(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for each in self.sums:
            found[each.currency] = found.get(each.currency, Decimal(0)) + each.difference
        return {currency: amount for currency, amount in found.items() if amount}


def places(integrations: Iterable[IntegrationConfig], month: Month) -> list[Place]:
    """Two queries, and one for each integration that was compared."""
    by: dict[object, list[Reconciliation]] = {}
    records = Reconciliation.objects.filter(start=month.first, end=month.last).select_related("signed_off_by").order_by("-pk")
    for record in records:
        by.setdefault(record.integration_id, []).append(record)
    return [_place(each, month, State.of(by.get(each.pk, ()))) for each in integrations]


def _place(integration: IntegrationConfig, month: Month, state: State) -> Place:
    url = address(integration.pk, month)
    if state.shown is None:
        return Place(integration, url, state)
    return Place(integration, url, state, state.shown.open_rows().count(), reconcile_sums.read(state.shown.sums))
