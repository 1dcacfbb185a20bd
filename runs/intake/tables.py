"""A data export of several CSV files to raw records: each file is a table, and the source joins them.

All rows wait in a spool, where the latest of an id replaces the others, and come back sorted: no export is too large to be joined.
"""

import csv
import io
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import BinaryIO

import msgspec

from integrations.contract import ExportRow, ExportTable, Fetched, Tables
from runs.intake.charge_rows import NULLS
from runs.intake.found import Found, seeming_id
from runs.intake.json_stream import NOT_UTF8, parse, undecoded
from runs.intake.spool import fill, spool

SCHEMA = "part TEXT, uid TEXT, sorted TEXT, updated TEXT, number INTEGER, place TEXT, cells BLOB, PRIMARY KEY (part, uid)"
INSERT = """
    INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (part, uid) DO UPDATE
    SET sorted = excluded.sorted, updated = excluded.updated, place = excluded.place, cells = excluded.cells
    WHERE excluded.updated >= updated
"""
SORTED = "SELECT place, cells FROM rows WHERE part = ? ORDER BY sorted, number"
EXPORT = "the data export"

_Spooled = tuple[str, str, str, str, int, str, bytes]


class _UnjoinableError(Exception):
    """Nothing of the export can be taken: where, and why as a sentence."""


def table_of(name: str, tables: Tables) -> ExportTable | None:
    """The table that a CSV file holds: its name begins with the table's, or it lies in a folder that has it; None for any other file."""
    path = PurePath(name)
    if path.suffix.lower() != ".csv":
        return None
    names = {known: table for table in tables.tables for known in table.names}
    begun = [known for known in names if _begins(path.stem, known)]
    if begun:
        return names[max(begun, key=len)]
    return next((names[folder.name] for folder in path.parents if folder.name in names), None)


def _begins(stem: str, known: str) -> bool:
    """As in line_item, line_item_2026-10 and “line_item (1)”."""
    return stem.startswith(known) and not stem[len(known) :][:1].isalnum()


def read_tables(files: Sequence[tuple[str, BinaryIO]], tables: Tables) -> Iterator[Found]:
    """The records that all files, given by name, make together; every one of them holds a table."""
    parts = [(name, stream, table) for name, stream in files if (table := table_of(name, tables))]
    try:
        _demand_all({table.names for _, _, table in parts}, tables)
        with spool(SCHEMA) as database:
            for name, stream, table in parts:
                yield from _spool(PurePath(name).name, stream, table, tables.updated, database)
            for record in tables.read({table.names[0]: _rows(database, table) for table in tables.tables}):
                yield _found(record)
    except _UnjoinableError as error:
        where, why = error.args
        yield Found(where=where, fault=f"{why} Nothing of the export was taken.")


def _demand_all(given: set[tuple[str, ...]], tables: Tables) -> None:
    for table in tables.tables:
        if table.required and table.names not in given:
            raise _UnjoinableError(EXPORT, f"There is no file of the table {' or '.join(table.names)} beside the others.")


def _spool(name: str, stream: BinaryIO, table: ExportTable, updated: str, database: sqlite3.Connection) -> Iterator[Found]:
    """Every row of a file into the spool; gives those that have no id or are not text."""
    reader = csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline=""))
    refused: list[Found] = []
    try:
        header = ["" if undecoded(column) else column.strip() for column in next(reader, [])]
        if missing := [column for column in (table.uid, table.sorted_by) if column not in header]:
            raise _UnjoinableError(f"{name}: line 1", f"There is no column “{missing[0]}”.")

        def placed() -> Iterator[_Spooled]:
            for cells in reader:
                row = {column: cell for column, cell in zip(header, cells, strict=False) if column and cell not in NULLS}
                place = f"{name}: line {reader.line_num}"
                why = NOT_UTF8 if undecoded("".join(cells)) else "" if row.get(table.uid) else f"{table.uid} is missing."
                if why and any(cells):
                    refused.append(Found(where=place, fault=why))
                if not why:
                    known = (table.names[0], row[table.uid], row.get(table.sorted_by, ""), row.get(updated, ""))
                    yield *known, reader.line_num, place, msgspec.json.encode(row)

        for _ in fill(database, INSERT, placed()):
            yield from refused
            refused.clear()
    except csv.Error as error:
        raise _UnjoinableError(f"{name}: line {reader.line_num}", f"The CSV is broken: {error}.") from None


def _rows(database: sqlite3.Connection, table: ExportTable) -> Iterator[ExportRow]:
    for place, cells in database.execute(SORTED, [table.names[0]]):
        yield ExportRow(where=place, cells=msgspec.json.decode(cells, type=dict[str, str]))


def _found(record: Fetched) -> Found:
    try:
        value = parse(record.text)
    except ValueError as error:
        return Found(where=record.where, collection=record.collection, fault=str(error))
    known = f" (id {seeming_id(value)})" if seeming_id(value) else ""
    return Found(where=f"{record.where}{known}", collection=record.collection, value=value, raw=record.text)
