"""Many new rows at once, by what the database is fastest with: COPY on PostgreSQL, executemany on SQLite.

No model instance is made and no statement is as long as its rows, which was most of the time that storing took.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection, models

_NEXT = "SELECT nextval((SELECT pg_get_serial_sequence(%s, %s)::regclass)) FROM generate_series(1, %s)"
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = %s"
_AS_THEY_ARE = frozenset((str, int, bool, type(None)))


class _Column(dict[Any, Any]):
    """The values of one column as the database takes them, each prepared once."""

    def __init__(self, field: "models.Field[Any, Any]") -> None:
        super().__init__()
        self.field = field

    def __missing__(self, value: Any) -> Any:
        self[value] = prepared = self.field.get_db_prep_save(value, connection)
        return prepared


def new_ids(model: type[models.Model], count: int) -> Sequence[int]:
    """Ids for rows that this transaction inserts. On SQLite it has to hold the write lock, as every transaction here does."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_NEXT, [connection.ops.quote_name(table), model._meta.pk.column, count])
            return [pk for (pk,) in cursor.fetchall()]
        cursor.execute(_LAST, [table])
        last = cursor.fetchone()
    first = last[0] + 1 if last else 1
    return range(first, first + count)


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Inserts rows of these columns, inside the caller's transaction. JSON is given as its text.

    PostgreSQL stores what it has while the next rows are still made.
    """
    table, names = connection.ops.quote_name(model._meta.db_table), ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in _prepared(model, columns, rows):
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(_prepared(model, columns, rows)))  # noqa: S608


def _prepared(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    fields = {field.column: field for field in model._meta.concrete_fields}
    known = [_Column(fields[column]) for column in columns]
    for row in rows:
        yield [value if type(value) in _AS_THEY_ARE else column[value] for column, value in zip(known, row, strict=True)]
