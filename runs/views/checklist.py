"""What an integration needs at its destination: the steps, the role's permissions and the records, as last checked."""

from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from integrations import registry
from integrations.errors import DeliveryError
from integrations.models import IntegrationConfig
from integrations.options import OptionErrors
from runs import preflight
from runs.views.orders import person

SEE = ("integrations.view_integrationconfig", "integrations.configure", "integrations.operate")
CONFIGURE = "integrations.configure"


@require_safe
def page(request: HttpRequest, integration: UUID) -> HttpResponse:
    """Shows what is kept; nothing is asked."""
    found = _found(request, integration, *SEE)
    declared = registry.destination(found.system).preflight
    context = admin.site.each_context(request) | {
        "title": f"Checklist of {found}",
        "nav_current": "admin:integrations_integrationconfig_changelist",
        "integration": found,
        "label": found.system_label,
        "preflight": declared,
        "kept": (kept := preflight.last(found)),
        "missing": kept.count("missing") if kept else 0,
        "unknown": kept.count("unknown") if kept else 0,
        "may_configure": request.user.has_perm(CONFIGURE),
    }
    return render(request, "runs/checklist.html", context)


@require_POST
def check(request: HttpRequest, integration: UUID) -> HttpResponse:
    found = _found(request, integration, *SEE[1:])
    try:
        preflight.check(found, person(request))
    except DeliveryError as refused:
        messages.error(request, f"Nothing was checked. {refused.sentence}")
    return _back(found)


@require_POST
def create(request: HttpRequest, integration: UUID) -> HttpResponse:
    """Makes one thing at the destination, or all that was missing, each once whatever happens; and checks again."""
    found, name = _found(request, integration, CONFIGURE), request.POST.get("name", "")
    kept = preflight.last(found)
    try:
        made = preflight.create(found, [name] if name else kept.makes if kept else [], person(request))
        if made:
            messages.success(request, f"{found} now uses it: its options have a new version.")
        preflight.check(found, person(request))
    except OptionErrors as refused:
        messages.error(request, " ".join(refused.errors.values()))
    except DeliveryError as refused:
        messages.error(request, f"{refused.sentence} Pressing again makes nothing twice.")
    return _back(found)


def _found(request: HttpRequest, pk: UUID, *permissions: str) -> IntegrationConfig:
    if not any(request.user.has_perm(permission) for permission in permissions):
        raise PermissionDenied
    found = get_object_or_404(IntegrationConfig.objects.select_related("credential", "current_version"), pk=pk)
    if not preflight.offered(found):
        raise Http404
    return found


def _back(integration: IntegrationConfig) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:runs_checklist", args=(integration.pk,)))
