"""What a Bill would become in an integration, the exact request, and the order to send it."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from billing.models import Bill
from integrations.models import IntegrationConfig
from runs import orders
from runs.orders import NotPossibleError
from runs.present import bill_page, links, preview_page
from runs.preview import preview
from runs.views.orders import may_operate, person, tell

may_see = permission_required("billing.view_bill", raise_exception=True)


@require_GET
@may_see
def choose(request: HttpRequest, bill: int) -> HttpResponse:
    """From the drop-down of integrations to the preview in one of them."""
    found = get_object_or_404(Bill, pk=bill)
    chosen = {str(integration.pk): integration for integration in bill_page.choices()}
    wanted = chosen.get(request.GET.get("integration", "")) or next(iter(chosen.values()), None)
    if wanted is None:
        messages.error(request, "There is no integration to preview this Bill in; create one first.")
        return HttpResponseRedirect(links.to_bill(found.pk))
    return HttpResponseRedirect(reverse("admin:runs_preview", args=(found.pk, wanted.pk)))


@require_GET
@may_see
def show(request: HttpRequest, bill: int, integration: UUID) -> HttpResponse:
    return render(request, "runs/preview.html", _context(request, bill, integration))


@require_GET
@may_see
def request_page(request: HttpRequest, bill: int, integration: UUID) -> HttpResponse:
    return render(request, "runs/preview_request.html", _context(request, bill, integration))


@require_POST
@may_operate
def send(request: HttpRequest, bill: int, integration: UUID) -> HttpResponse:
    found, into = _bill(bill), _integration(integration)
    try:
        run = orders.send_one(found, into, person(request))
    except NotPossibleError as reason:
        messages.error(request, str(reason))
        return HttpResponseRedirect(reverse("admin:runs_preview", args=(bill, integration)))
    tell(request, run)
    return HttpResponseRedirect(links.to_run(run.pk))


def _bill(pk: int) -> Bill:
    return get_object_or_404(Bill.objects.select_related("account", "source", "current_revision"), pk=pk)


def _integration(pk: UUID) -> IntegrationConfig:
    return get_object_or_404(IntegrationConfig.objects.select_related("credential", "current_version"), pk=pk)


def _context(request: HttpRequest, pk: int, integration: UUID) -> dict[str, Any]:
    bill, into = _bill(pk), _integration(integration)
    context = admin.site.each_context(request) | {
        "title": f"Preview: {bill} in {into}",
        "bill": bill,
        "integration": into,
        "integrations": bill_page.choices(),
        "label": into.system_label,
    }
    return context | preview_page.page(bill, into, preview(bill, into), request.user)
