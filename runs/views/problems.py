"""What a person orders of a problem. Each view takes a POST, writes through runs.problem_orders, and says what happens next."""

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_POST

from integrations.models import IntegrationConfig
from runs import orders, problem_orders
from runs.models import Problem
from runs.orders import NotPossibleError
from runs.present import links, problem_page
from runs.views.orders import may_operate, person

SAFE = "Each document is written once, it cannot post twice."
NOTHING = "No run of it needs a retry: what was held up is on its way or done."


@require_POST
@may_operate
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    return _carry_out(request, pk, lambda problem: _retried(len(problem_orders.retry(problem, person(request)))))


@require_POST
@may_operate
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    return _carry_out(request, pk, _ask)


@require_POST
@may_operate
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    return _carry_out(request, pk, lambda problem: _snooze(request, problem))


@require_POST
@may_operate
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    def order(problem: Problem) -> str:
        problem_orders.reopen(problem, person(request))
        return "The problem is open again."

    return _carry_out(request, pk, order)


@require_POST
@may_operate
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    def order(problem: Problem) -> str:
        problem_orders.comment(problem, request.POST.get("comment", ""), person(request))
        return "Your comment is kept."

    return _carry_out(request, pk, order)


@require_POST
@may_operate
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    return _carry_out(request, pk, lambda problem: _assign(request, problem))


@require_POST
@may_operate
def retry_integration(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every run of one integration that needs a person."""
    integration = get_object_or_404(IntegrationConfig, pk=pk)
    messages.success(request, _retried(len(orders.retry_all(orders.failed(integration), person(request)))))
    return HttpResponseRedirect(links.url_if_any("runs_problem_changelist", integration=integration.pk))


@require_GET
@permission_required("runs.view_problem", raise_exception=True)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress alone, for the page that asks; without a script, the page itself."""
    if not request.headers.get("X-Fragment"):
        return HttpResponseRedirect(links.url_if_any("runs_problem_change", pk))
    return render(request, "parts/progress.html", problem_page.shown(get_object_or_404(Problem, pk=pk)))


def _carry_out(request: HttpRequest, pk: int, order: Callable[[Problem], str]) -> HttpResponse:
    problem = get_object_or_404(Problem.objects.select_related("integration", "owner"), pk=pk)
    try:
        messages.success(request, order(problem))
    except NotPossibleError as reason:
        messages.error(request, str(reason))
    return HttpResponseRedirect(links.url_if_any("runs_problem_change", pk))


def _ask(problem: Problem) -> str:
    settled, lost = problem_orders.ask(problem)
    if settled == lost:
        return f"{lost:,} lost answer{'' if lost == 1 else 's'} settled; nothing was sent." if lost else "No answer of it is lost any more."
    return f"{settled:,} of {lost:,} lost answers settled; {problem.integration.system_label} could not say more yet. We go on asking."


def _retried(count: int) -> str:
    if not count:
        return NOTHING
    return f"{count:,} run{' is' if count == 1 else 's are'} on the way again. {SAFE}"


def _snooze(request: HttpRequest, problem: Problem) -> str:
    day = _day(request.POST.get("until", ""))
    if day is None:
        raise NotPossibleError("That is no date. Write it as 2026-11-30.")
    problem_orders.snooze(problem, dt.datetime.combine(day, dt.time(), dt.UTC), person(request))
    return f"The problem is put off until {day:%-d %b %Y}; it opens again by itself."


def _day(text: str) -> dt.date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _assign(request: HttpRequest, problem: Problem) -> str:
    asked = request.POST.get("owner", "")
    owner = get_object_or_404(User, pk=asked, is_active=True, is_staff=True) if asked.isdecimal() else None
    problem_orders.assign(problem, owner, person(request))
    return f"{owner.get_full_name() or owner.get_username()} looks after it now." if owner else "Nobody looks after it now."
