"""A chain of documents as people read it: its steps in order, what it has come to, and what is still to come."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch, QuerySet
from django.db.models.fields.json import KT
from django.utils.text import capfirst

from runs.models import DUE, Delivery, IntegrationRun, Status
from runs.present import record
from runs.present.record import Record

ENDED = (Status.SUPERSEDED, Status.CANCELLED)
DOCUMENT = "explanation__documents__0__kind"

_TOLD: Mapping[str, str] = {
    Status.STARTED: "{the} is being sent",
    Status.UNKNOWN: "the answer for {the} was lost",
    Status.AUTH_FAILED: "{the} waits for the login",
    Status.DISABLED: "{the} is held back",
    Status.CANCELLED: "{the} was stopped by a person",
    Status.SUPERSEDED: "a newer revision took the place of {the}",
    Status.TIMEOUT_LIMIT_EXCEEDED: "{the} was not taken",
    Status.AWAITING_RETRY: "{the} is tried again",
    Status.RATE_LIMIT_RETRY: "{the} is tried again",
    Status.WAITING: "{the} is next",
}


@dataclass(frozen=True)
class Step:
    """One document of a chain. `noun` names it inside a sentence, `waits` says in a clause what it waits for, if anything."""

    run: IntegrationRun
    noun: str
    waits: str = ""

    @property
    def title(self) -> str:
        return capfirst(self.noun)

    @property
    def moved(self) -> Decimal | None:
        """How much, where the document is of one payment, deposit, credit or refund."""
        return abs(self.run.amount) if ":" in self.run.delivery.slot else None

    @property
    def record(self) -> Record | None:
        return record.of_run(self.run)

    @property
    def complete(self) -> bool:
        return self.run.status == Status.COMPLETE


def with_steps(runs: QuerySet[IntegrationRun]) -> QuerySet[IntegrationRun]:
    """With the steps of those that are chains, in one more query: what record.of_run and result.result_of read of them."""
    steps = IntegrationRun.objects.select_related("delivery").defer("explanation").order_by("sequence", "dt_created")
    return runs.prefetch_related(Prefetch("children", queryset=steps))


def steps_of(parent: IntegrationRun) -> list[Step]:
    """In their order; none before it is told which documents the Bill becomes."""
    if parent.delivery.state != Delivery.State.CHAIN:
        return []
    rows = parent.children.select_related("delivery").defer("explanation").annotate(planned=KT(DOCUMENT))
    found: list[Step] = []
    for run in rows.order_by("sequence", "dt_created"):
        noun = record.noun_of(run.delivery.system, run.delivery.kind or run.planned or "")
        found.append(Step(run, noun, _waits(run, all(step.complete for step in found))))
    return found


def _waits(run: IntegrationRun, free: bool) -> str:
    if run.status not in DUE:
        return ""
    if not free:
        return "waits for the step before"
    return f"waits until {run.waits_for}" if run.waits_for else ""


def current(steps: Iterable[Step]) -> Step | None:
    """The step that the chain has come to, None when all are complete."""
    return next((step for step in steps if not step.complete), None)


def sentence(steps: Sequence[Step]) -> str:
    """How far a chain is: "Sales order and invoice are posted; the payment was refused"; no full stop."""
    done, left = [step for step in steps if step.complete], [step for step in steps if not step.complete]
    parts = [f"{listed(done)} {'are' if len(done) > 1 else 'is'} posted"] if done else []
    if left:
        parts.append(_told(left[0]))
    if left[1:]:
        ended = left[0].run.status in ENDED
        goes = "not sent" if ended else "to follow"
        parts.append(f"{listed(left[1:])} {'are' if len(left) > 2 else 'is'} {goes}")
    return capfirst("; ".join(parts))


def _told(step: Step) -> str:
    if step.waits:
        return f"the {step.noun} {step.waits}"
    return _TOLD.get(step.run.status, "{the} was refused").format(the=f"the {step.noun}")


def listed(steps: Iterable[Step]) -> str:
    """ "invoice", "sales order and invoice", "invoice, 2 payments and refund"."""
    counts = Counter(step.noun for step in steps)
    words = [noun if count == 1 else f"{count} {noun}s" for noun, count in counts.items()]
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
