"""What a mapping may be made of: systems, their tables, and the integrations that it may be linked to."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from integrations import registry
from mappings.models import ExternalMapping

Choices = list[tuple[str, str]]


def entity_types() -> Choices:
    """Every entity that some table takes, in the order of the declarations."""
    declared = (entity for system in registry.systems() for table in registry.tables(system.name) for entity in table.entities)
    return [(name, name) for name in dict.fromkeys(declared)]


def systems(entity_type: str = "") -> Choices:
    """The systems by the names that files use; with an entity type those that have a table for it."""
    return [(name, name) for name, _ in registry.system_choices() if not entity_type or tables(entity_type, name)]


def tables(entity_type: str, system: str) -> Choices:
    """The tables of a system that an entity type may be mapped to; none for a system that nothing serves."""
    if system not in dict(registry.system_choices()):
        return []
    return [(table.name, table.label) for table in registry.tables(system, entity_type)] if entity_type else []


def fits(entity_type: str, system: str, table: str) -> bool:
    return table in dict(tables(entity_type, system))


def integrations(system: str = "") -> QuerySet[Any]:
    """Those that are not archived, of one system or of all."""
    model: Any = ExternalMapping._meta.get_field("integration").related_model
    found: QuerySet[Any] = model._default_manager.filter(archived_at=None).select_related("credential", "current_version")
    return found.filter(system=system) if system else found


def integration(text: str, system: str = "") -> Any:
    """The integration that a text names by its id, None when it names none."""
    try:
        return integrations(system).filter(pk=UUID(text)).first()
    except ValueError:
        return None


def tenant(integration: Any) -> str:
    """Whose records count: those of an integration's credential, "" for all."""
    return integration.credential.tenant if integration and integration.credential else ""
