"""What a person orders of one run. Each view takes a POST, writes through runs.orders, and says what happens next."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from runs import orders, recover, steps
from runs.models import IntegrationRun, Status
from runs.orders import NotPossibleError
from runs.present import links

may_operate = permission_required("runs.operate", raise_exception=True)


@require_POST
@may_operate
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _carry_out(request, pk, orders.retry)


@require_POST
@may_operate
def replay(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _carry_out(request, pk, orders.replay)


@require_POST
@may_operate
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _carry_out(request, pk, orders.cancel)


@require_POST
@may_operate
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _carry_out(request, pk, _ask)


def person(request: HttpRequest) -> User | None:
    """Who orders: past a permission check always somebody."""
    return request.user if request.user.is_authenticated else None


def tell(request: HttpRequest, run: IntegrationRun) -> None:
    """What happens next with a run that somebody has just ordered something of."""
    level, words = outcome(run)
    messages.add_message(request, level, words)


def outcome(run: IntegrationRun) -> tuple[int, str]:
    label, bill = run.integration.system_label, run.bill
    match Status(run.status):
        case Status.WAITING:
            return messages.SUCCESS, f"{bill} is on its way: a worker takes it up now. What is there already is updated, never doubled."
        case Status.CANCELLED:
            return messages.SUCCESS, f"{bill} is stopped here; nothing was sent by this run."
        case Status.COMPLETE:
            return messages.SUCCESS, f"{label} holds {bill}; the run is complete."
        case Status.UNKNOWN:
            return messages.INFO, f"{label} could not say yet whether {bill} arrived; we go on asking by ourselves."
        case Status.AWAITING_RETRY | Status.RATE_LIMIT_RETRY:
            wait = max(0, int((run.next_attempt_at - timezone.now()).total_seconds()))
            return messages.INFO, f"{bill} did not arrive; it goes again by itself in {wait} s."
    return messages.WARNING, run.error or f"{bill} stays as it is."


def _ask(run: IntegrationRun, user: Any) -> IntegrationRun:
    recover.ask_now(steps.at(run))
    return run


def _carry_out(request: HttpRequest, pk: UUID, order: Callable[[IntegrationRun, Any], IntegrationRun]) -> HttpResponse:
    """Carries the order out and shows the run that it made or moved; the chain, where that was asked of it."""
    runs = IntegrationRun.objects.select_related("bill", "integration__credential", "integration__current_version", "delivery")
    asked = run = get_object_or_404(runs, pk=pk)
    try:
        run = order(asked, person(request))
    except NotPossibleError as reason:
        messages.error(request, str(reason))
    else:
        tell(request, run)
    return HttpResponseRedirect(links.to_run(asked.pk if run.parent_id == asked.pk else run.pk))
