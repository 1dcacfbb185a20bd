"""What a set-up maps and has made: the answers to integrations.beside."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from django.dispatch import receiver

from billing.models import Source
from credentials import hand_out
from credentials.models import Credential
from integrations import registry
from integrations.beside import Entry, asked, given, wanted
from integrations.contract import Options
from integrations.errors import DeliveryError
from integrations.http import Wire
from integrations.models import IntegrationConfig
from mappings import catalogue, entities, service, unmapped
from mappings.entities import Entity
from mappings.models import ALWAYS, ExternalMapping
from mappings.suggest import Suggester
from runs import catalogue_tasks

MOST = 100
KEY = re.compile(r"[A-Za-z]+:\d*:.+", re.DOTALL)


@receiver(asked, dispatch_uid="runs.beside.asked")
def products(
    sender: Any, *, system: str, tenant: str, kinds: Collection[str], table: str, sources: Collection[Source], **_: Any
) -> tuple[list[Entry], int]:
    """Those without a record first, by name; at most a hundred, and how many more there are."""
    found = _every(kinds, [source.pk for source in sources])
    mapped = {_mark(mapping.entity_type, mapping.entity_id, mapping.source_id): mapping for mapping in _mappings(system, table)}
    shared = Counter((entity.type, entity.id) for entity in found)
    listed = {key_of(entity, shared[entity.type, entity.id] > 1): entity for entity in found}
    order = sorted(listed, key=lambda key: (_of(mapped, listed[key]) is not None, listed[key].title.casefold()))
    suggester = Suggester.of(catalogue.records(system, tenant, table)) if tenant else None
    return [_entry(key, listed[key], _of(mapped, listed[key]), suggester) for key in order[:MOST]], max(0, len(order) - MOST)


@receiver(given, dispatch_uid="runs.beside.given")
def keep(sender: Any, *, integration: IntegrationConfig, table: str, records: Mapping[str, str], user: Any, **_: Any) -> list[str]:
    """Unlinked mappings: other integrations of the system use them too. Why some were not stored, as sentences."""
    standing = {_mark(each.entity_type, each.entity_id, each.source_id): each for each in _mappings(integration.system, table)}
    refused = []
    for key, external_id in records.items():
        before = standing.get(key)
        if KEY.fullmatch(key) and (before is None or before.external_id != external_id):
            try:
                service.save(_wanted(integration, table, key, external_id, before), user)
            except ValueError as error:
                refused.append(f"{key.split(':', 2)[2]} was not mapped: {error}")
    return refused


def _wanted(integration: IntegrationConfig, table: str, key: str, external_id: str, before: ExternalMapping | None) -> ExternalMapping:
    kind, source, uid = key.split(":", 2)
    tenant = integration.credential.tenant if integration.credential else ""
    known = catalogue.records(integration.system, tenant, table).filter(external_id=external_id).first()
    return ExternalMapping(
        source_id=int(source) if source else None,
        entity_type=kind,
        entity_id=uid,
        external_system=integration.system,
        external_table=table,
        external_id=external_id,
        external_name=known.name if known else "",
        valid_from=before.valid_from if before else ALWAYS,
    )


@receiver(wanted, dispatch_uid="runs.beside.wanted")
def make(sender: Any, *, credential: Credential, options: Options, name: str, **_: Any) -> Mapping[str, Any] | str:
    """Under the login of the credential; twice makes nothing twice."""
    preflight = registry.destination(credential.system).preflight
    if preflight is None:
        return ""
    try:
        values = preflight.create(Wire(hand_out.auth(credential.pk), credential.system), credential.tenant, options, name)
    except DeliveryError as refused:
        return f"{refused.sentence} Pressing again makes nothing twice."
    catalogue_tasks.wake(credential)
    return values


def key_of(entity: Entity, shared: bool) -> str:
    """Type, source where several have the same id, and id."""
    return f"{entity.type}:{entity.source if shared else ''}:{entity.id}"


def _every(kinds: Collection[str], sources: list[int]) -> list[Entity]:
    return [entity for kind in kinds for entity in entities.every(kind, sources)]


def _mappings(system: str, table: str) -> Any:
    return unmapped.effective(system, table).filter(integration=None)


def _mark(kind: str, uid: str, source: int | None) -> str:
    return f"{kind}:{source or ''}:{uid}"


def _of(mapped: Mapping[str, ExternalMapping], entity: Entity) -> ExternalMapping | None:
    return mapped.get(_mark(entity.type, entity.id, entity.source)) or mapped.get(_mark(entity.type, entity.id, None))


def _entry(key: str, entity: Entity, mapping: ExternalMapping | None, suggester: Suggester | None) -> Entry:
    suggestion = suggester.suggest(entity) if suggester and mapping is None else None
    code = entity.code if entity.code != entity.title else ""
    if mapping is not None:
        return Entry(key=key, name=entity.title, code=code, mapped=mapping.external_id)
    if suggestion is None:
        return Entry(key=key, name=entity.title, code=code)
    record = suggestion.record
    return Entry(
        key=key,
        name=entity.title,
        code=code,
        suggested=record.external_id,
        title=str(record),
        score=suggestion.score,
        why=suggestion.why,
        sure=suggestion.sure,
    )
