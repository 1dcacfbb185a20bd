"""The context of a problem's page: what happened, why, what to do, who; the runs that it holds and what was done about it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from runs.models import NEEDS_PERSON, Event, IntegrationRun, Problem, Status
from runs.present import links, problems
from runs.present.fixes import Button
from runs.present.problem_list import OPERATE
from runs.present.problems import Held
from runs.present.progress import Progress, progress_of

MOST_RUNS = 50
MOST_EVENTS = 50
MOST_PEOPLE = 100
NOT_ALLOWED = "You may look at problems, not retry them; an administrator gives the permission “Sync, retry and replay”."


@dataclass(frozen=True)
class Entry:
    """One thing that was done about the problem. `text` is what a person wrote."""

    what: str
    who: str
    when: dt.datetime
    text: str = ""


def page(problem: Problem, user: User | AnonymousUser) -> dict[str, Any]:
    held = problems.held_by([problem]).get(problem.pk, Held())
    runs = list(_blocked(problem)[:MOST_RUNS])
    operates, is_closed = user.has_perm(OPERATE), problem.state == Problem.State.CLOSED
    return {
        "title": problem.title,
        "problem": problem,
        "held": held,
        "runs": [{"run": run, "adoptable": operates and run.status in NEEDS_PERSON, "lost": run.status == Status.UNKNOWN} for run in runs],
        "runs_url": links.url_if_any("runs_integrationrun_changelist", problem=problem.pk),
        "closed": is_closed,
        "buttons": [] if is_closed else buttons(problem, held, runs, user),
        "happened": _happened(problem, held),
        "progress": shown(problem),
        "history": history(problem),
        "may_operate": operates and not is_closed,
        "people": people(problem) if operates else [],
        "tomorrow": timezone.now().date() + dt.timedelta(days=1),
        "next_week": timezone.now().date() + dt.timedelta(days=7),
    }


def _blocked(problem: Problem) -> QuerySet[IntegrationRun]:
    """The largest first."""
    return problem.runs.select_related("bill__account", "integration").defer("explanation").order_by("-amount", "dt_created")


def buttons(problem: Problem, held: Held, runs: list[IntegrationRun], user: User | AnonymousUser) -> list[Button]:
    """The fix first; the retry of all with their number."""
    fix = problems.fix_of(problem, runs, user)
    found = [fix] if fix else []
    if held.lost:
        found.append(_order(problem, "Ask the destination now", "runs_problem_ask", user))
    if held.retriable:
        label = f"Retry all {held.retriable:,}" if held.retriable > 1 else "Retry 1 run"
        found.append(_order(problem, label, "runs_problem_retry", user))
    first = next((button for button in found if not button.get("disabled")), None)
    if first is not None:
        first["primary"] = True
    return found


def _order(problem: Problem, label: str, name: str, user: User | AnonymousUser) -> Button:
    if not user.has_perm(OPERATE):
        return {"label": label, "disabled": NOT_ALLOWED}
    return {"label": label, "url": reverse(f"admin:{name}", args=(problem.pk,)), "post": True}


def _happened(problem: Problem, held: Held) -> SafeString:
    return SafeString(render_to_string("runs/problem/happened.html", {"problem": problem, "held": held}).strip())


def shown(problem: Problem) -> dict[str, Any] | None:
    """parts/progress.html; None when it was never retried."""
    progress: Progress | None = progress_of([problem]).get(problem.pk)
    if progress is None:
        return None
    asks = reverse("admin:runs_problem_progress", args=(problem.pk,)) if progress.waiting else ""
    return {
        "progress_id": f"progress-{problem.pk}",
        "done": progress.done,
        "total": progress.total,
        "words": progress.words,
        "refresh_url": asks,
    }


def history(problem: Problem) -> list[Entry]:
    """The newest first; it begins with the opening."""
    events = Event.objects.filter(subject_type=Problem._meta.label_lower, subject_id=str(problem.pk)).select_related("who")
    found = [_entry(event) for event in events[:MOST_EVENTS]]
    if problem.closed_at:
        found.insert(0, Entry("Closed itself: nothing is held up any more", "", problem.closed_at))
    return [*found, Entry("Opened", "", problem.opened_at)]


def _entry(event: Event) -> Entry:
    after: dict[str, Any] = event.after or {}
    said = {
        "retried": f"Retried {after.get('runs')} run{'' if after.get('runs') == 1 else 's'}",
        "snoozed": f"Put off until {after.get('until')}",
        "reopened": "Opened again",
        "came back": "Open again: the day until which it was put off has come",
        "commented": "Comment",
        "assigned": f"Given to {after.get('owner')}",
    }
    who = (event.who.get_full_name() or event.who.get_username()) if event.who else ""
    return Entry(said.get(event.verb, event.verb.capitalize()), who, event.when, after.get("comment", ""))


def people(problem: Problem) -> list[User]:
    """Who may look after it: the staff."""
    return list(User.objects.filter(is_active=True, is_staff=True).order_by("first_name", "username")[:MOST_PEOPLE])
