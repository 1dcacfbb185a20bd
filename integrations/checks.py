"""What stands against an integration before it is stored: {key: sentence}, keyed as `config_data` and the command's JSON are."""

from collections.abc import Mapping
from typing import Any

from integrations import options, registry
from integrations.models import IntegrationConfig
from integrations.option_values import meant
from integrations.options import OptionErrors


def check(entity_type: str, system: str, name: str, config_data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What a new integration would hold, with every default, and every sentence that stands against it."""
    errors = _kind_errors(entity_type, system) | name_errors(name, system, entity_type)
    return cleaned(config_data, system, entity_type, errors), errors


def name_errors(name: str, system: str, entity_type: str, own: IntegrationConfig | None = None) -> dict[str, str]:
    """Why it cannot be called so, or nothing: the name is unique among the others of its system and entity type."""
    if not name.strip():
        return {"name": "Give the integration a name."}
    if len(name.strip()) > 200:
        return {"name": "A name has at most 200 characters."}
    others = IntegrationConfig.objects.filter(system=system, entity_type=entity_type, name=name.strip(), archived_at=None)
    if (others.exclude(pk=own.pk) if own else others).exists():
        label = registry.system_label(system)
        return {"name": f"Another {entity_type} integration with {label} is called {name.strip()}; choose a different name."}
    return {}


def credential_errors(credential: Any, system: str) -> dict[str, str]:
    """Why the credential cannot connect the system, or nothing."""
    if credential is None or credential.system == system:
        return {}
    other, own = registry.system_label(credential.system), registry.system_label(system)
    return {"integrationCredentialsId": f"{credential} is a credential of {other}; choose one of {own}."}


def waits_for_itself(integration: IntegrationConfig, earlier: str) -> bool:
    """Whether the chain of `runAfterIntegrationId` from `earlier` on comes back here."""
    seen: set[str] = set()
    while earlier and earlier not in seen:
        if earlier == str(integration.pk):
            return True
        seen.add(earlier)
        config = IntegrationConfig.objects.select_related("current_version").filter(pk=earlier).first()
        earlier = str(config.options.get("runAfterIntegrationId") or "") if config else ""
    return False


def proposed_name(entity_type: str, system: str) -> str:
    """The label of the destination, numbered when it is taken."""
    label, number = registry.system_label(system), 1
    taken = set(IntegrationConfig.objects.filter(system=system, entity_type=entity_type, archived_at=None).values_list("name", flat=True))
    while (name := label if number == 1 else f"{label} {number}") in taken:
        number += 1
    return name


def cleaned(config_data: Mapping[str, Any], system: str, entity_type: str, errors: dict[str, str]) -> dict[str, Any]:
    """The options with every default; what is wrong goes into `errors`."""
    if "destination" in errors:
        return {}
    try:
        return options.clean(config_data, registry.destination(system), entity_type)
    except OptionErrors as found:
        errors.update(found.errors)
        return {}


def _kind_errors(entity_type: str, system: str) -> dict[str, str]:
    systems = [name for name, _ in registry.system_choices()]
    if system not in systems:
        return {"destination": f"There is no destination {system}{meant(system, systems) or '.'}"}
    entities = registry.destination(system).entity_types
    if entity_type not in entities:
        return {"entityType": f"{registry.system_label(system)} takes {' and '.join(entities)}, not {entity_type or 'nothing'}."}
    return {}
