"""What is not mapped yet."""

import datetime as dt
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from mappings import entities
from mappings.entities import Entity
from mappings.held import waiting
from mappings.lookup import usable
from mappings.models import ExternalMapping

MOST_WEIGHED = 500


def today() -> dt.date:
    return timezone.now().date()


def effective(system: str, table: str, integration: Any = None) -> QuerySet[ExternalMapping]:
    """The mappings to a table that hold today and that an integration may use, or those for all."""
    linked_only = bool(integration and integration.options.get("enforceExternalMappingsForConfig"))
    found = usable(system, integration.pk if integration else None, linked_only)
    return found.filter(Q(valid_to=None) | Q(valid_to__gte=today()), external_table=table, valid_from__lte=today())


def custom_field(integration: Any, entity_type: str) -> str:
    """The custom field that carries an entity's external id in this integration, "" for none."""
    named = integration.options.get("customFieldMapping") or {} if integration else {}
    return str(named.get("Product" if entity_type == "AccountingProduct" else entity_type) or "")


def next_unmapped(entity_type: str, system: str, table: str, integration: Any = None) -> Entity | None:
    """Of the first five hundred by name the one that holds up most Bills."""
    mapped = effective(system, table, integration).filter(entity_type=entity_type)
    field = custom_field(integration, entity_type)
    found = [entity for entity in _without(entity_type, mapped) if not (field and entity.custom_fields.get(field))]
    held = waiting(system, table, [(entity.type, entity.id) for entity in found], integration.pk if integration else None)
    return max(found, key=lambda entity: held.of((entity.type, entity.id)).bills, default=None)


def _without(entity_type: str, mapped: QuerySet[ExternalMapping]) -> list[Entity]:
    rows = entities.rows(entity_type)
    if rows is None:
        known = set(mapped.values_list("entity_id", flat=True))
        return [entity for entity in entities.every(entity_type) if entity.id not in known]
    own = mapped.filter(Q(source=None) | Q(source=OuterRef("source")), entity_id=OuterRef("uid"))
    return [entities.of_row(entity_type, row) for row in rows.filter(~Exists(own)).order_by(F("name"), "uid")[:MOST_WEIGHED]]
