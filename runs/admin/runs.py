"""The list of runs, its bulk actions and the page of one run."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path

from integrations.models import IntegrationConfig
from runs import finding
from runs.admin import bulk
from runs.admin.base import ReadOnlyAdmin, badge, cell, money, uuid_in
from runs.admin.filters import AmountFilter, BillPartyFilter, ChainFilter, MomentFilter, Rows, ViewFilter, tabs
from runs.models import IntegrationRun, Problem, Status
from runs.present import chain, record, standing
from runs.present.facts import HEAVY, PAGE, RunFacts
from runs.present.result import result_of
from runs.present.run_page import page
from runs.views import catalogue, checklist, downloads, export, orders, readiness, search, sync

MOST_PROBLEMS = 20


class RunViews(ViewFilter):
    views = {
        "person": ("Needs a person", standing.needs_person),
        "waiting": ("Waiting", standing.waiting),
        "unknown": ("Unknown", standing.unknown),
        "posted": ("Posted", standing.posted),
    }


class StatusFilter(admin.SimpleListFilter):
    """By the verbatim code."""

    title = "Status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, status.value) for status in Status]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(status=self.value()) if self.value() else queryset


class IntegrationFilter(admin.SimpleListFilter):
    title = "Integration"
    parameter_name = "integration__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(integration.pk), integration.name) for integration in IntegrationConfig.objects.filter(archived_at=None)]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(integration=chosen) if (chosen := uuid_in(self.value())) else queryset


class ProblemFilter(admin.SimpleListFilter):
    title = "Problem"
    parameter_name = "problem"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = Problem.objects.exclude(state=Problem.State.CLOSED)[:MOST_PROBLEMS]
        return [(str(problem.pk), problem.title) for problem in found]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        chosen = self.value() or ""
        return queryset.filter(problems=chosen) if chosen.isdecimal() else queryset


@admin.register(IntegrationRun)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("badge", "bill_number", "account", "through", "money", "result", "created")
    list_display_links = ("bill_number",)
    list_select_related = ("bill__account", "integration", "delivery")
    list_filter = (RunViews, ChainFilter, IntegrationFilter, StatusFilter, BillPartyFilter, MomentFilter, AmountFilter, ProblemFilter)
    search_fields = ("bill__number", "bill__uid__exact", "external_id__exact", "delivery__number__exact", "bill__account__name")
    search_help_text = "Bill number, external id, run id"
    sortable_by = ("created",)
    numeric_columns = ("created",)
    list_sentence = "One row per order to deliver one revision of one Bill through one integration."
    bulk_note = "A retry writes each document once, it cannot post twice."
    empty_sentence = "No run yet: a Bill that qualifies for a connected integration makes one."
    actions = (bulk.retry, bulk.cancel)
    page_template = "admin/runs/integrationrun/change_form.html"

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runs.operate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[IntegrationRun]:
        return chain.with_steps(super().get_queryset(request).defer("explanation"))

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        """A run's id finds that run; anything else is looked for in one table after the other."""
        if run := uuid_in(search_term):
            return queryset.filter(pk=run), False
        return finding.among_runs(queryset, text) if (text := search_term.strip()) else queryset, False

    def list_views(self, cl: ChangeList) -> list[dict[str, Any]]:
        count = standing.capped_count(standing.needs_person(standing.whole(IntegrationRun.objects.all())))
        return tabs(cl, RunViews.views, {"person": count} if count else {})

    def page_rows(self, request: HttpRequest) -> QuerySet[IntegrationRun]:
        return IntegrationRun.objects.select_related(*PAGE).defer(*HEAVY)

    def page(self, request: HttpRequest, thing: IntegrationRun) -> dict[str, Any]:
        return page(RunFacts(thing), request.user)

    def get_urls(self) -> list[URLPattern]:
        def to(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=name)

        return [
            to("search/", search.search, "search"),
            to("sync/<uuid:integration>/", sync.sync, "runs_sync"),
            to("readiness/<uuid:integration>/", readiness.page, "runs_readiness"),
            to("readiness/<uuid:integration>.csv", readiness.download, "runs_readiness_csv"),
            to("checklist/<uuid:integration>/", checklist.page, "runs_checklist"),
            to("checklist/<uuid:integration>/check/", checklist.check, "runs_checklist_check"),
            to("checklist/<uuid:integration>/create/", checklist.create, "runs_checklist_create"),
            to("export/<uuid:integration>/", export.page, "runs_export"),
            to("export/<uuid:integration>.csv", export.download, "runs_export_csv"),
            to("catalogue/<uuid:credential>/", catalogue.refresh, "runs_refresh_catalogue"),
            to("exchange/<int:pk>/<slug:side>/", downloads.exchange, "runs_exchange_download"),
            to("<uuid:pk>/retry/", orders.retry, "runs_retry"),
            to("<uuid:pk>/replay/", orders.replay, "runs_replay"),
            to("<uuid:pk>/cancel/", orders.cancel, "runs_cancel"),
            to("<uuid:pk>/ask/", orders.ask, "runs_ask"),
            *super().get_urls(),
        ]

    @admin.display(description="Status")
    def badge(self, run: IntegrationRun) -> str:
        return badge(run.status)

    @admin.display(description="Bill")
    def bill_number(self, run: IntegrationRun) -> str:
        return f"{run.bill}, {record.noun_of_run(run)}" if run.parent_id else str(run.bill)

    @admin.display(description="Account")
    def account(self, run: IntegrationRun) -> str:
        return str(run.bill.account)

    @admin.display(description="Integration")
    def through(self, run: IntegrationRun) -> str:
        return str(run.integration)

    @admin.display(description="Amount")
    def money(self, run: IntegrationRun) -> str:
        return money(run.amount, run.currency)

    @admin.display(description="Result")
    def result(self, run: IntegrationRun) -> str:
        return cell("result", result=result_of(run))

    @admin.display(description="Created, UTC", ordering="dt_created")
    def created(self, run: IntegrationRun) -> str:
        return cell("moment", when=run.dt_created)
