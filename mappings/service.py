"""The one way a mapping is stored: keyed by what it maps, versioned, announced."""

from typing import Any, Literal

from django.db import IntegrityError, transaction

from integrations.contract import changed
from mappings.models import ExternalMapping

Outcome = Literal["created", "updated", "unchanged"]
KEY = ("source", "entity_type", "entity_id", "external_system", "external_table", "valid_from", "integration")
LONGEST = {"entity_id": 200, "external_id": 200}


def save(wanted: ExternalMapping, actor: Any = None, origin: str = ExternalMapping.Origin.PERSON) -> Outcome:
    """Stores a mapping, or changes the one that maps the same entity to the same table. ValueError with a sentence when it cannot be."""
    _check(wanted)
    wanted.origin, wanted.created_by = origin, str(actor or "")
    found = ExternalMapping.objects.filter(**{name: getattr(wanted, name) for name in KEY}).first()
    if found is None:
        try:
            with transaction.atomic():
                wanted.save(force_insert=True)
        except IntegrityError:
            raise ValueError("Somebody else has just mapped the same entity; look at the list and change that one.") from None
        _announce(wanted, actor, "created", None)
        return "created"
    return _change(found, wanted, actor)


def _change(found: ExternalMapping, wanted: ExternalMapping, actor: Any) -> Outcome:
    before = facts(found)
    found.external_id, found.valid_to = wanted.external_id, wanted.valid_to
    found.external_name = wanted.external_name or (found.external_name if before["external_id"] == wanted.external_id else "")
    if facts(found) == before:
        return "unchanged"
    found.version, found.origin = found.version + 1, wanted.origin
    found.save(update_fields=["external_id", "external_name", "valid_to", "version", "origin", "updated_at"])
    _announce(found, actor, "changed", before)
    return "updated"


def delete(mapping: ExternalMapping, actor: Any = None) -> None:
    before = facts(mapping)
    _announce(mapping, actor, "deleted", before)
    mapping.delete()


def facts(mapping: ExternalMapping) -> dict[str, Any]:
    return {
        "entity": f"{mapping.entity_type} {mapping.entity_id}",
        "external_table": f"{mapping.external_system} {mapping.external_table}",
        "external_id": mapping.external_id,
        "integration": str(mapping.integration_id or ""),
        "valid_from": mapping.valid_from.isoformat(),
        "valid_to": mapping.valid_to.isoformat() if mapping.valid_to else "",
    }


def _announce(mapping: ExternalMapping, actor: Any, verb: str, before: dict[str, Any] | None) -> None:
    changed.send(
        ExternalMapping, actor=actor, subject=mapping, verb=verb, before=before, after=None if verb == "deleted" else facts(mapping)
    )


def _check(wanted: ExternalMapping) -> None:
    for name, longest in LONGEST.items():
        value = getattr(wanted, name)
        if len(value) > longest or any(not character.isprintable() for character in value):
            raise ValueError(f"“{value[:40]}” cannot be an id: at most {longest} printable characters.")
    if wanted.valid_to and wanted.valid_to < wanted.valid_from:
        raise ValueError(f"It would end on {wanted.valid_to} before it begins on {wanted.valid_from}.")
