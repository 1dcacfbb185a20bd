"""The page of problems and the history of changes."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from runs.admin.base import ReadOnlyAdmin, cell, uuid_in
from runs.admin.filters import MomentFilter, Rows
from runs.models import Event, Problem
from runs.present import links, problems

STATES = {"open": "Open", "snoozed": "Snoozed", "closed": "Closed"}


@admin.register(Problem)
class ProblemAdmin(ReadOnlyAdmin):
    """One page of causes, not a table of rows."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        state = request.GET.get("state", "open")
        state = state if state in STATES else "open"
        chosen = uuid_in(request.GET.get("integration"))
        causes = problems.causes(state, chosen)
        context = self.admin_site.each_context(request) | {
            "title": "Problems",
            "opts": self.opts,
            "causes": causes,
            "bills": sum(cause.bills for cause in causes),
            "state": state,
            "tabs": [_tab(name, label, state, chosen, len(causes)) for name, label in STATES.items()],
            "integrations": problems.choices(),
            "chosen": str(chosen or ""),
        }
        return TemplateResponse(request, "admin/runs/problem/change_list.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A problem's page is its runs."""
        if not object_id.isdecimal():
            raise Http404
        return HttpResponseRedirect(links.url_if_any("runs_integrationrun_changelist", problem=object_id))


def _tab(name: str, label: str, state: str, integration: UUID | None, count: int) -> dict[str, Any]:
    more = f"&integration={integration}" if integration else ""
    current = name == state
    return {
        "label": label,
        "url": f"?state={name}{more}",
        "current": current,
        "count": count if current and count else None,
        "tone": "red" if name == "open" else "",
        "words": "problems",
    }


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
