from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from config.navigation import navigation


class BillpostAdminSite(admin.AdminSite):
    site_title = site_header = "Billpost"
    index_title = "Overview"
    empty_value_display = "none"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Django's, with the navigation: counted once, and only if the page shows it."""
        return super().each_context(request) | {"navigation": SimpleLazyObject(lambda: navigation(request))}


class BillpostAdminConfig(AdminConfig):
    default_site = "config.admin.BillpostAdminSite"
