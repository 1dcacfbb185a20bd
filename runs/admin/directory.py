"""What the sources know: Accounts, products, sources. Read only: they change where they come from."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import URLPattern, path

from billing.models import Account, Bill, CatalogueItem, Source
from runs.admin.base import ReadOnlyAdmin, cell
from runs.admin.bills import SourceFilter
from runs.admin.filters import Rows, ViewFilter, tabs
from runs.present import directory, feed
from runs.views import feeds


def _bills_of(field: str) -> Subquery:
    """How many Bills a row has, counted for the rows that are shown."""
    counted = Bill.objects.filter(**{field: OuterRef("pk")}).order_by().values(field).annotate(bills=Count("id")).values("bills")
    return Subquery(counted)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ("party", "code", "uid", "email", "currency", "bills", "source")
    list_display_links = ("party",)
    list_select_related = ("source",)
    list_filter = (SourceFilter,)
    search_fields = ("name", "code", "uid__exact", "email")
    search_help_text = "Name, code, id or e-mail"
    sortable_by = ("party",)
    numeric_columns = ("bills",)
    list_sentence = "The end customers that Bills are for, as their sources know them."
    empty_sentence = "No Account has arrived yet. Accounts come with the Bills that name them."
    page_template = "admin/billing/account/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        rows: QuerySet[Account] = super().get_queryset(request).annotate(bill_count=_bills_of("account"))
        return rows

    def page_rows(self, request: HttpRequest) -> QuerySet[Account]:
        return Account.objects.select_related("source", "parent")

    def page(self, request: HttpRequest, thing: Account) -> dict[str, Any]:
        return directory.account_page(thing)

    @admin.display(description="Account", ordering="name")
    def party(self, account: Account) -> str:
        return str(account)

    @admin.display(description="Bills")
    def bills(self, account: Account) -> str:
        return f"{account.bill_count or 0:,}"  # type: ignore[attr-defined]


class KindFilter(admin.SimpleListFilter):
    title = "Kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = CatalogueItem.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, kind) for kind in kinds]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class ItemViews(ViewFilter):
    views = {
        "unmapped": ("Without a mapping", lambda items: items.filter(~Exists(directory.mappings_of_row()))),
        "mapped": ("Mapped", lambda items: items.filter(Exists(directory.mappings_of_row()))),
    }


@admin.register(CatalogueItem)
class CatalogueItemAdmin(ReadOnlyAdmin):
    list_display = ("item", "kind", "code", "uid", "source")
    list_display_links = ("item",)
    list_select_related = ("source",)
    list_filter = (ItemViews, KindFilter, SourceFilter)
    search_fields = ("name", "code", "uid__exact")
    search_help_text = "Name, code or id"
    sortable_by = ("item",)
    list_sentence = "What Bill lines name: products, aggregations, price bands. Each may be mapped to a record of an external system."
    empty_sentence = "No product has arrived yet. Products come with the Bills that name them."
    page_template = "admin/billing/catalogueitem/change_form.html"

    def list_views(self, cl: Any) -> list[dict[str, Any]]:
        return tabs(cl, ItemViews.views, {})

    def page_rows(self, request: HttpRequest) -> QuerySet[CatalogueItem]:
        return CatalogueItem.objects.select_related("source")

    def page(self, request: HttpRequest, thing: CatalogueItem) -> dict[str, Any]:
        return directory.item_page(thing)

    @admin.display(description="Name", ordering="name")
    def item(self, item: CatalogueItem) -> str:
        return str(item)


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    list_display = ("name", "platform_label", "slug", "bills", "latest", "read")
    list_select_related = ("feed",)
    numeric_columns = ("bills",)
    list_sentence = "The billing platforms that Bills come from."
    empty_sentence = "No source yet: the first file or event of one makes it."
    page_template = "admin/billing/source/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        latest = Bill.objects.filter(source=OuterRef("pk")).order_by("-id").values("created_at")[:1]
        rows: QuerySet[Source] = super().get_queryset(request).annotate(bill_count=_bills_of("source"), latest_at=Subquery(latest))
        return rows

    def page_rows(self, request: HttpRequest) -> QuerySet[Source]:
        return self.get_queryset(request)

    def page(self, request: HttpRequest, thing: Source) -> dict[str, Any]:
        return directory.source_page(thing) | feed.intake(thing, request.user)

    def get_urls(self) -> list[URLPattern]:
        pull = path("<int:pk>/pull/", self.admin_site.admin_view(feeds.pull), name="runs_pull")
        return [pull, *super().get_urls()]

    @admin.display(description="Platform")
    def platform_label(self, source: Source) -> str:
        return directory.platform_label(source)

    @admin.display(description="Bills")
    def bills(self, source: Source) -> str:
        return f"{source.bill_count or 0:,}"  # type: ignore[attr-defined]

    @admin.display(description="Latest arrival, UTC")
    def latest(self, source: Source) -> str:
        return cell("moment", when=source.latest_at)  # type: ignore[attr-defined]

    @admin.display(description="Read to the end, UTC")
    def read(self, source: Source) -> str:
        known = getattr(source, "feed", None)
        return cell("moment", when=known.pulled_at) if known else "from files"
