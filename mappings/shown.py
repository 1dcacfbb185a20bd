"""Stored mappings as lists and panels show them: names before ids, and what is wrong with a record."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from integrations import registry
from mappings import catalogue, choices, entities
from mappings.catalogue import Seen, Standing
from mappings.entities import Entity
from mappings.models import ALWAYS, ExternalMapping


@dataclass(frozen=True)
class Shown:
    """A mapping with the names of both its ends."""

    mapping: ExternalMapping
    entity: Entity
    seen: Seen

    @property
    def noun(self) -> str:
        return entities.noun(self.entity.type)

    @property
    def record(self) -> str:
        """The record's name, else what was its name when it was mapped, else ""."""
        return self.seen.name or self.mapping.external_name

    @property
    def label(self) -> str:
        return registry.system_label(self.mapping.external_system)

    @property
    def table(self) -> str:
        system = self.mapping.external_system
        labels = {table.name: table.label for table in registry.tables(system)} if system in dict(registry.system_choices()) else {}
        return labels.get(self.mapping.external_table, self.mapping.external_table)

    @property
    def dated(self) -> bool:
        return self.mapping.valid_from != ALWAYS or self.mapping.valid_to is not None

    @property
    def always(self) -> bool:
        return self.mapping.valid_from == ALWAYS

    @property
    def fault(self) -> str:
        """What is wrong with the record, "" when nothing is."""
        return {
            Standing.INACTIVE: f"inactive in {self.label}",
            Standing.DELETED: f"deleted in {self.label}",
            Standing.ABSENT: f"not found in {self.label}",
        }.get(self.seen.standing, "")


def shown(mappings: Iterable[ExternalMapping]) -> list[Shown]:
    """In a number of queries that does not grow with them, but by one reading per tenant of linked integrations."""
    rows = list(mappings)
    called = entities.called((row.entity_type, row.entity_id) for row in rows)
    asked: dict[str, set[catalogue.Key]] = defaultdict(set)
    for row in rows:
        asked[choices.tenant(row.integration)].add(key_of(row))
    seen = {tenant: catalogue.seen(keys, tenant) for tenant, keys in asked.items()}
    return [Shown(row, called[row.entity_type, row.entity_id], seen[choices.tenant(row.integration)][key_of(row)]) for row in rows]


def key_of(mapping: ExternalMapping) -> catalogue.Key:
    return mapping.external_system, mapping.external_table, mapping.external_id
