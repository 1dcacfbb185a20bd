"""How the last retry of a problem goes."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from runs.models import NEEDS_PERSON, OPEN, Problem, Status


@dataclass(frozen=True)
class Progress:
    """Runs of the last retry: how many there are, what became of them, and how many still have no end."""

    total: int
    posted: int
    failed: int
    waiting: int

    @property
    def done(self) -> int:
        return self.total - self.waiting

    @property
    def words(self) -> str:
        """ "Retrying: 17 of 24 posted, 1 failed"."""
        verb = "Retrying" if self.waiting else "Last retry"
        return f"{verb}: {self.posted:,} of {self.total:,} posted" + (f", {self.failed:,} failed" if self.failed else "")


def progress_of(problems: Iterable[Problem]) -> dict[int, Progress]:
    """By problem, for those that were retried. One query."""
    retried = [problem.pk for problem in problems if problem.retried_at]
    if not retried:
        return {}
    rows = Problem.retried.through.objects.filter(problem__in=retried).values_list("problem", "integrationrun__status")
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for problem, status, count in rows.annotate(count=Count("pk")):
        counts[problem][status] += count
    return {problem: _progress(by) for problem, by in counts.items()}


def _progress(by: Counter[str]) -> Progress:
    failed = sum(by[status] for status in NEEDS_PERSON)
    waiting = sum(by[status] for status in OPEN if status not in NEEDS_PERSON)
    return Progress(total=by.total(), posted=by[Status.COMPLETE], failed=failed, waiting=waiting)
