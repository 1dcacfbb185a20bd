"""The calendar of an integration's books: which months are open, and how many Bills wait for each."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from integrations.contract import Period
from integrations.models import IntegrationConfig
from integrations.periods import FIRST_OPEN_DAY, HOLD
from runs import periods_calendar, reconcile_tasks
from runs.periods_calendar import HeldUp, Spans
from runs.present.reconciliation import Month, address
from runs.views.orders import may_operate

BEFORE, AFTER = dt.timedelta(days=366), dt.timedelta(days=92)
POLICIES = {
    HOLD: "A Bill dated in a closed period is held until a person decides; nothing is posted elsewhere by itself.",
    FIRST_OPEN_DAY: "A Bill dated in a closed period posts on the first open day; its run shows the new date.",
}

may_see = permission_required("runs.view_integrationrun", raise_exception=True)


@dataclass(frozen=True)
class Line:
    """One period, and what is held up in it. `period` is None for a month that the calendar does not know."""

    name: str
    first: dt.date
    period: Period | None = None
    held_up: HeldUp = field(default_factory=HeldUp)
    compared_url: str = ""

    @property
    def state(self) -> tuple[str, str]:
        """Words and tone of a tag."""
        match self.period:
            case None:
                return "Not known", "outline"
            case Period(open=False):
                return "Closed", "rust"
            case Period(receivables_locked=True):
                return "Receivables locked", "rust"
            case Period(tax_open=False):
                return "Tax period closed", "rust"
        return "Open", "green"


@require_safe
@may_see
def calendar(request: HttpRequest, integration: UUID) -> HttpResponse:
    into = _integration(integration)
    tenant = into.credential.tenant if into.credential else ""
    kept = periods_calendar.kept(into.system, tenant) if tenant else None
    context = admin.site.each_context(request) | {
        "title": f"Calendar of {into}",
        "nav_current": "admin:integrations_integrationconfig_changelist",
        "integration": into,
        "label": into.system_label,
        "kept": kept,
        "lines": lines(into, Spans(kept.periods if kept else ())),
        "policy": POLICIES.get(into.options.get("closedPeriodPolicy", ""), ""),
    }
    return render(request, "runs/calendar.html", context)


@require_POST
@may_operate
def refresh(request: HttpRequest, integration: UUID) -> HttpResponse:
    """Asks a worker to read the calendar again."""
    into = _integration(integration)
    if into.connected:
        reconcile_tasks.wake_calendar(into)
        messages.success(request, f"The periods of {into.system_label} are being read; that takes a moment.")
    else:
        messages.error(request, f"{into} is not connected, so nothing can be read. Connect its credential first.")
    return HttpResponseRedirect(reverse("admin:runs_calendar", args=(into.pk,)))


def lines(integration: IntegrationConfig, spans: Spans) -> list[Line]:
    """The last year and the next months, the newest first, and every older period in which something is held up."""
    today, held_up = timezone.now().date(), periods_calendar.held_up(integration, spans)
    near = [each for each in spans.periods if (today - BEFORE <= each.end and each.start <= today + AFTER) or each.start in held_up]
    known = [_line(integration, each.name, each.start, each, held_up) for each in near]
    unknown = [_line(integration, f"{day:%b %Y}", day, None, held_up) for day in held_up if spans.of(day) is None]
    return sorted([*known, *unknown], key=lambda line: line.first, reverse=True)


def _line(integration: IntegrationConfig, name: str, first: dt.date, period: Period | None, held_up: Mapping[dt.date, HeldUp]) -> Line:
    url = address(integration.pk, Month(first.replace(day=1)))
    return Line(name, first, period, held_up.get(first, HeldUp()), url)


def _integration(pk: UUID) -> Any:
    return get_object_or_404(IntegrationConfig.objects.select_related("credential", "current_version"), pk=pk)
