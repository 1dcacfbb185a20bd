"""The contexts of the pages of Accounts, products and sources."""

from typing import Any

from django.db.models import OuterRef, Prefetch, Q, QuerySet

from billing.models import Account, Bill, CatalogueItem, Source
from integrations import registry
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs.models import IntegrationRun
from runs.present.links import url_if_any

LATEST = 25


def account_page(account: Account) -> dict[str, Any]:
    return {
        "account": account,
        "bills": latest_bills(Bill.objects.filter(account=account)),
        "children": list(account.children.all()[:LATEST]),
        "mappings": mapped_to("Account", account.uid, account.source_id),
        "mapping_url": url_if_any("mappings_externalmapping_add", entity_type="Account", entity_id=account.uid),
    }


def item_page(item: CatalogueItem) -> dict[str, Any]:
    return {
        "item": item,
        "mappings": mapped_to(item.kind, item.uid, item.source_id),
        "mapping_url": url_if_any("mappings_externalmapping_add", entity_type=item.kind, entity_id=item.uid),
    }


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


def mapped_to(entity: str, uid: str, source: int) -> list[ExternalMapping]:
    """The mappings of one entity: those for every source and those for its own."""
    found = ExternalMapping.objects.filter(entity_type=entity, entity_id=uid).select_related("integration")
    return [mapping for mapping in found if mapping.source_id in (None, source)]


def mappings_of_row() -> QuerySet[ExternalMapping]:
    """Of the catalogue item of the outer query."""
    own = Q(source=None) | Q(source=OuterRef("source"))
    return ExternalMapping.objects.filter(own, entity_type=OuterRef("kind"), entity_id=OuterRef("uid"))


def platform_label(source: Source) -> str:
    try:
        return registry.source(source.platform).label
    except KeyError:
        return source.platform
