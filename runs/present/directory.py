"""The contexts of the pages of Accounts, products and sources."""

from typing import Any

from django.db.models import OuterRef, Prefetch, Q, QuerySet

from billing.models import Account, Bill, CatalogueItem, Source
from integrations import registry
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs.models import IntegrationRun

LATEST = 25


def account_page(account: Account) -> dict[str, Any]:
    return {
        "account": account,
        "bills": latest_bills(Bill.objects.filter(account=account)),
        "children": list(account.children.all()[:LATEST]),
    }


def item_page(item: CatalogueItem) -> dict[str, Any]:
    return {"item": item}


def source_page(source: Source) -> dict[str, Any]:
    integrations = IntegrationConfig.objects.filter(archived_at=None).prefetch_related("sources")
    taking = [each for each in integrations if not (chosen := list(each.sources.all())) or source in chosen]
    return {
        "source": source,
        "platform": platform_label(source),
        "integrations": taking,
        "bills": latest_bills(Bill.objects.filter(source=source)),
    }


def latest_bills(bills: QuerySet[Bill]) -> list[Bill]:
    """The newest, each with the newest run of every integration in `where`."""
    runs = IntegrationRun.objects.filter(parent=None).select_related("integration").defer("explanation").order_by("dt_created", "id")
    found = list(bills.select_related("account").prefetch_related(Prefetch("runs", queryset=runs))[:LATEST])
    for bill in found:
        bill.where = list({run.integration_id: run for run in bill.runs.all()}.values())  # type: ignore[attr-defined]
    return found


def mappings_of_row() -> QuerySet[ExternalMapping]:
    """Of the catalogue item of the outer query."""
    own = Q(source=None) | Q(source=OuterRef("source"))
    return ExternalMapping.objects.filter(own, entity_type=OuterRef("kind"), entity_id=OuterRef("uid"))


def platform_label(source: Source) -> str:
    try:
        return registry.source(source.platform).label
    except KeyError:
        return source.platform
