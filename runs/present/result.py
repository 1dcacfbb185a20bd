"""What came of a run, in a few words: for lists, lanes and the search."""

import re
from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import Truncator, capfirst

from runs.models import DUE, NEEDS_PERSON, IntegrationRun, Status
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
    """No query when bill, integration and delivery are loaded."""
    if run.status == Status.COMPLETE:
        return Result(record=record.of_run(run), text="Posted")
    if run.status in DUE and run.status not in NEEDS_PERSON and run.next_attempt_at > timezone.now():
        return Result(run=run, text="Next try")
    if run.status in NEEDS_PERSON or run.status == Status.SUPERSEDED:
        return _refusal(run)
    return Result(text=RESULTS.get(run.status, ""))


def _refusal(run: IntegrationRun) -> Result:
    known = SHORT.get(run.error_code) or SHORT.get(run.status)
    return Result(text=known, whole=run.error) if known else short(run.error or "Refused")


def short(sentence: str) -> Result:
    """A sentence cut to its cause, its first clause and the width of a column; the whole one is kept."""
    cause = sentence.removeprefix(NOTHING_SENT).rpartition(BECAUSE)[2].rstrip(".")
    text = Truncator(capfirst(CLAUSE.split(cause)[0])).chars(LONGEST)
    return Result(text=text, whole=sentence if text != sentence.rstrip(".") else "")
