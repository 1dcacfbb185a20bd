from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from integrations import systems, views, views_options
from integrations.details import with_last_run
from integrations.models import IntegrationConfig
from integrations.wizard import CreateIntegration


@admin.register(IntegrationConfig)
class IntegrationConfigAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The list of integrations. Its add view is the wizard, its change view the details page."""

    list_display = ("name", "entity_type", "destination", "status_badge", "on_or_off", "last_run")
    list_display_links = ("name", "entity_type")
    list_select_related = ("credential",)
    list_filter = ("entity_type", "system", "enabled")
    search_fields = ("name",)
    search_help_text = "Find an integration by name"
    list_sentence = "Each sends the Bills that qualify into one external system."
    empty_sentence = "No integration yet: nothing is sent. Create one to send Bills into an external system."
    actions = None

    def get_urls(self) -> list[URLPattern]:
        def own(route: str, view: Any, name: str) -> Any:
            return path(route, self.admin_site.admin_view(view), name=f"integrations_integrationconfig_{name}")

        return [
            own("systems/", systems.every, "systems"),
            own("systems/<str:name>/", systems.one, "system"),
            own("check/", views_options.check, "check"),
            own("search/<slug:kind>/", views_options.search, "search"),
            own("<uuid:pk>/options/", views_options.edit_options, "options"),
            own("<uuid:pk>/versions/", views_options.versions, "versions"),
            own("<uuid:pk>/connect/", views.connect, "connect"),
            own("<uuid:pk>/disconnect/", views.disconnect, "disconnect"),
            own("<uuid:pk>/enable/", views.enable, "enable"),
            own("<uuid:pk>/disable/", views.disable, "disable"),
            own("<uuid:pk>/archive/", views.archive, "archive"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = CreateIntegration.as_view()(request)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return views.details(request, object_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[IntegrationConfig]:
        return with_last_run(super().get_queryset(request).filter(archived_at=None))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.configure")

    def has_change_permission(self, request: HttpRequest, obj: IntegrationConfig | None = None) -> bool:
        return request.user.has_perm("integrations.configure")

    def has_delete_permission(self, request: HttpRequest, obj: IntegrationConfig | None = None) -> bool:
        return False

    @admin.display(description="Destination", ordering="system")
    def destination(self, integration: IntegrationConfig) -> str:
        return integration.system_label

    @admin.display(description="Status")
    def status_badge(self, integration: IntegrationConfig) -> SafeString:
        return render_to_string("parts/state.html", {"state": integration.status.value})

    @admin.display(description="Enabled", ordering="enabled")
    def on_or_off(self, integration: IntegrationConfig) -> str:
        return "yes" if integration.enabled else "no"

    @admin.display(description="Last run", ordering="last_run")
    def last_run(self, integration: IntegrationConfig) -> SafeString:
        return render_to_string("integrations/ago.html", {"when": integration.last_run})  # type: ignore[attr-defined]
