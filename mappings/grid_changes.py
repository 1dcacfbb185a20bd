"""What a person filled into the grid: read, checked, and saved in one act."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from integrations import registry
from mappings import service
from mappings.grid import Grid, Row
from mappings.models import ALWAYS, ExternalMapping

FIELD = "id:"
Origin = ExternalMapping.Origin


@dataclass(frozen=True)
class Terms:
    """For whom new mappings are, and from which day changes count; `seen_at` is when the page was made."""

    linked: bool = False
    valid_from: dt.date | None = None
    seen_at: dt.datetime | None = None


def fill(rows: Iterable[Row], posted: Mapping[str, str]) -> None:
    """Puts what was typed into the rows. A field that was not sent stays as it is stored."""
    for row in rows:
        typed = posted.get(f"{FIELD}{row.key}")
        if typed is not None:
            row.value = typed.strip()


def accept(rows: Iterable[Row], key: str = "") -> int:
    """Fills in the suggestion of one row, or without a key of every row where it is sure; how many. Nothing is saved by it."""
    chosen = [row for row in rows if row.suggestion and (row.key == key or (not key and row.suggestion.sure and not row.changed))]
    for row in chosen:
        row.value, row.error = str(row.suggestion.record) if row.suggestion else "", ""
    return len(chosen)


def save(grid: Grid, rows: Iterable[Row], terms: Terms, actor: Any) -> list[Row]:
    """Saves every changed row, or none when one cannot be: then that row says why. Returns what was saved."""
    changed = [row for row in rows if row.changed]
    wanted = {row.key: _wanted(grid, row, terms) for row in changed}
    if any(row.error for row in changed):
        return []
    with transaction.atomic():
        for row in changed:
            made = wanted[row.key]
            try:
                if made:
                    service.save(made, actor, _origin(row, made))
            except ValueError as error:
                row.error = str(error)
                transaction.set_rollback(True)
                return []
    return changed


def _wanted(grid: Grid, row: Row, terms: Terms) -> ExternalMapping | None:
    """The mapping that a row asks for; None, with the row's error, when there can be none."""
    record = _resolved(grid, row)
    row.error = row.error or _conflict(row, terms)
    if row.error:
        return None
    external_id, name = record
    since, until = _days(row, terms)
    return ExternalMapping(
        source_id=_source(grid, row),
        entity_type=row.entity.type,
        entity_id=row.entity.id,
        external_system=grid.integration.system,
        external_table=grid.tab.table,
        external_id=external_id,
        external_name=name,
        integration=_owner(grid, row, terms),
        valid_from=since,
        valid_to=until,
    )


def _days(row: Row, terms: Terms) -> tuple[dt.date, dt.date | None]:
    """A change from a day on is a mapping of its own, that has no end; any other is the stored one's."""
    stored = row.mapping
    if stored is None or (terms.valid_from and terms.valid_from != stored.valid_from):
        return terms.valid_from or ALWAYS, None
    return stored.valid_from, stored.valid_to


def _resolved(grid: Grid, row: Row) -> tuple[str, str]:
    """(id, name) of what stands in the field: the title of a record, its id, or its name where only one is called so."""
    text, label = row.value, registry.system_label(grid.integration.system)
    if not text:
        row.error = "To take a mapping away, open it and delete it."
        return "", ""
    record = grid.record(text)
    if record is not None and not record.active:
        row.error = f"{record} is {'inactive' if record.listed else 'no longer'} in {label}."
    elif record is None and grid.known:
        row.error = f"{label} has no {grid.tab.table} “{text}”. Choose one of the list, or refresh the names."
    return (record.external_id, record.name) if record else (text, "")


def _conflict(row: Row, terms: Terms) -> str:
    if row.mapping is None or terms.seen_at is None or row.mapping.updated_at <= terms.seen_at:
        return ""
    return f"{row.mapping.changed_by or 'A command'} has just changed it to {row.stored}."


def _source(grid: Grid, row: Row) -> int | None:
    """Whose id it is, where two sources have the same."""
    if row.mapping is not None:
        return row.mapping.source_id
    return row.entity.source if grid.shared[row.entity.type, row.entity.id] > 1 else None


def _owner(grid: Grid, row: Row, terms: Terms) -> Any:
    """A stored mapping stays whose it is; a new one is as the person chose."""
    linked = bool(row.mapping.integration_id) if row.mapping else terms.linked
    return grid.integration if linked else None


def _origin(row: Row, made: ExternalMapping) -> str:
    return Origin.SUGGESTION if row.suggestion and row.suggestion.record.external_id == made.external_id else Origin.PERSON
