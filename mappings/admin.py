"""The list of External mappings. Its add view is the wizard, its change view the page of a mapping."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from mappings import choices, entities, service, unmapped
from mappings.models import ALWAYS, CatalogueRecord, ExternalMapping
from mappings.shown import Shown, shown
from mappings.views import create, edit, find, grid, transfer

Rows = QuerySet[ExternalMapping]


def unusable(rows: Rows) -> Rows:
    """Those whose record is inactive or no longer there."""
    record = {"system": OuterRef("external_system"), "table": OuterRef("external_table"), "external_id": OuterRef("external_id")}
    own = Q(tenant=OuterRef("integration__credential__tenant"))
    bad = CatalogueRecord.objects.filter(active=False, **record)
    linked = Q(integration__credential__isnull=False)
    return rows.filter((~linked & Exists(bad)) | (linked & Exists(bad.filter(own))))


VIEWS: dict[str, tuple[str, Callable[[Rows], Rows]]] = {
    "linked": ("Linked", lambda rows: rows.exclude(integration=None)),
    "dated": ("Dated", lambda rows: rows.exclude(valid_from=ALWAYS, valid_to=None)),
    "ended": ("Ended", lambda rows: rows.filter(valid_to__lt=unmapped.today())),
    "unusable": ("Inactive at the destination", unusable),
}


class ViewFilter(admin.ListFilter):
    """The tabs of the list, chosen by ?view=. Draws nothing itself."""

    title = "view"
    template = "mappings/cells/none.html"

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.chosen = params.pop("view", [""])[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return ["view"]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield from ()

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return VIEWS[self.chosen][1](queryset) if self.chosen in VIEWS else queryset


class ChosenFilter(admin.SimpleListFilter):
    """A pill for a column that a link has chosen a value of; without such a link there is none."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(str(self.parameter_name), "")
        return [(value, self.words(value))] if value else []

    def words(self, value: str) -> str:
        return value

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class EntityFilter(ChosenFilter):
    title = "Entity"
    parameter_name = "entity_id"

    def words(self, value: str) -> str:
        kinds = ExternalMapping.objects.filter(entity_id=value).values_list("entity_type", flat=True).order_by().distinct()
        return next((str(entities.one(kind, value)) for kind in kinds), value)


class RecordFilter(ChosenFilter):
    title = "External entity ID"
    parameter_name = "external_id"


class IntegrationFilter(admin.SimpleListFilter):
    title = "Linked integration"
    parameter_name = "integration"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(each.pk), each.name) for each in choices.integrations()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        chosen = choices.integration(self.value() or "")
        return queryset.filter(integration=chosen) if chosen else queryset


class NamedChangeList(ChangeList):
    """Reads the names of a whole page at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        for row in shown(self.result_list):
            row.mapping.shown = row  # type: ignore[attr-defined]


@admin.register(ExternalMapping)
class ExternalMappingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("entity", "external_system", "external_table", "record", "linked", "valid", "changed")
    list_display_links = ("entity",)
    list_select_related = ("integration__credential", "source")
    list_filter = (ViewFilter, "entity_type", "external_system", "external_table", IntegrationFilter, EntityFilter, RecordFilter)
    search_fields = ("entity_id__exact", "external_id__exact", "external_name", "external_table")
    search_help_text = "Name, code or id"
    sortable_by = ("external_system", "external_table", "changed")
    list_sentence = "Which record of an external system stands for each Account, product and other entity."
    empty_sentence = "No External mapping yet. Create one, map many at once from an integration's page, or import a file."

    def get_urls(self) -> list[URLPattern]:
        def to(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"mappings_{name}")

        return [
            to("grid/<uuid:pk>/", grid.grid, "grid"),
            to("transfer/", transfer.transfer, "transfer"),
            to("export/", transfer.export, "export"),
            to("tables/", create.tables, "tables"),
            to("find/entities/", find.find_entities, "find_entities"),
            to("find/records/", find.find_records, "find_records"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return create.create(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return edit.edit(request, object_id)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        grids = choices.integrations() if self.has_add_permission(request) else []
        return super().changelist_view(request, {"grids": grids} | (extra_context or {}))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NamedChangeList

    def list_views(self, cl: ChangeList) -> list[dict[str, Any]]:
        chosen = cl.params.get("view", "")
        named = [("", "All"), *((name, label) for name, (label, _) in VIEWS.items())]
        current = chosen if chosen in VIEWS else ""
        return [{"label": label, "url": cl.get_query_string({"view": name or None}), "current": name == current} for name, label in named]

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        """Also by the names of the entities, which only the sources' own tables hold."""
        found, many = super().get_search_results(request, queryset, search_term)
        named = entities.ids_named(search_term) if search_term else set()
        return (found | queryset.filter(entity_id__in=named) if named else found), many

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mappings.map")

    def has_change_permission(self, request: HttpRequest, obj: ExternalMapping | None = None) -> bool:
        return request.user.has_perm("mappings.map")

    def has_delete_permission(self, request: HttpRequest, obj: ExternalMapping | None = None) -> bool:
        return request.user.has_perm("mappings.map")

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> Any:
        """Named at both ends."""
        return super().render_delete_form(request, context | {"row": shown([context["object"]])[0]})

    def delete_model(self, request: HttpRequest, obj: ExternalMapping) -> None:
        service.delete(obj, request.user)

    def delete_queryset(self, request: HttpRequest, queryset: Rows) -> None:
        for mapping in queryset.select_related("integration", "source"):
            service.delete(mapping, request.user)

    @admin.display(description="Entity", ordering="entity_id")
    def entity(self, mapping: ExternalMapping) -> SafeString:
        return _cell("entity", mapping)

    @admin.display(description="External entity ID", ordering="external_id")
    def record(self, mapping: ExternalMapping) -> SafeString:
        return _cell("record", mapping)

    @admin.display(description="Linked integration")
    def linked(self, mapping: ExternalMapping) -> str:
        return str(mapping.integration or "")

    @admin.display(description="Valid")
    def valid(self, mapping: ExternalMapping) -> SafeString:
        return _cell("valid", mapping)

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, mapping: ExternalMapping) -> SafeString:
        return _cell("changed", mapping)


def _cell(name: str, mapping: ExternalMapping) -> SafeString:
    row: Shown = mapping.shown  # type: ignore[attr-defined]
    return render_to_string(f"mappings/cells/{name}.html", {"row": row})
