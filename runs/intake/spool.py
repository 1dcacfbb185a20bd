"""A temporary database on disk where rows of any number wait until they are wanted in another order."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

CHUNK = 2_000
_SETTINGS = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000;"


@contextmanager
def spool(schema: str) -> Iterator[sqlite3.Connection]:
    """It has one table, `rows`, with these columns, and is gone afterwards."""
    with closing(sqlite3.connect("")) as database:
        database.executescript(f"{_SETTINGS} CREATE TABLE rows ({schema});")
        yield database


def fill(database: sqlite3.Connection, insert: str, rows: Iterator[tuple[Any, ...]]) -> Iterator[None]:
    """Inserts the rows chunk by chunk; yields after each, and at the end."""
    while chunk := list(islice(rows, CHUNK)):
        database.executemany(insert, chunk)
        yield
    yield
