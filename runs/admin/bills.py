"""The list of Bills, and one Bill: where it is, what its revisions changed, what it would become."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from billing.models import Bill, Source
from runs import finding
from runs.admin.base import ReadOnlyAdmin, cell, money
from runs.admin.filters import DateFilter, PartyFilter, Rows, ViewFilter, tabs
from runs.models import IntegrationRun
from runs.present import bill_page
from runs.views import downloads, intake, preview

WHERE = ("status", "bill_id", "integration__name", "dt_created")


class BillViews(ViewFilter):
    views = {
        "nowhere": ("Without a run", lambda bills: bills.filter(runs=None)),
    }


class SourceFilter(admin.SimpleListFilter):
    title = "Source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(source.slug, str(source)) for source in Source.objects.all()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(source__slug=self.value()) if self.value() else queryset


@admin.register(Bill)
class BillAdmin(ReadOnlyAdmin):
    list_display = ("bill_number", "party", "period", "money", "status_tag", "date", "where")
    list_display_links = ("bill_number",)
    list_select_related = ("account", "source")
    list_filter = (BillViews, "status", PartyFilter, DateFilter, SourceFilter)
    search_fields = ("number", "uid__exact", "account__name", "account__code__exact")
    search_help_text = "Bill number, source id or Account"
    sortable_by = ("date",)
    list_sentence = "Every Bill that arrived, and where it stands in each integration."
    empty_sentence = "No Bill has arrived yet. Import a file or connect a source."
    page_template = "admin/billing/bill/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bill]:
        """With the runs of the page's Bills, the newest last, in one more query."""
        runs = IntegrationRun.objects.filter(parent=None).select_related("integration").only(*WHERE).order_by("dt_created", "id")
        return super().get_queryset(request).prefetch_related(Prefetch("runs", queryset=runs))

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        return finding.among_bills(queryset, text) if (text := search_term.strip()) else queryset, False

    def list_views(self, cl: ChangeList) -> list[dict[str, Any]]:
        return tabs(cl, BillViews.views, {})

    def page_rows(self, request: HttpRequest) -> QuerySet[Bill]:
        return Bill.objects.select_related("account", "source", "current_revision").defer("current_revision__raw")

    def page(self, request: HttpRequest, thing: Bill) -> dict[str, Any]:
        return bill_page.page(thing, request.user, every_column=request.GET.get("revisions") == "all")

    def get_urls(self) -> list[URLPattern]:
        def to(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=name)

        return [
            to("import/", intake.intake, "runs_import"),
            to("import/<int:pk>/", intake.file, "runs_import_file"),
            to("import/templates/<slug:platform>/<str:name>", intake.template, "runs_import_template"),
            to("<int:bill>/revisions/<int:number>.json", downloads.revision, "runs_revision_raw"),
            to("<int:bill>/preview/", preview.choose, "runs_preview_choose"),
            to("<int:bill>/preview/<uuid:integration>/", preview.show, "runs_preview"),
            to("<int:bill>/preview/<uuid:integration>/request/", preview.request_page, "runs_preview_request"),
            to("<int:bill>/preview/<uuid:integration>/send/", preview.send, "runs_send"),
            *super().get_urls(),
        ]

    @admin.display(description="Number")
    def bill_number(self, bill: Bill) -> str:
        return str(bill)

    @admin.display(description="Account")
    def party(self, bill: Bill) -> str:
        return str(bill.account)

    @admin.display(description="Period")
    def period(self, bill: Bill) -> str:
        return bill_page.period_of(bill)

    @admin.display(description="Total")
    def money(self, bill: Bill) -> str:
        return money(bill.total, bill.currency)

    @admin.display(description="Status")
    def status_tag(self, bill: Bill) -> str:
        return cell("bill_status", bill=bill, tone=bill_page.TONES[Bill.Status(bill.status)])

    @admin.display(description="Date", ordering="bill_date")
    def date(self, bill: Bill) -> str:
        return cell("day", date=bill.bill_date)

    @admin.display(description="Where")
    def where(self, bill: Bill) -> str:
        return cell("where", runs=list({run.integration_id: run for run in bill.runs.all()}.values()))
