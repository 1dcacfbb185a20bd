"""What can be done with the ticked rows of the list of runs."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from runs import orders
from runs.models import IntegrationRun
from runs.orders import NotPossibleError

MOST_AT_ONCE = 1000
SAFE = "A retry writes each document once, it cannot post twice."

Order = Callable[[IntegrationRun, Any], object]


@dataclass
class Tally:
    """How many orders were carried out, how many rows needed none, and why others could not be."""

    done: int = 0
    left: int = 0
    refused: Counter[str] = field(default_factory=Counter)


@admin.action(description="Retry selected runs", permissions=["operate"])
def retry(model_admin: Any, request: HttpRequest, queryset: QuerySet[IntegrationRun]) -> HttpResponse | None:
    if asks := _confirmation(model_admin, request, queryset, "Retry", SAFE):
        return asks
    tally = carry_out(queryset, orders.retry, orders.RETRYABLE, request.user)
    _tell(request, tally, "on the way again", "posted or under way already, so left alone")
    return None


@admin.action(description="Cancel before sending", permissions=["operate"])
def cancel(model_admin: Any, request: HttpRequest, queryset: QuerySet[IntegrationRun]) -> HttpResponse | None:
    if asks := _confirmation(model_admin, request, queryset, "Cancel", "What is sent already stays as it is."):
        return asks
    tally = carry_out(queryset, orders.cancel, orders.CANCELLABLE, request.user)
    _tell(request, tally, "stopped before sending", "sent or ended already, so left alone")
    return None


def carry_out(runs: QuerySet[IntegrationRun], order: Order, statuses: Iterable[str], user: Any) -> Tally:
    """One order per run whose status allows it, the oldest first; one that is refused does not stop the others."""
    tally = Tally()
    wanted = runs.order_by("dt_created").select_related("bill", "integration__credential", "delivery").defer("explanation")
    for run in wanted[:MOST_AT_ONCE]:
        if run.status not in statuses:
            tally.left += 1
            continue
        try:
            order(run, user)
        except NotPossibleError as reason:
            tally.refused[str(reason)] += 1
        else:
            tally.done += 1
    return tally


def _confirmation(model_admin: Any, request: HttpRequest, runs: QuerySet[IntegrationRun], verb: str, safe: str) -> HttpResponse | None:
    """Asks first when more is meant than the page showed."""
    if request.POST.get("select_across") != "1" or request.POST.get("confirmed"):
        return None
    money = runs.order_by().values_list("currency").annotate(count=Count("id"), amount=Sum("amount")).order_by("-count", "currency")
    context = model_admin.admin_site.each_context(request) | {
        "title": f"{verb} all these runs",
        "opts": model_admin.opts,
        "verb": verb,
        "action": request.POST["action"],
        "count": sum(count for _, count, _ in money),
        "money": {currency: amount for currency, _, amount in money},
        "safe": safe,
        "most": MOST_AT_ONCE,
    }
    return TemplateResponse(request, "admin/runs/integrationrun/confirm.html", context)


def _tell(request: HttpRequest, tally: Tally, done: str, left: str) -> None:
    if tally.done:
        messages.success(request, f"{counted(tally.done)} {done}.")
    if tally.left:
        messages.info(request, f"{counted(tally.left)} {left}.")
    for reason, count in tally.refused.most_common(3):
        messages.error(request, f"{counted(count)} not possible: {reason}")


def counted(count: int) -> str:
    """ "1 run is", "17 runs are"."""
    return "1 run is" if count == 1 else f"{count:,} runs are"
