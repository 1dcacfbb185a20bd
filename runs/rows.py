"""Writes many rows at once, each with values of its own."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

CHUNK = 500

Column = tuple[Any, list[Any]]


def update(rows: Iterable[Model], fields: Sequence[str]) -> None:
    """Stores these fields of rows of one model: a statement per 500 rows, in which what all rows share stands once.

    Django 5.2's `bulk_update` makes a CASE of every row for every field, which was four fifths of a delivery's CPU time (measured 2026-11).
    """
    found = list(rows)
    for start in range(0, len(found), CHUNK):
        _update(found[start : start + CHUNK], fields)


def _update(rows: Sequence[Model], fields: Sequence[str]) -> None:
    meta: Any = rows[0]._meta
    columns = [_column(rows, field) for field in [meta.pk, *map(meta.get_field, fields)]]
    own = [columns[0], *(column for column in columns[1:] if not _shared(column))]
    shared = [column for column in columns[1:] if _shared(column)]
    sets = [f"{_quoted(field.column)} = %s" for field, _ in shared]
    sets += [f"{_quoted(field.column)} = {_typed(f'v.column{place}', field)}" for place, (field, _) in enumerate(own[1:], 2)]
    marks = ", ".join([f"({', '.join(['%s'] * len(own))})"] * len(rows))
    table = _quoted(meta.db_table)
    same = f"{table}.{_quoted(meta.pk.column)} = {_typed('v.column1', meta.pk)}"
    told = [values[0] for _, values in shared]
    told += [value for row in zip(*(values for _, values in own), strict=True) for value in row]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {', '.join(sets)} FROM (VALUES {marks}) AS v WHERE {same}", told)  # noqa: S608 - our own names


def _column(rows: Sequence[Model], field: Any) -> Column:
    """A field and its value in each row, as the database takes it."""
    given = [getattr(row, field.attname) for row in rows]
    if all(value == given[0] for value in given):
        given = given[:1]
    return field, [field.get_db_prep_save(value, connection) for value in given]


def _shared(column: Column) -> bool:
    return len(column[1]) == 1


def _typed(column: str, field: Any) -> str:
    """PostgreSQL must be told the type of what stands in VALUES; SQLite has none."""
    return f"{column}::{field.rel_db_type(connection)}" if connection.vendor == "postgresql" else column


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
