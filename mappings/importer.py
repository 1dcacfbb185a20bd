"""Mappings from a table of rows, row by row: a bad row is rejected with its number, the rest is kept."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.models import Source
from integrations import registry
from integrations.contract import Rejected
from mappings.models import ExternalMapping
from mappings.service import save

REQUIRED = ("m3terEntity", "m3terId", "externalSystem", "externalTable", "externalId")
OPTIONAL = ("integrationConfigId", "source", "validFrom", "validTo")


class BadFileError(ValueError):
    """The file as a whole cannot be read as mappings; the message says why."""


@dataclass
class Result:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def check_header(names: Iterable[str] | None) -> None:
    found = list(names or ())
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise BadFileError(f"The header lacks {', '.join(missing)}. It reads {', '.join(REQUIRED)} and optionally {', '.join(OPTIONAL)}.")
    strange = [name for name in found if name not in (*REQUIRED, *OPTIONAL)]
    if strange:
        raise BadFileError(f"The header has columns that are not known: {', '.join(strange)}.")


def import_rows(rows: Iterable[tuple[str, Mapping[str, Any]]], actor: Any = None, origin: str = ExternalMapping.Origin.FILE) -> Result:
    """Stores (where, row) pairs in order, in one transaction; a later row for the same key wins."""
    result = Result()
    owners: dict[str, Any] = {}
    with transaction.atomic():
        for where, row in rows:
            try:
                outcome = save(_mapping(row, owners), actor, origin)
            except ValueError as error:
                result.rejected.append(Rejected(where=where, why=str(error)))
            else:
                setattr(result, outcome, getattr(result, outcome) + 1)
    return result


def _mapping(row: Mapping[str, Any], owners: dict[str, Any]) -> ExternalMapping:
    text = {name: (row.get(name) or "").strip() for name in (*REQUIRED, *OPTIONAL)}
    empty = [name for name in REQUIRED if not text[name]]
    if None in row or empty:
        raise ValueError(f"{', '.join(empty)} is empty." if empty else "The row has more values than the header has columns.")
    check_names(text["m3terEntity"], text["externalSystem"], text["externalTable"])
    return ExternalMapping(
        entity_type=text["m3terEntity"],
        entity_id=text["m3terId"],
        external_system=text["externalSystem"],
        external_table=text["externalTable"],
        external_id=text["externalId"],
        integration=_integration(text["integrationConfigId"], text["externalSystem"], owners),
        source=_source(text["source"], owners),
        valid_from=_day(text["validFrom"], "validFrom") or dt.date.min,
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
