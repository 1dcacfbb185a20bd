"""What all pages of stored rows share: they are read, never edited; what can be done is a button of its own."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

MOST_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than 10,000 rows: nobody pages that far, and counting a large table would be the slowest part of the list.

    A page is found by its rows' ids alone, which an index holds in order; only then are its rows read with all that they refer to.
    """

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_COUNTED].count()) if isinstance(rows, QuerySet) else len(rows)

    def page(self, number: int | str) -> Page:  # type: ignore[type-arg]
        rows, number = self.object_list, self.validate_number(number)
        if not isinstance(rows, QuerySet):
            return super().page(number)
        first = (number - 1) * self.per_page
        ids = list(rows.values_list("pk", flat=True)[first : first + self.per_page])
        return Page(rows.filter(pk__in=ids), number, self)


class ReadOnlyAdmin(Base):
    """A list without adding, deleting or editing. `page` makes the page of one row; without it, the rows have no page."""

    actions: Any = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    paginator = CappedPaginator
    most_counted = MOST_COUNTED
    page_template = ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        thing = self.found(request, object_id) if self.page_template else None
        if thing is None:
            raise Http404
        context = self.admin_site.each_context(request) | {"opts": self.opts, "original": thing, "title": str(thing)}
        return TemplateResponse(request, self.page_template, context | self.page(request, thing))

    def found(self, request: HttpRequest, object_id: str) -> Model | None:
        """The row with all that its page reads."""
        try:
            found: Model | None = self.page_rows(request).filter(pk=object_id).first()
        except (ValueError, ValidationError):
            return None
        return found

    def page_rows(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows

    def page(self, request: HttpRequest, thing: Any) -> dict[str, Any]:
        """The context of one row's page."""
        raise NotImplementedError


def cell(template: str, **context: Any) -> SafeString:
    """One cell of a list, from templates/runs/cells/."""
    return SafeString(render_to_string(f"runs/cells/{template}.html", context).strip())


def badge(status: str) -> str:
    return render_to_string("parts/badge.html", {"status": status})


def money(amount: Any, currency: str) -> str:
    return render_to_string("parts/money.html", {"amount": amount, "currency": currency})


def uuid_in(text: str | None) -> UUID | None:
    """The id that a text is, None when it is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None
