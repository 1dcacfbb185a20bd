"""A data export of several CSV files to raw records: each file is a table, and the source joins them."""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TextIO

from integrations.contract import Fetched, Tables
from runs.intake.charge_rows import NULLS
from runs.intake.found import Found, position
from runs.intake.json_stream import NOT_UTF8, parse, undecoded


def table_of(path: Path, names: Collection[str]) -> str:
    """The table that a CSV file holds: it is named so, or lies in a folder that is; "" for any other file."""
    if path.suffix.lower() != ".csv":
        return ""
    return next((name for name in (path.stem, *(folder.name for folder in path.parents)) if name in names), "")


def read_tables(paths: Sequence[Path], tables: Tables) -> Iterator[Found]:
    """The records that all files make together. OSError for a file that cannot be opened."""
    with ExitStack() as opened:
        streams = [
            (table_of(path, tables.names), opened.enter_context(path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")))
            for path in paths
        ]
        rows = {name: _all_rows([stream for table, stream in streams if table == name]) for name in tables.names}
        counts: dict[str, int] = {}
        try:
            for record in tables.read(rows):
                counts[record.collection] = counts.get(record.collection, 0) + 1
                yield _found(record, counts[record.collection])
        except csv.Error as error:
            yield Found(where="the data export", fault=f"The CSV is broken: {error}. Nothing more of it was read.")


def _all_rows(streams: Sequence[TextIO]) -> Iterator[Mapping[str, str]]:
    return chain.from_iterable(map(_rows, streams))


def _rows(stream: TextIO) -> Iterator[Mapping[str, str]]:
    """Each row by its columns, nulls as ""."""
    for row in csv.DictReader(stream, restkey=""):
        yield {name: "" if cell in NULLS else cell for name, cell in row.items() if name and isinstance(cell, str)}


def _found(record: Fetched, number: int) -> Found:
    fault = NOT_UTF8 if undecoded(record.text) else ""
    value = parse(record.text)
    return Found(where=position(record.collection, number, value), collection=record.collection, value=value, raw=record.text, fault=fault)
