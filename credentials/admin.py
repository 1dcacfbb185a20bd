"""The list of credentials and the details page. Django's own add, change and delete are off: they would show or copy secrets."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from credentials import connecting, consenting, pages, views
from credentials.models import Credential
from integrations import registry

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Credential]
    Filter = admin.SimpleListFilter
else:
    Base, Filter = admin.ModelAdmin, admin.SimpleListFilter


class SystemFilter(Filter):
    title = "External system"
    parameter_name = "system"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = Credential.objects.order_by("system").values_list("system", flat=True).distinct()
        return [(name, registry.system_label(name)) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Credential]) -> QuerySet[Credential]:
        return queryset.filter(system=self.value()) if self.value() else queryset


@admin.register(Credential)
class CredentialAdmin(Base):
    list_display = ("name", "state", "external_system", "kind_label", "used_by", "verified", "expires")
    list_filter = (SystemFilter, "status")
    search_fields = ("name", "tenant")
    search_help_text = "Find a name or account"
    list_sentence = "How to log in to other systems. Secrets are stored encrypted and never shown again."
    empty_sentence = "No credential yet. An integration needs one before it can send anything."
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Credential | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Credential | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Credential | None = None) -> bool:
        return request.user.has_perm("credentials.view_credential")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        return super().get_queryset(request).prefetch_related("integrations")

    def get_urls(self) -> list[URLPattern]:
        def to(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"credentials_credential_{name}")

        return [
            to("create/", connecting.choose_kind, "choose_kind"),
            to("create/<str:kind>/", connecting.create, "create"),
            to("set-up/<str:kind>/", views.setup, "setup"),
            to("set-up/<str:kind>/<int:place>.zip", views.setup_files, "setup_files"),
            to("callback/", consenting.callback, "callback"),
            to("<uuid:pk>/consent/", consenting.ask, "consent"),
            to("<uuid:pk>/connect/", connecting.connect, "connect"),
            to("<uuid:pk>/test/", views.test, "test"),
            to("<uuid:pk>/disconnect/", views.disconnect, "disconnect"),
            to("<uuid:pk>/remove/", views.remove, "remove"),
            to("<uuid:pk>/certificate/", views.certificate, "certificate"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        allowed = {"may_connect": request.user.has_perm("credentials.connect")}
        return super().changelist_view(request, allowed | (extra_context or {}))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Where other pages lead to for a new credential."""
        return connecting.choose_kind(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The details page. There is nothing to save on it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        credential = self.get_object(request, object_id)
        return views.details(request, credential) if credential else redirect(pages.LIST)

    @admin.display(description="External system", ordering="system")
    def external_system(self, credential: Credential) -> SafeString:
        return format_html("{}<small>{}</small>", credential.system_label, credential.tenant)

    @admin.display(description="Kind", ordering="kind")
    def kind_label(self, credential: Credential) -> str:
        return credential.get_kind_display()

    @admin.display(description="State", ordering="status")
    def state(self, credential: Credential) -> str:
        return render_to_string("parts/state.html", {"state": credential.state})

    @admin.display(description="Used by")
    def used_by(self, credential: Credential) -> SafeString | str:
        names = [str(integration) for integration in credential.integrations.all() if not integration.archived_at]
        if names:
            return format_html("{}<small>{}</small>", len(names), ", ".join(names))
        return "a source" if pages.source_use(credential) else "none"

    @admin.display(description="Last verified", ordering="last_verified_at")
    def verified(self, credential: Credential) -> str:
        return render_to_string("credentials/parts/when.html", {"when": credential.last_verified_at})

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, credential: Credential) -> str:
        return render_to_string("credentials/parts/day.html", {"date": credential.expires_at})
