"""What a person may order of a problem: retry its runs, put it off, take it on, say something about it."""

import datetime as dt
import time
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integrations.contract import changed
from runs import orders, recover
from runs.models import NEEDS_PERSON, Event, IntegrationRun, Problem, Status
from runs.orders import NotPossibleError

LONGEST = 2000
FARTHEST = dt.timedelta(days=366)
PATIENCE = 20.0

RETRIED = (*NEEDS_PERSON, Status.COMPLETE)
"""What a retry of a problem sends again: also what was posted and reads differently there."""


def retry(problem: Problem, user: User | None = None) -> list[IntegrationRun]:
    """Every run that the problem holds goes again; they are remembered, so that the page can tell how it goes."""
    blocked = problem.runs.filter(status__in=RETRIED).select_related("bill", "integration__credential", "delivery")
    with transaction.atomic():
        Problem.objects.select_for_update().get(pk=problem.pk)
        moved = orders.retry_all(blocked.defer("explanation"), user)
        if moved:
            problem.retried.set(moved)
            problem.retried_at = timezone.now()
            problem.save(update_fields=["retried_at"])
            _announce(problem, user, "retried", {"runs": len(moved)})
    return moved


def ask(problem: Problem) -> tuple[int, int]:
    """Asks the destination about the runs whose answer was lost, at once and for at most 20 s; returns how many are settled, of how many.

    Only reads; runs of one request are settled together.
    """
    lost = list(problem.runs.filter(status=Status.UNKNOWN).select_related("integration__credential", "integration__current_version"))
    end = time.monotonic() + PATIENCE
    for run in lost:
        run.refresh_from_db(fields=["status"])
        if run.status == Status.UNKNOWN and time.monotonic() < end:
            recover.ask_now(run)
    open_still = problem.runs.filter(pk__in=[run.pk for run in lost], status=Status.UNKNOWN).count()
    return len(lost) - open_still, len(lost)


def snooze(problem: Problem, until: dt.datetime, user: User | None) -> None:
    """Out of the list of open problems until then; its runs stay as they are."""
    now = timezone.now()
    if not now < until < now + FARTHEST:
        raise NotPossibleError("A problem is put off to a day from tomorrow on, at most a year ahead.")
    _move(problem, user, "snoozed", Problem.State.SNOOZED, until)


def reopen(problem: Problem, user: User | None) -> None:
    """Ends a snooze before its day."""
    _move(problem, user, "reopened", Problem.State.OPEN, None)


def comment(problem: Problem, text: str, user: User | None) -> None:
    """Kept in the history, once however often the button is pressed."""
    said = text.strip()
    if not said:
        raise NotPossibleError("The comment is empty.")
    if len(said) > LONGEST:
        raise NotPossibleError(f"A comment has at most {LONGEST:,} characters; this one has {len(said):,}.")
    last = Event.objects.filter(subject_type=problem._meta.label_lower, subject_id=str(problem.pk)).first()
    if last is None or (last.who, last.verb, last.after) != (user, "commented", {"comment": said}):
        _announce(problem, user, "commented", {"comment": said})


def assign(problem: Problem, owner: User | None, user: User | None) -> None:
    """Who looks after it; None for nobody."""
    before = problem.owner
    if before == owner:
        return
    problem.owner = owner
    problem.save(update_fields=["owner"])
    changed.send(Problem, actor=user, subject=problem, verb="assigned", before={"owner": _name(before)}, after={"owner": _name(owner)})


def _move(problem: Problem, user: User | None, verb: str, state: str, until: dt.datetime | None) -> None:
    open_one = Problem.objects.filter(pk=problem.pk).exclude(state=Problem.State.CLOSED)
    if not open_one.exists():
        raise NotPossibleError("This problem has closed itself: its Bills went.")
    if open_one.exclude(state=state, snoozed_until=until).update(state=state, snoozed_until=until):
        problem.refresh_from_db()
        _announce(problem, user, verb, {"until": f"{until:%Y-%m-%d}"} if until else None)


def _announce(problem: Problem, user: User | None, verb: str, after: dict[str, Any] | None) -> None:
    changed.send(Problem, actor=user, subject=problem, verb=verb, before=None, after=after)


def _name(user: User | None) -> str:
    return (user.get_full_name() or user.get_username()) if user else "nobody"
