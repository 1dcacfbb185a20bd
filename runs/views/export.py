"""The file lane: what an integration would send as the destination's import file, looked at on a page and downloaded."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from integrations.contract import FileLane
from integrations.models import IntegrationConfig
from runs.export import Row, Window, lane_of, rows
from runs.views.downloads import csv_file

MOST_BILLS = 2_500
MOST_LISTED = 100

may_see = permission_required("runs.view_integrationrun", raise_exception=True)


class WindowForm(forms.Form):
    """Without dates, the month before this one."""

    start = forms.DateField(label="From", required=False, widget=forms.DateInput({"type": "date"}), help_text="Bills dated on or after.")
    end = forms.DateField(label="To", required=False, widget=forms.DateInput({"type": "date"}), help_text="Bills dated on or before.")
    unsent = forms.BooleanField(label="Leave out what is delivered", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def window(self) -> Window:
        if not self.is_valid():
            return Window.of(None, None)
        return Window.of(self.cleaned_data["start"], self.cleaned_data["end"], self.cleaned_data["unsent"])


@dataclass
class Summary:
    """What the file would hold: invoices and lines, money by currency, and the Bills that are not in it."""

    invoices: int = 0
    lines: int = 0
    nothing: int = 0
    money: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    failed: list[Row] = field(default_factory=list)
    more: bool = False

    def add(self, row: Row) -> None:
        if row.fault is not None:
            self.failed.append(row)
        elif row.lines:
            self.invoices, self.lines = self.invoices + 1, self.lines + len(row.lines)
            self.money[row.bill.currency] += row.bill.total
        else:
            self.nothing += 1


@require_safe
@may_see
def page(request: HttpRequest, integration: UUID) -> HttpResponse:
    """Looks at the first 2,500 Bills; the file has all."""
    chosen, lane = _found(integration)
    form = WindowForm(request.GET)
    window = form.window()
    found = _summary(chosen, lane, window)
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    context = admin.site.each_context(request) | {
        "title": f"File of {chosen}",
        "nav_current": "admin:integrations_integrationconfig_changelist",
        "integration": chosen,
        "lane": lane,
        "form": form,
        "month": window.month,
        "found": found,
        "money": dict(found.money),
        "listed": found.failed[:MOST_LISTED],
        "unlisted": max(0, len(found.failed) - MOST_LISTED),
        "csv_url": f"{reverse('admin:runs_export_csv', args=(chosen.pk,))}{query}",
    }
    return render(request, "runs/export.html", context)


@require_safe
@may_see
def download(request: HttpRequest, integration: UUID) -> StreamingHttpResponse:
    chosen, lane = _found(integration)
    window = WindowForm(request.GET).window()
    return csv_file(_file(chosen, lane, window), f"{chosen.system.lower()}-{window.month or dt.date.today():%Y-%m}.csv")


def _file(integration: IntegrationConfig, lane: FileLane, window: Window) -> Iterator[Sequence[object]]:
    yield lane.header(integration.options)
    for row in rows(integration, lane, window):
        yield from row.lines


def _summary(integration: IntegrationConfig, lane: FileLane, window: Window) -> Summary:
    found = Summary()
    for number, row in enumerate(rows(integration, lane, window)):
        if number == MOST_BILLS:
            found.more = True
            break
        found.add(row)
    return found


def _found(pk: UUID) -> tuple[IntegrationConfig, FileLane]:
    integration = get_object_or_404(IntegrationConfig.objects.select_related("credential", "current_version"), pk=pk)
    lane = lane_of(integration)
    if lane is None:
        raise Http404
    return integration, lane
