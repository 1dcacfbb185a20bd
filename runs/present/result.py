"""What came of a run, in a few words: for lists, lanes and the search."""

import re
from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import Truncator, capfirst

from runs.models import DUE, NEEDS_PERSON, Delivery, IntegrationRun, Status
from runs.present import record
from runs.present.record import Record
from runs.present.words import RESULTS, SHORT

NOTHING_SENT = "Nothing was sent: "
BECAUSE = " because "
CLAUSE = re.compile(r"[,;] ")
LONGEST = 30


@dataclass(frozen=True)
class Result:
    """The document that was written, or a few words. `whole` is the sentence that was too long, `run` the one whose next try is told."""

    text: str = ""
    whole: str = ""
    record: Record | None = None
    run: IntegrationRun | None = None


def result_of(run: IntegrationRun) -> Result:
    """No query when bill, integration and delivery are loaded, and of a chain its steps."""
    if run.status == Status.COMPLETE:
        return Result(record=record.of_run(run), text="Posted")
    if (step := _waiting_step(run)) is not None:
        text = "Waits" if step is run else f"Step {step.sequence} of {run.sequence} waits"
        return Result(text=text, whole=f"It waits until {step.waits_for}.")
    if run.status in DUE and run.status not in NEEDS_PERSON and run.next_attempt_at > timezone.now():
        return Result(run=run, text="Next try")
    if run.status in NEEDS_PERSON or run.status == Status.SUPERSEDED:
        return _refusal(run)
    return Result(text=RESULTS.get(run.status, ""))


def _waiting_step(run: IntegrationRun) -> IntegrationRun | None:
    """The step that waits for something at the destination, if the run is one or has come to one."""
    if run.status != Status.WAITING:
        return None
    steps = [run] if run.delivery.state != Delivery.State.CHAIN else sorted(run.children.all(), key=lambda step: step.sequence)
    at = next((step for step in steps if step.status != Status.COMPLETE), None)
    return at if at is not None and at.waits_for else None


def _refusal(run: IntegrationRun) -> Result:
    known = SHORT.get(run.error_code) or SHORT.get(run.status)
    return Result(text=known, whole=run.error) if known else short(run.error or "Refused")


def short(sentence: str) -> Result:
    """A sentence cut to its cause, its first clause and the width of a column; the whole one is kept."""
    cause = sentence.removeprefix(NOTHING_SENT).rpartition(BECAUSE)[2].rstrip(".")
    text = Truncator(capfirst(CLAUSE.split(cause)[0])).chars(LONGEST)
    return Result(text=text, whole=sentence if text != sentence.rstrip(".") else "")
