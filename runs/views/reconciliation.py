"""Source against destination, month by month: compared by a worker, looked at, put right row by row, signed off."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations.models import IntegrationConfig
from mappings.cells import plain
from runs import orders, reconcile_kept, reconcile_tasks
from runs.admin.base import uuid_in
from runs.models import Difference, Explanation, Reconciliation
from runs.present.reconciliation import Month, address, lines, page, places
from runs.views.downloads import csv_file
from runs.views.orders import may_operate, person, tell

COLUMNS = (
    *("kind", "bill", "number", "account", "owed", "currency", "document", "held", "held currency", "difference", "date", "period"),
    *("subsidiary", "why", "explanation", "url"),
)

may_see = permission_required("runs.view_integrationrun", raise_exception=True)
may_approve = permission_required("runs.approve", raise_exception=True)


class ExplainForm(forms.Form):
    text = forms.CharField(
        label="Explanation",
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text="For whoever signs off and for the auditor. It holds as long as exactly this is found.",
        error_messages={"required": "Say why this row is right as it is."},
    )


@require_safe
@may_see
def show(request: HttpRequest) -> HttpResponse:
    """One integration's month; with none chosen and several to choose from, all of them."""
    today = timezone.now().date()
    month = Month.of(request.GET.get("month", ""), today)
    integrations = list(_integrations())
    chosen = _chosen(request, integrations)
    context = admin.site.each_context(request) | {"month": month, "months": month.choices(today), "integrations": integrations}
    if chosen is None:
        found = places(integrations, month)
        context |= {
            "title": f"Reconciliation: {month}",
            "places": found,
            "to_compare": [each for each in found if each.integration.connected],
            "running": any(each.state.running for each in found),
        }
        return render(request, "runs/reconciliation_all.html", context)
    context |= page(chosen, month, request.GET.get("show", ""), request.GET.get("p", "")) | {"integration": chosen}
    return render(request, "runs/reconciliation.html", context)


@require_POST
@may_operate
def compare(request: HttpRequest) -> HttpResponse:
    """A worker compares the month of one integration, or with none named of all that are connected."""
    month = Month.of(request.POST.get("month", ""), timezone.now().date())
    one = uuid_in(request.POST.get("integration"))
    wanted = [get_object_or_404(_integrations(), pk=one)] if one else [each for each in _integrations() if each.connected]
    for integration in wanted:
        record = reconcile_kept.ask(integration, month.first, month.last, person(request))
        reconcile_tasks.wake(record.pk)
    return HttpResponseRedirect(address(one or "", month))


@require_safe
@may_see
def download(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every row that does not match."""
    record = get_object_or_404(Reconciliation.objects.select_related("integration"), pk=pk)
    return csv_file(_file(record), f"reconciliation-{record.start:%Y-%m}-{record.integration_id}.csv")


@require_POST
@may_operate
def send(request: HttpRequest, row: int) -> HttpResponse:
    """Sends the row's Bill through the comparison's integration; what is there already is updated."""
    found = _row(row)
    if found is None or found.bill is None:
        return _gone(request)
    try:
        run = orders.send_one(found.bill, found.reconciliation.integration, person(request))
    except orders.NotPossibleError as reason:
        messages.error(request, str(reason))
    else:
        tell(request, run)
    return _back(found.reconciliation)


@require_http_methods(["GET", "HEAD", "POST"])
@may_operate
def explain(request: HttpRequest, row: int) -> HttpResponse:
    """Why a row is right as it is, in a person's words."""
    found = _row(row)
    if found is None:
        return _gone(request)
    record = found.reconciliation
    form = ExplainForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        reconcile_kept.explain(found, form.cleaned_data["text"], person(request))
        messages.success(request, f"{found} is explained. It counts as settled until something else is found.")
        return _back(record)
    context = admin.site.each_context(request) | {"title": f"Explain {found.bill or found.number or found.external_id}", "form": form}
    context |= {"record": record, "line": lines(record, [found])[0], "label": record.integration.system_label, "back": _address(record)}
    return render(request, "runs/reconciliation_explain.html", context)


@require_POST
@may_operate
def take_back(request: HttpRequest, row: int) -> HttpResponse:
    found = _row(row)
    if found is None:
        return _gone(request)
    return _said(request, found.reconciliation, lambda: reconcile_kept.take_back(found, person(request)), f"{found} is open again.")


@require_POST
@may_approve
def sign_off(request: HttpRequest, pk: int) -> HttpResponse:
    record, note = _record(pk), request.POST.get("note", "").strip()[:2000]
    return _said(request, record, lambda: reconcile_kept.sign_off(record, person(request), note), f"{record} is signed off.")


@require_POST
@may_approve
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    record = _record(pk)
    return _said(request, record, lambda: reconcile_kept.withdraw(record, person(request)), f"{record} is no longer signed off.")


def _said(request: HttpRequest, record: Reconciliation, act: Callable[[], None], done: str) -> HttpResponse:
    try:
        act()
    except reconcile_kept.NotPossibleError as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, done)
    return _back(record)


def _integrations() -> Any:
    return IntegrationConfig.objects.filter(archived_at=None).select_related("credential", "current_version").prefetch_related("sources")


def _chosen(request: HttpRequest, integrations: list[IntegrationConfig]) -> IntegrationConfig | None:
    asked: UUID | None = uuid_in(request.GET.get("integration"))
    if asked is None:
        return integrations[0] if len(integrations) == 1 else None
    return next((each for each in integrations if each.pk == asked), None)


def _record(pk: int) -> Reconciliation:
    return get_object_or_404(Reconciliation.objects.select_related("integration", "signed_off_by"), pk=pk)


def _row(pk: int) -> Difference | None:
    rows = Difference.objects.select_related("bill__account", "bill__current_revision", "reconciliation__integration__credential")
    return rows.select_related("reconciliation__integration__current_version").filter(pk=pk).first()


def _gone(request: HttpRequest) -> HttpResponse:
    """Said of a row of a comparison that has been made again since the page was opened."""
    messages.warning(request, "The comparison was made again meanwhile, so nothing was done. Look at its rows once more.")
    return HttpResponseRedirect(reverse("admin:reconciliation"))


def _address(record: Reconciliation) -> str:
    return address(record.integration_id, Month(record.start))


def _back(record: Reconciliation) -> HttpResponseRedirect:
    return HttpResponseRedirect(_address(record))


def _file(record: Reconciliation) -> Iterator[Sequence[object]]:
    said = dict(Explanation.objects.filter(integration=record.integration_id).values_list("mark", "text"))
    yield COLUMNS
    for row in record.rows.select_related("bill").iterator():
        yield [plain(value) for value in _cells(row, row.settled or said.get(row.mark, ""))]


def _cells(row: Difference, explanation: str) -> tuple[object, ...]:
    bill = (row.bill.uid, row.bill.number) if row.bill else ("", "")
    money = (_figure(row.owed), row.currency, row.number or row.external_id, _figure(row.held), row.held_currency)
    return (
        row.kind,
        *bill,
        row.account,
        *money,
        _figure(row.difference),
        row.date,
        row.period,
        row.subsidiary,
        row.why,
        explanation,
        row.url,
    )


def _figure(amount: Any) -> str:
    return "" if amount is None else f"{amount.normalize():f}"
