"""Mappings from a table of rows, row by row: a bad row is rejected with its number, the rest is kept."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.models import Source
from integrations import registry
from integrations.contract import Rejected
from mappings import service
from mappings.models import ALWAYS, ExternalMapping
from mappings.service import KEY, Outcome

REQUIRED = ("m3terEntity", "m3terId", "externalSystem", "externalTable", "externalId")
OPTIONAL = ("integrationConfigId", "source", "validFrom", "validTo")
NAMES = ("m3terName", "externalName", "integrationName")
"""Columns of a file that we wrote for people to read; nothing is read from them."""

CHUNK = 500


class BadFileError(ValueError):
    """The file as a whole cannot be read as mappings; the message says why."""


@dataclass
class Result:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True)
class Planned:
    """What a row would do. `before` is the external id that it replaces, `why` the sentence of a row that is rejected."""

    where: str
    outcome: Outcome | None
    mapping: ExternalMapping | None = None
    before: str = ""
    why: str = ""


def check_header(names: Iterable[str] | None) -> None:
    found = [name for name in names or () if name not in NAMES]
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise BadFileError(f"The header lacks {', '.join(missing)}. It reads {', '.join(REQUIRED)} and optionally {', '.join(OPTIONAL)}.")
    strange = [name or "a column without a name" for name in found if name not in (*REQUIRED, *OPTIONAL)]
    if strange:
        raise BadFileError(f"The header has columns that are not known: {', '.join(strange)}.")
    if len(set(found)) < len(found):
        raise BadFileError("The header has a column twice.")


def plan(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Planned]:
    """What each (where, row) pair would do, in order: a later row for the same key wins. Two queries per 500 rows."""
    owners: dict[str, Any] = {}
    said: dict[tuple[Any, ...], ExternalMapping] = {}
    waiting = iter(rows)
    while chunk := list(islice(waiting, CHUNK)):
        read = [_read(where, row, owners) for where, row in chunk]
        said = _stored([found.mapping for found in read if found.mapping]) | said
        yield from (_judged(found, said) for found in read)


def import_rows(rows: Iterable[tuple[str, Mapping[str, Any]]], actor: Any = None, origin: str = ExternalMapping.Origin.FILE) -> Result:
    """Stores (where, row) pairs in order, in one transaction."""
    result = Result()
    with transaction.atomic():
        for planned in plan(rows):
            outcome, why = planned.outcome, planned.why
            if planned.mapping is not None and outcome != "unchanged":
                outcome, why = _save(planned.mapping, actor, origin)
            if outcome is None:
                result.rejected.append(Rejected(where=planned.where, why=why))
            else:
                setattr(result, outcome, getattr(result, outcome) + 1)
    return result


def _save(mapping: ExternalMapping, actor: Any, origin: str) -> tuple[Outcome | None, str]:
    try:
        return service.save(mapping, actor, origin), ""
    except ValueError as error:
        return None, str(error)


def _read(where: str, row: Mapping[str, Any], owners: dict[str, Any]) -> Planned:
    try:
        mapping = _mapping(row, owners)
        service.check(mapping)
    except ValueError as error:
        return Planned(where, None, why=str(error))
    return Planned(where, None, mapping)


def _stored(wanted: Sequence[ExternalMapping]) -> dict[tuple[Any, ...], ExternalMapping]:
    found = ExternalMapping.objects.filter(entity_id__in={mapping.entity_id for mapping in wanted})
    return {key_of(mapping): mapping for mapping in found}


def key_of(mapping: ExternalMapping) -> tuple[Any, ...]:
    return tuple(getattr(mapping, f"{name}_id" if name in ("source", "integration") else name) for name in KEY)


def _judged(read: Planned, said: dict[tuple[Any, ...], ExternalMapping]) -> Planned:
    wanted = read.mapping
    if wanted is None:
        return read
    known = said.get(key_of(wanted))
    said[key_of(wanted)] = wanted
    if known is None:
        return Planned(read.where, "created", wanted)
    same = (known.external_id, known.valid_to) == (wanted.external_id, wanted.valid_to)
    return Planned(read.where, "unchanged" if same else "updated", wanted, known.external_id)


def _mapping(row: Mapping[str, Any], owners: dict[str, Any]) -> ExternalMapping:
    if None in row:
        raise ValueError("The row has more values than the header has columns.")
    text = {name: str(row.get(name) or "").strip() for name in (*REQUIRED, *OPTIONAL)}
    if empty := [name for name in REQUIRED if not text[name]]:
        raise ValueError(f"{', '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty.")
    check_names(text["m3terEntity"], text["externalSystem"], text["externalTable"])
    return ExternalMapping(
        entity_type=text["m3terEntity"],
        entity_id=text["m3terId"],
        external_system=text["externalSystem"],
        external_table=text["externalTable"],
        external_id=text["externalId"],
        integration=_integration(text["integrationConfigId"], text["externalSystem"], owners),
        source=_source(text["source"], owners),
        valid_from=_day(text["validFrom"], "validFrom") or ALWAYS,
        valid_to=_day(text["validTo"], "validTo"),
    )


def check_names(entity: str, system: str, table: str) -> None:
    """ValueError with a sentence unless the system has this table and the entity may be mapped to it."""
    systems = [name for name, _ in registry.system_choices()]
    if system not in systems:
        raise ValueError(f"externalSystem “{system}” is not known; it is one of {', '.join(systems)}.")
    tables = {declared.name: declared for declared in registry.tables(system)}
    if table not in tables:
        raise ValueError(f"externalTable “{table}” is not one of {system}'s: {', '.join(tables)}.")
    if entity not in tables[table].entities:
        allowed = ", ".join(tables[table].entities) or "none"
        raise ValueError(f"m3terEntity “{entity}” cannot be mapped to {table}; these can: {allowed}.")


def _integration(text: str, system: str, owners: dict[str, Any]) -> Any:
    if not text:
        return None
    if text not in owners:
        model: Any = ExternalMapping._meta.get_field("integration").related_model
        try:
            owners[text] = model.objects.filter(pk=UUID(text)).first()
        except ValueError:
            owners[text] = None
    if owners[text] is None:
        raise ValueError(f"integrationConfigId “{text}” names no integration.")
    if owners[text].system != system:
        raise ValueError(f"The integration “{owners[text]}” is of {owners[text].system}, not of {system}.")
    return owners[text]


def _source(slug: str, owners: dict[str, Any]) -> Source | None:
    if not slug:
        return None
    key = f"source {slug}"
    if key not in owners:
        owners[key] = Source.objects.filter(slug=slug).first()
    if owners[key] is None:
        raise ValueError(f"source “{slug}” is not known here.")
    found: Source = owners[key]
    return found


def _day(text: str, name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"{name} “{text}” is not a date like 2026-11-01.") from None
