"""Mark as synced: asks for the document's number, shows it beside the Bill, and records it once a person confirms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from integrations.contract import Held
from integrations.http import browser_url
from runs import adopt
from runs.models import Delivery, IntegrationRun, Status
from runs.orders import NotPossibleError
from runs.present import links, record
from runs.views.orders import may_operate, person

READ = ("bill__source", "bill__account", "revision", "delivery__integration", "integration__credential", "integration__current_version")


@dataclass(frozen=True)
class Found:
    """What stands there beside what the Bill is, or why it cannot be marked, as sentences."""

    held: Held | None = None
    wanted: adopt.Wanted | None = None
    told: Sequence[str] = ()


@require_http_methods(["GET", "POST"])
@may_operate
def mark_as_synced(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A POST with a number looks and shows; one that names the document seen as well looks again and records it."""
    run = get_object_or_404(IntegrationRun.objects.select_related(*READ), pk=pk)
    number, seen = request.POST.get("number", "").strip(), request.POST.get("document", "")
    if seen and _is_marked(run, seen):
        return HttpResponseRedirect(links.to_run(run.pk))
    found = _look(run, number if request.method == "POST" else None)
    if seen and found.held and not found.told:
        found = _adopt(request, run, found, seen)
        if not found.told:
            return HttpResponseRedirect(links.to_run(run.pk))
    return _form(request, run, number, found)


def _is_marked(run: IntegrationRun, seen: str) -> bool:
    """By a first press of the button."""
    return run.delivery.origin == Delivery.Origin.ADOPTED and run.status == Status.COMPLETE and run.external_id == seen


def _look(run: IntegrationRun, number: str | None) -> Found:
    """With no number given, only whether the run can be marked at all."""
    try:
        adopt.refuse_unless_possible(run)
        if number is None:
            return Found()
        held = adopt.look(run, number)
        return Found(held, adopt.wanted(run), adopt.differences(run, held))
    except NotPossibleError as reason:
        return Found(told=[str(reason)])


def _adopt(request: HttpRequest, run: IntegrationRun, found: Found, seen: str) -> Found:
    if found.held is None or found.held.external_id != seen:
        return replace(found, told=["Another document stands there now than the one you looked at. Compare it again."])
    try:
        adopt.adopt(run, found.held, person(request))
    except NotPossibleError as reason:
        return replace(found, told=[str(reason)])
    name = f"{record.noun_of(run.integration.system, run.delivery.kind)} {found.held.number or found.held.external_id}"
    messages.success(request, f"{run.integration.system_label} holds {run.bill} as {name}; nothing was sent.")
    return found


def _form(request: HttpRequest, run: IntegrationRun, number: str, found: Found) -> HttpResponse:
    context = admin.site.each_context(request) | {
        "title": f"Mark {run.bill} as synced",
        "run": run,
        "noun": record.noun_of(run.integration.system, found.wanted.kind if found.wanted else run.delivery.kind),
        "number": number,
        "held": found.held,
        "held_url": browser_url(found.held.url) if found.held and found.held.url else "",
        "wanted": found.wanted,
        "told": found.told,
    }
    return TemplateResponse(request, "runs/problem/adopt.html", context)
