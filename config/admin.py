from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from config.navigation import application_titles, navigation

OVERVIEW = "runs.overview.context"
NOTICES = "runs.notices.notices"


class BillpostAdminSite(admin.AdminSite):
    site_title = site_header = "Billpost"
    index_title = "Overview"
    empty_value_display = "none"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Django's, with the navigation and the standing notices: counted once, and only if the page shows them."""
        return super().each_context(request) | {
            "navigation": SimpleLazyObject(lambda: navigation(request)),
            "notices": SimpleLazyObject(lambda: import_string(NOTICES)(request)),
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Django's, with what the runs room counts, for those who may see runs."""
        overview = import_string(OVERVIEW)(request.GET.get("days", "")) if request.user.has_perm("runs.view_integrationrun") else None
        return super().index(request, {"overview": overview, "subtitle": None} | (extra_context or {}))

    def app_index(self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Django's, titled as the navigation names it."""
        title = application_titles().get(app_label, apps.get_app_config(app_label).verbose_name)
        return super().app_index(request, app_label, {"title": title} | (extra_context or {}))


class BillpostAdminConfig(AdminConfig):
    default_site = "config.admin.BillpostAdminSite"
