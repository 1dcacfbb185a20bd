"""The page of problems and the history of changes."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from runs.admin.base import ReadOnlyAdmin, cell, uuid_in
from runs.admin.filters import MomentFilter, Rows
from runs.models import Event, Problem
from runs.present import problem_list, problem_page
from runs.views import adopt
from runs.views import problems as views


@admin.register(Problem)
class ProblemAdmin(ReadOnlyAdmin):
    """The list is ranked by money, and every row has a page of its own."""

    page_template = "admin/runs/problem/change_form.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = request.GET
        shown = problem_list.page(asked.get("state", ""), uuid_in(asked.get("integration")), asked.get("code", ""), request.user)
        context = self.admin_site.each_context(request) | {"opts": self.opts} | shown
        return TemplateResponse(request, "admin/runs/problem/change_list.html", context)

    def page_rows(self, request: HttpRequest) -> QuerySet[Problem]:
        return Problem.objects.select_related("integration__credential", "owner")

    def page(self, request: HttpRequest, thing: Problem) -> dict[str, Any]:
        return problem_page.page(thing, request.user)

    def get_urls(self) -> list[URLPattern]:
        def to(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=name)

        return [
            to("<int:pk>/retry/", views.retry, "runs_problem_retry"),
            to("<int:pk>/ask/", views.ask, "runs_problem_ask"),
            to("<int:pk>/snooze/", views.snooze, "runs_problem_snooze"),
            to("<int:pk>/reopen/", views.reopen, "runs_problem_reopen"),
            to("<int:pk>/comment/", views.comment, "runs_problem_comment"),
            to("<int:pk>/assign/", views.assign, "runs_problem_assign"),
            to("<int:pk>/progress/", views.progress, "runs_problem_progress"),
            to("of/<uuid:pk>/retry/", views.retry_integration, "runs_problem_retry_integration"),
            to("run/<uuid:pk>/mark-as-synced/", adopt.mark_as_synced, "runs_adopt"),
            *super().get_urls(),
        ]


class VerbFilter(admin.SimpleListFilter):
    title = "What"
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        verbs = Event.objects.order_by("verb").values_list("verb", flat=True).distinct()
        return [(verb, verb) for verb in verbs]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(verb=self.value()) if self.value() else queryset


class WhenFilter(MomentFilter):
    title = "When"
    path = "when"


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("at", "person", "verb", "thing", "what")
    list_display_links = None
    list_select_related = ("who",)
    list_filter = (VerbFilter, WhenFilter)
    search_fields = ("subject", "subject_id__exact", "who__username", "who__first_name", "who__last_name")
    search_help_text = "What was changed, or by whom"
    sortable_by = ("at",)
    list_sentence = "Who changed what, and when. Nothing here is ever edited or deleted."
    empty_sentence = "Nothing was changed yet."
    counted_as = ("change", "changes")

    @admin.display(description="When, UTC", ordering="when")
    def at(self, event: Event) -> str:
        return cell("moment", when=event.when)

    @admin.display(description="Who")
    def person(self, event: Event) -> str:
        return (event.who.get_full_name() or event.who.get_username()) if event.who else "Billpost"

    @admin.display(description="Of")
    def thing(self, event: Event) -> str:
        return event.subject

    @admin.display(description="Before and after")
    def what(self, event: Event) -> str:
        return cell("event", changes=changes(event.before, event.after))


def changes(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """The keys that differ: (key, before, after), None where there was none."""
    old, new = (before if isinstance(before, dict) else {}), (after if isinstance(after, dict) else {})
    return [(key, old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]
