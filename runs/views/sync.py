"""Sync now: what an integration owes goes at once, schedule or not."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from integrations.models import IntegrationConfig
from runs import orders
from runs.models import OPEN, IntegrationRun
from runs.present import links
from runs.select import Selector
from runs.views.orders import person


@require_POST
@permission_required("integrations.operate", raise_exception=True)
def sync(request: HttpRequest, integration: UUID) -> HttpResponse:
    found = get_object_or_404(IntegrationConfig.objects.select_related("credential", "current_version"), pk=integration)
    reason = Selector.of(found).not_able()
    if reason:
        messages.error(request, f"Nothing was sent. {reason}")
    else:
        messages.success(request, _told(found, len(orders.sync(found, person(request)))))
    return HttpResponseRedirect(links.to_integration(found.pk))


def _told(integration: IntegrationConfig, made: int) -> str:
    if made:
        return f"{_bills(made)} on the way to {integration.system_label}. Each is written once, whatever happens."
    under_way = IntegrationRun.objects.filter(integration=integration, status__in=OPEN, parent=None).count()
    if under_way:
        return f"Nothing new qualifies; {_bills(under_way)} on the way already."
    return "Nothing new qualifies: every Bill that this integration takes has a run already. A Bill's page says why it is left out."


def _bills(count: int) -> str:
    return "1 Bill is" if count == 1 else f"{count:,} Bills are"
