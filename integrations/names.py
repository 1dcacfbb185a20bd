"""Names before ids: what Accounts, catalogue items, records of an external system and integrations are called."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from billing.models import Account, CatalogueItem
from integrations.models import IntegrationConfig

MOST_RECORDS = 2000


@dataclass(frozen=True)
class Record:
    """A record of an external system that an option may name; `facts` is what else people choose it by, as label and value."""

    id: str
    name: str
    tenant: str
    kind: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return titled(self.id, self.name)


def titled(external_id: str, name: str) -> str:
    """ "GPU Compute (2003)", or the bare id when nobody knows its name."""
    return f"{name} ({external_id})" if name else external_id


def accounts(uids: Iterable[str]) -> dict[str, str]:
    """Account id -> name, for those that are known."""
    return {account.uid: str(account) for account in Account.objects.filter(uid__in=list(uids))}


def integrations(ids: Iterable[str]) -> dict[str, str]:
    """Integration id -> name, for those that are known."""
    return {str(integration.pk): integration.name for integration in IntegrationConfig.objects.filter(pk__in=list(ids))}


def items(uids: Iterable[str]) -> dict[str, str]:
    """Product, aggregation or other catalogue id -> name, for those that are known."""
    return {item.uid: str(item) for item in CatalogueItem.objects.filter(uid__in=list(uids))}


@dataclass(frozen=True)
class Books:
    """The records of one external system as last read; of one tenant when a credential names it."""

    system: str
    tenant: str = ""

    @classmethod
    def of(cls, integration: IntegrationConfig) -> "Books":
        return cls(integration.system, integration.credential.tenant if integration.credential else "")

    def records(self, table: str, within: str = "") -> list[Record]:
        """The active ones by name, the first 2,000; of a part of a table those within it, under their codes."""
        if (table, within) not in self._listed:
            self._listed[table, within] = self._read(table, within)
        return self._listed[table, within]

    def called(self, table: str, ids: Iterable[str]) -> dict[str, str]:
        """External id -> "GPU Compute (2003)", or the id itself."""
        wanted = [external_id for external_id in ids if external_id]
        known = self._known.filter(table=table)
        found = dict(known.exclude(within="").filter(code__in=wanted).values_list("code", "name")) if wanted else {}
        found |= dict(known.filter(within="", external_id__in=wanted).values_list("external_id", "name")) if wanted else {}
        return {external_id: titled(external_id, found.get(external_id, "")) for external_id in wanted}

    def _read(self, table: str, within: str) -> list[Record]:
        rows = self._known.filter(table=table, within=within, active=True).order_by("tenant", "name", "external_id")
        asked = rows.values_list("code" if within else "external_id", "name", "tenant", "kind", "facts")[:MOST_RECORDS]
        return [Record(number, name, tenant, kind, tuple(map(tuple, facts))) for number, name, tenant, kind, facts in asked]

    @cached_property
    def _listed(self) -> dict[tuple[str, str], list[Record]]:
        return {}

    @property
    def _known(self) -> QuerySet[Any]:
        records = apps.get_model("mappings", "CatalogueRecord")._default_manager.filter(system=self.system)
        return records.filter(tenant=self.tenant) if self.tenant else records
