"""What the page of one run stands on, read in a fixed number of queries."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, Q, Sum

from integrations.contract import Document, Missing, Plan
from runs.models import Exchange, IntegrationRun, Member, Problem, Status
from runs.present import chain, record
from runs.present import plan as planned
from runs.present.chain import Step
from runs.present.record import Record
from runs.present.words import Words, words_of

MOST_EXCHANGES = 50
PAGE = (
    "bill__account",
    "bill__source",
    "bill__current_revision",
    "revision",
    "integration__credential",
    "integration__current_version",
    "version",
    "delivery__integration",
    "delivery__revision",
    "parent__delivery",
    "replayed_from",
    "requested_by",
)
_REVISIONS = ("revision", "bill__current_revision", "delivery__revision")
HEAVY = tuple(f"{revision}__{field}" for revision in _REVISIONS for field in ("document", "raw"))


@dataclass(frozen=True)
class Shared:
    """How many Bills one cause holds up, and their money by currency, most Bills first."""

    problem: Problem
    bills: int
    money: dict[str, Decimal]


class RunFacts:
    """A run with its exchanges, problems and plan; each is read once, when a part of the page asks for it."""

    def __init__(self, run: IntegrationRun, ordered: IntegrationRun | None = None) -> None:
        self.run = run
        self.ordered = ordered or run
        """The run that orders are given of: of the step that a chain has come to, the chain."""

    @cached_property
    def members(self) -> Sequence[Member]:
        """The newest first."""
        found = self.run.members.select_related("exchange").order_by("-exchange__created_at", "-exchange_id")
        return list(found[:MOST_EXCHANGES])

    @cached_property
    def problems(self) -> Sequence[Problem]:
        found = Problem.objects.filter(Q(runs=self.run) | Q(runs__parent=self.run)).exclude(state=Problem.State.CLOSED)
        return list(found.order_by("opened_at", "id").distinct())

    @cached_property
    def steps(self) -> Sequence[Step]:
        """Of the chain that the run is, or is a step of."""
        return chain.steps_of(self.run.parent or self.run)

    @property
    def is_chain(self) -> bool:
        return self.run.parent_id is None and bool(self.steps)

    @property
    def noun(self) -> str:
        """What it writes, inside a sentence."""
        kind = self.run.delivery.kind or (self.document.kind if self.document else "")
        return record.noun_of(self.run.delivery.system, kind)

    @property
    def waits(self) -> str:
        """As a clause: what a step of a chain waits for."""
        return next((step.waits for step in self.steps if step.run.pk == self.run.pk), "")

    @cached_property
    def plan(self) -> Plan | None:
        return planned.stored_plan(self.run.explanation)

    @cached_property
    def document(self) -> Document | None:
        return planned.document_in(self.plan, self.run.delivery.slot) if self.plan else None

    @property
    def problem(self) -> Problem | None:
        return self.problems[0] if self.problems else None

    @property
    def code(self) -> str:
        return self.run.error_code or (self.problem.code if self.problem else "")

    @property
    def words(self) -> Words:
        return words_of(self.run.status, self.code)

    @property
    def last(self) -> Exchange | None:
        """The newest exchange; None when nothing was sent."""
        return self.members[0].exchange if self.members else None

    @property
    def held(self) -> Record | None:
        """What the destination holds in this run's slot."""
        return record.of_delivery(self.run.delivery)

    @property
    def revisions(self) -> int:
        current = self.run.bill.current_revision
        return max(self.run.revision.number, current.number if current else 0)

    @property
    def missing(self) -> Sequence[Missing]:
        return self.plan.missing if self.plan else ()

    @cached_property
    def refused_items(self) -> list[str]:
        """Items of the lines that the last refusal names by their id."""
        if not self.document or self.run.status != Status.ERROR or not self.members or self.members[0].accepted is not False:
            return []
        said = f"{self.run.error} {self.run.detail}"
        ids = {line.item.id for line in self.document.lines if line.item}
        return sorted(item for item in ids if re.search(rf"(?<![\w.]){re.escape(item)}(?!\w|\.\d)", said))

    @cached_property
    def shared(self) -> Shared | None:
        return shared(self.problem) if self.problem else None

    @cached_property
    def newer(self) -> IntegrationRun | None:
        """The newest later run of the same slot, if there is one."""
        later = IntegrationRun.objects.filter(delivery=self.run.delivery_id, dt_created__gt=self.run.dt_created)
        return later.order_by("-dt_created", "-id").defer("explanation").first()


def shared(problem: Problem) -> Shared:
    rows = problem.runs.order_by().values_list("currency").annotate(bills=Count("bill", distinct=True), money=Sum("amount"))
    rows = rows.order_by("-bills", "currency")
    return Shared(problem, sum(bills for _, bills, _ in rows), {currency: money for currency, _, money in rows})
