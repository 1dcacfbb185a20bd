"""Mark as synced: asks for the document's number, looks at it, and records it when it is the Bill's."""

from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from integrations.contract import Held
from runs import adopt
from runs.models import IntegrationRun
from runs.orders import NotPossibleError
from runs.present import links, record
from runs.views.orders import may_operate, person

READ = ("bill__source", "bill__account", "revision", "delivery__integration", "integration__credential", "integration__current_version")


@require_http_methods(["GET", "POST"])
@may_operate
def mark_as_synced(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A POST looks; what agrees is recorded at once, what does not is shown and left."""
    run = get_object_or_404(IntegrationRun.objects.select_related(*READ), pk=pk)
    number, held, told = request.POST.get("number", "").strip(), None, []
    try:
        adopt.refuse_unless_possible(run)
        if request.method == "POST":
            held = adopt.look(run, number)
            told = adopt.differences(run, held)
            if not told:
                adopt.adopt(run, held, person(request))
                messages.success(request, f"{run.integration.system_label} holds {run.bill} as {_name(run, held)}; nothing was sent.")
                return HttpResponseRedirect(links.to_run(run.pk))
    except NotPossibleError as reason:
        told = [str(reason)]
    return _form(request, run, number, held, told)


def _form(request: HttpRequest, run: IntegrationRun, number: str, held: Held | None, told: list[str]) -> HttpResponse:
    context = admin.site.each_context(request) | {
        "title": f"Mark {run.bill} as synced",
        "run": run,
        "noun": record.noun_of(run.integration.system, run.delivery.kind),
        "number": number,
        "held": held,
        "told": told,
    }
    return TemplateResponse(request, "runs/problem/adopt.html", context)


def _name(run: IntegrationRun, held: Held) -> str:
    return f"{record.noun_of(run.integration.system, run.delivery.kind)} {held.number or held.external_id}"
