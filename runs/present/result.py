"""What came of a run, in a few words: for lists, lanes and the search."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import Truncator, capfirst

from runs.models import DUE, NEEDS_PERSON, IntegrationRun, Status
from runs.present import record
from runs.present.record import Record
from runs.present.words import RESULTS

NOTHING_SENT = "Nothing was sent: "
BECAUSE = " because "
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
        return short(run.error) if run.error else Result(text=RESULTS.get(run.status, "Refused"))
    return Result(text=RESULTS.get(run.status, ""))


def short(sentence: str) -> Result:
    """A sentence cut to its cause and to the width of a column; the whole one is kept."""
    said = capfirst(sentence.removeprefix(NOTHING_SENT).rpartition(BECAUSE)[2])
    text = Truncator(said.rstrip(".")).chars(LONGEST)
    return Result(text=text, whole=sentence if text != sentence.rstrip(".") else "")
