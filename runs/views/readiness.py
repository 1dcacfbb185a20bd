"""Before the run: how many Bills would go through an integration, which would not and why, and where that is put right."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.models import Bill
from integrations.models import IntegrationConfig
from mappings.cells import plain
from runs.causes import causes
from runs.present import links
from runs.readiness import Readiness, readiness
from runs.views.downloads import csv_file

MOST_BILLS = 2_500
MOST_LISTED = 100
COLUMNS = ("bill", "number", "account", "date", "amount", "currency", "outcome", "code", "why")

may_see = permission_required("runs.view_integrationrun", raise_exception=True)


@require_safe
@may_see
def page(request: HttpRequest, integration: UUID) -> HttpResponse:
    """Looks at the first 2,500 Bills that are not posted; the file and the command look at all."""
    into = _integration(integration)
    found = readiness(into, MOST_BILLS)
    reasons = Counter(reason for _, reason in found.left_out)
    context = admin.site.each_context(request) | {
        "title": f"Readiness of {into}",
        "nav_current": "admin:integrations_integrationconfig_changelist",
        "integration": into,
        "label": into.system_label,
        "found": found,
        "bills": found.goes + len(found.blocked),
        "looked": found.goes + len(found.blocked) + len(found.left_out),
        "going": _by_count(found.going),
        "blocked": _by_count(each.bill for each in found.blocked),
        "causes": causes(into, found.blocked, request.get_full_path()),
        "listed": found.blocked[:MOST_LISTED],
        "unlisted": max(0, len(found.blocked) - MOST_LISTED),
        "reasons": reasons.most_common(20),
        "more_reasons": max(0, len(reasons) - 20),
        "csv_url": reverse("admin:runs_readiness_csv", args=(into.pk,)),
        "grid_url": links.url_if_any("mappings_grid", into.pk),
    }
    return render(request, "runs/readiness.html", context)


@require_safe
@may_see
def download(request: HttpRequest, integration: UUID) -> StreamingHttpResponse:
    """Every Bill that is not posted, one per row."""
    into = _integration(integration)
    return csv_file(_file(readiness(into)), f"readiness-{into.pk}.csv")


def _integration(pk: UUID) -> IntegrationConfig:
    return get_object_or_404(IntegrationConfig.objects.select_related("credential", "current_version"), pk=pk)


def _by_count(bills: Iterable[Bill]) -> dict[str, Decimal]:
    """Money by currency, most Bills first."""
    counts, sums = Counter[str](), defaultdict[str, Decimal](Decimal)
    for bill in bills:
        counts[bill.currency] += 1
        sums[bill.currency] += bill.total
    return {currency: sums[currency] for currency, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))}


def _file(found: Readiness) -> Iterator[Sequence[object]]:
    yield COLUMNS
    for row in _rows(found):
        yield [plain(value) for value in row]


def _rows(found: Readiness) -> Iterator[tuple[Any, ...]]:
    for bill in found.going:
        yield *_facts(bill), "goes", "", found.not_able
    for blocked in found.blocked:
        yield *_facts(blocked.bill), "blocked", blocked.fault.code, blocked.why
    for bill, reason in found.left_out:
        yield *_facts(bill), "left out", "", reason


def _facts(bill: Bill) -> tuple[Any, ...]:
    return bill.uid, bill.number, str(bill.account), bill.bill_date.isoformat(), f"{bill.total.normalize():f}", bill.currency
