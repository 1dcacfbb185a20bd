from collections.abc import Callable

from django.contrib import admin
from django.http import HttpResponseBase
from django.urls import URLPattern, path

from runs.admin.base import ReadOnlyAdmin
from runs.models import Reconciliation
from runs.views import periods, reconciliation


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """The addresses of the comparison and of the calendar; both have pages of their own."""

    def get_urls(self) -> list[URLPattern]:
        def to(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=name)

        return [
            to("", reconciliation.show, "reconciliation"),
            to("compare/", reconciliation.compare, "runs_reconciliation_compare"),
            to("<int:pk>.csv", reconciliation.download, "runs_reconciliation_csv"),
            to("<int:pk>/sign-off/", reconciliation.sign_off, "runs_reconciliation_sign_off"),
            to("<int:pk>/withdraw/", reconciliation.withdraw, "runs_reconciliation_withdraw"),
            to("row/<int:row>/send/", reconciliation.send, "runs_reconciliation_send"),
            to("row/<int:row>/explain/", reconciliation.explain, "runs_reconciliation_explain"),
            to("row/<int:row>/take-back/", reconciliation.take_back, "runs_reconciliation_take_back"),
            to("calendar/<uuid:integration>/", periods.calendar, "runs_calendar"),
            to("calendar/<uuid:integration>/refresh/", periods.refresh, "runs_calendar_refresh"),
            *super().get_urls(),
        ]
