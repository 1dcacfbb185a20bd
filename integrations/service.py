"""Everything that changes an integration. Each change is checked, stored and announced as `contract.changed`; nothing else writes one."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from billing.models import Source
from integrations import checks, contract, registry
from integrations.models import ConfigVersion, IntegrationConfig
from integrations.options import OptionErrors


class NotAllowed(ValueError):
    """The change is refused; the text is a sentence that says why and what to do."""


def create(
    entity_type: str,
    system: str,
    name: str,
    config_data: Mapping[str, Any],
    credential: Any = None,
    sources: Iterable[Source] = (),
    user: User | None = None,
) -> IntegrationConfig:
    """A new integration, enabled, with version 1 of its options. OptionErrors with every sentence, keyed as the command's JSON is."""
    values, errors = checks.check(entity_type, system, name, config_data)
    errors |= checks.credential_errors(credential, system)
    if errors:
        raise OptionErrors(errors)
    with transaction.atomic():
        integration = IntegrationConfig.objects.create(
            name=name.strip(),
            entity_type=entity_type,
            system=system,
            credential=credential,
            trigger_type=values["triggerType"],
            created_by=user,
        )
        integration.sources.set(sources)
        _add_version(integration, values, user)
        _announce(integration, user, "created", None, _facts(integration) | {"options": values})
    return integration


def change_options(integration: IntegrationConfig, config_data: Mapping[str, Any], user: User | None) -> ConfigVersion | None:
    """The whole `config_data` anew (what is not given is its default): a new version, or None when nothing changed. OptionErrors."""
    errors: dict[str, str] = {}
    values = checks.cleaned(config_data, integration.system, integration.entity_type, errors)
    if values and checks.waits_for_itself(integration, values["runAfterIntegrationId"]):
        errors["runAfterIntegrationId"] = "This integration would wait for itself; choose one that does not run after it."
    if errors:
        raise OptionErrors(errors)
    with transaction.atomic():
        _lock(integration)
        before = integration.options
        changed = [key for key in values if key not in before or before[key] != values[key]]
        if not changed:
            return None
        integration.trigger_type = values["triggerType"]
        version = _add_version(integration, values, user)
        _announce(integration, user, "changed options", {key: before.get(key) for key in changed}, {key: values[key] for key in changed})
    return version


def rename(integration: IntegrationConfig, name: str, user: User | None) -> None:
    """Gives it another name. OptionErrors when the name is empty or taken."""
    if name.strip() == integration.name:
        return
    errors = checks.name_errors(name, integration.system, integration.entity_type, integration)
    if errors:
        raise OptionErrors(errors)
    _store(integration, user, "renamed", name=name.strip())


def change_sources(integration: IntegrationConfig, sources: Iterable[Source], user: User | None) -> None:
    """Whose Bills it takes; none means every source's."""
    before = sorted(integration.sources.values_list("slug", flat=True))
    chosen = list(sources)
    after = sorted(source.slug for source in chosen)
    if before == after:
        return
    with transaction.atomic():
        integration.sources.set(chosen)
        _announce(integration, user, "changed sources", {"sources": before}, {"sources": after})


def connect(integration: IntegrationConfig, credential: Any, user: User | None) -> None:
    """Chooses the credential. NotAllowed for another system, or another tenant while answers of the present one are open."""
    if errors := checks.credential_errors(credential, integration.system):
        raise NotAllowed(*errors.values())
    with transaction.atomic():
        _lock(integration)
        if elsewhere := _open_exchanges(integration).exclude(tenant=credential.tenant).first():
            raise NotAllowed(
                f"{integration} still waits for answers from {registry.system_label(integration.system)} {elsewhere.tenant}. "
                f"They are settled first; then you can connect {credential}."
            )
        _store(integration, user, "connected", credential=credential)


def disconnect(integration: IntegrationConfig, user: User | None) -> None:
    """Takes the credential away: nothing more is sent; answers still open are settled once a credential of the same tenant is back."""
    if integration.credential is not None:
        _store(integration, user, "disconnected", credential=None)


def enable(integration: IntegrationConfig, user: User | None) -> None:
    """Switches it on with a clean count of errors. NotAllowed when it is archived."""
    if integration.archived_at:
        raise NotAllowed(f"{integration} is archived; create a new integration instead.")
    if not integration.enabled:
        _store(integration, user, "enabled", enabled=True, disabled_reason="", disabled_at=None, consecutive_errors=0)


def disable(integration: IntegrationConfig, reason: str, user: User | None) -> None:
    """Switches it off: Bills wait, answers still open are settled. `reason` is a sentence, or empty for a person's own decision."""
    if integration.enabled:
        _store(integration, user, "disabled", enabled=False, disabled_reason=reason, disabled_at=timezone.now())


def archive(integration: IntegrationConfig, user: User | None) -> None:
    """Takes it out of every list for ever; its name is free again. NotAllowed while answers are open."""
    if _open_exchanges(integration).exists():
        raise NotAllowed(f"{integration} still waits for answers from {integration.system_label}. They are settled first; then archive it.")
    if not integration.archived_at:
        _store(integration, user, "archived", enabled=False, archived_at=timezone.now())


def _add_version(integration: IntegrationConfig, values: Mapping[str, Any], user: User | None) -> ConfigVersion:
    number = integration.versions.count() + 1
    version = ConfigVersion.objects.create(integration=integration, number=number, options=values, who=user)
    integration.current_version = version
    integration.save(update_fields=["current_version", "trigger_type"])
    return version


def _open_exchanges(integration: IntegrationConfig) -> QuerySet[Any]:
    return integration.exchanges.exclude(state="SETTLED")


def _lock(integration: IntegrationConfig) -> None:
    """Holds the row against another change until the transaction ends, and reads it as it is now."""
    IntegrationConfig.objects.select_for_update().get(pk=integration.pk)
    integration.refresh_from_db()


def _store(integration: IntegrationConfig, user: User | None, verb: str, **changes: Any) -> None:
    before = {field: _plain(getattr(integration, field)) for field in changes}
    for field, changed in changes.items():
        setattr(integration, field, changed)
    with transaction.atomic():
        integration.save(update_fields=list(changes))
        _announce(integration, user, verb, before, {field: _plain(changed) for field, changed in changes.items()})


def _announce(
    integration: IntegrationConfig, user: User | None, verb: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    contract.changed.send(sender=IntegrationConfig, actor=user, subject=integration, verb=verb, before=before, after=after)


def _facts(integration: IntegrationConfig) -> dict[str, Any]:
    facts = {field: _plain(getattr(integration, field)) for field in ("name", "entity_type", "system", "credential")}
    return facts | {"sources": sorted(integration.sources.values_list("slug", flat=True))}


def _plain(value: Any) -> Any:
    """As JSON: a credential by its name, a time as text."""
    if isinstance(value, Model):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
