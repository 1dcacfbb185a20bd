"""Everything that changes a mapping: checked, versioned, announced as `contract.changed`. Nothing else writes one."""

from typing import Any, Literal

from django.db import IntegrityError, transaction

from integrations.contract import changed
from mappings.models import ALWAYS, ExternalMapping

Outcome = Literal["created", "updated", "unchanged"]
KEY = ("source", "entity_type", "entity_id", "external_system", "external_table", "valid_from", "integration")
LONGEST = {"entity_id": 200, "external_id": 200}
MEANWHILE = "Somebody else has just mapped the same entity; look at the list and change that one."


class TakenError(ValueError):
    """The same entity is mapped to the same table already, for the same integration from the same day on: by `other`."""

    def __init__(self, other: ExternalMapping) -> None:
        since = "" if other.valid_from == ALWAYS else f" from {other.valid_from} on"
        owner = f" for {other.integration}" if other.integration else ""
        record = f"{other.external_table} {other.external_id}"
        super().__init__(f"It is mapped to {record}{owner}{since} already. Change that mapping, or let this one begin on another day.")
        self.other = other


class StaleError(ValueError):
    """The mapping was changed since it was shown."""


def save(wanted: ExternalMapping, actor: Any = None, origin: str = ExternalMapping.Origin.PERSON) -> Outcome:
    """Stores a mapping, or changes the one that maps the same entity to the same table. ValueError with a sentence when it cannot be."""
    check(wanted)
    found = same_key(wanted)
    if found is None:
        _insert(wanted, actor, origin)
        return "created"
    wanted.external_name = wanted.external_name or (found.external_name if found.external_id == wanted.external_id else "")
    return "updated" if change(found, wanted, actor, origin) else "unchanged"


def create(wanted: ExternalMapping, actor: Any = None, origin: str = ExternalMapping.Origin.PERSON) -> None:
    """A new mapping. TakenError when there is one under the same key."""
    check(wanted)
    if other := same_key(wanted):
        raise TakenError(other)
    _insert(wanted, actor, origin)


def change(
    mapping: ExternalMapping,
    wanted: ExternalMapping,
    actor: Any = None,
    origin: str = ExternalMapping.Origin.PERSON,
    version: int | None = None,
) -> bool:
    """Makes a stored mapping say what `wanted` says; whether that was a change. With `version`, StaleError if it is another by now."""
    check(wanted)
    with transaction.atomic():
        stored = ExternalMapping.objects.select_for_update(of=("self",)).select_related("integration", "source").get(pk=mapping.pk)
        if version is not None and stored.version != version:
            who = stored.changed_by or "A command"
            raise StaleError(f"{who} has changed it meanwhile. What you typed is kept; saving now replaces it.")
        before, said = facts(stored), told(stored)
        for name in ("source", "entity_id", "external_id", "external_name", "integration", "valid_from", "valid_to"):
            setattr(stored, name, getattr(wanted, name))
        if told(stored) == said:
            return False
        if (other := same_key(stored)) and other.pk != stored.pk:
            raise TakenError(other)
        stored.version, stored.origin, stored.changed_by = stored.version + 1, origin, person(actor)
        stored.save()
        _announce(stored, actor, "changed", before)
    return True


def delete(mapping: ExternalMapping, actor: Any = None) -> None:
    with transaction.atomic():
        _announce(mapping, actor, "deleted", facts(mapping))
        mapping.delete()


def same_key(wanted: ExternalMapping) -> ExternalMapping | None:
    found = ExternalMapping.objects.select_related("integration", "source")
    return found.filter(**{name: getattr(wanted, name) for name in KEY}).first()


def facts(mapping: ExternalMapping) -> dict[str, Any]:
    """What the history keeps of a mapping."""
    return {
        "entity": f"{mapping.entity_type} {mapping.entity_id}",
        "external_table": f"{mapping.external_system} {mapping.external_table}",
        "external_id": mapping.external_id,
        "integration": str(mapping.integration or ""),
        "source": str(mapping.source or ""),
        "valid_from": mapping.valid_from.isoformat() if mapping.valid_from != ALWAYS else "",
        "valid_to": mapping.valid_to.isoformat() if mapping.valid_to else "",
    }


def told(mapping: ExternalMapping) -> tuple[Any, ...]:
    """What makes two mappings differ."""
    return tuple(getattr(mapping, name) for name in (*KEY, "external_id", "external_name", "valid_to"))


def person(actor: Any) -> str:
    """Who it was, as lists name people; "" for a command."""
    return (actor.get_full_name() or actor.get_username())[:200] if actor is not None else ""


def _insert(wanted: ExternalMapping, actor: Any, origin: str) -> None:
    wanted.origin, wanted.created_by, wanted.changed_by = origin, person(actor), person(actor)
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
            _announce(wanted, actor, "created", None)
    except IntegrityError:
        raise ValueError(MEANWHILE) from None


def _announce(mapping: ExternalMapping, actor: Any, verb: str, before: dict[str, Any] | None) -> None:
    after = None if verb == "deleted" else facts(mapping)
    changed.send(ExternalMapping, actor=actor, subject=mapping, verb=verb, before=before, after=after)


def check(wanted: ExternalMapping) -> None:
    for name, longest in LONGEST.items():
        value = getattr(wanted, name)
        if not value.strip() or len(value) > longest or any(not character.isprintable() for character in value):
            raise ValueError(f"“{value[:40]}” cannot be an id: 1 to {longest} printable characters.")
    if wanted.valid_to and wanted.valid_to < wanted.valid_from:
        raise ValueError(f"It would end on {wanted.valid_to} before it begins on {wanted.valid_from}.")
