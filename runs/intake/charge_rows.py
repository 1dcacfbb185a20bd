"""CSV files of charges to raw Bills: the rows are spooled to a temporary database and come back sorted, so no file is too long.

A row that cannot be placed is rejected by itself; one that is placed but cannot be read rejects its Bill, which would lack a charge.
"""

import csv
import json
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, TextIO

import msgspec

from integrations.contract import Rows
from runs.intake.found import BILLS, Found
from runs.intake.json_stream import NOT_UTF8, undecoded
from runs.intake.spool import fill, spool

NULLS = ("", "NULL", "null")
SCHEMA = "bill TEXT, line TEXT, number INTEGER, cells BLOB"
INSERT = "INSERT INTO rows VALUES (?, ?, ?, ?)"
SORTED = "SELECT bill, number, cells FROM rows ORDER BY bill, line, number"

_Spooled = tuple[str, str, int, bytes]


def read_rows(name: str, text: TextIO, rows: Rows, amount: str = "") -> Iterator[Found]:
    """The Bills of one file; `amount` is the column that is added up, by default the first that `rows` names."""
    reader, amount = csv.reader(text), amount or rows.amounts[0]
    try:
        header = [column.strip() for column in next(reader, [])]
        if missing := [column for column in (amount, *rows.columns) if column not in header]:
            yield Found(where=f"{name}: line 1", fault=f"There is no column “{missing[0]}”.")
            return
        with spool(SCHEMA) as database:
            places = [(column, header.index(column)) for column in (amount, *rows.columns, *rows.optional) if column in header]
            yield from _spool(name, reader, places, rows, database)
            yield from _bills(name, rows, amount, database)
    except csv.Error as error:
        yield Found(where=f"{name}: line {reader.line_num}", fault=f"The CSV is broken: {error}. None of its Bills was taken.")


def _spool(name: str, reader: Any, places: list[tuple[str, int]], rows: Rows, database: sqlite3.Connection) -> Iterator[Found]:
    """Every row into the spool; gives those that belong to no Bill."""
    refused: list[Found] = []

    def placed() -> Iterator[_Spooled]:
        for cells in reader:
            if not any(cells):
                continue
            row = {column: _cell(cells, at) for column, at in places}
            try:
                if undecoded("".join(row.values())):
                    raise ValueError(NOT_UTF8)
                yield *rows.key(row), reader.line_num, msgspec.json.encode(row)
            except ValueError as error:
                refused.append(Found(where=f"{name}: line {reader.line_num}", fault=str(error)))

    for _ in fill(database, INSERT, placed()):
        yield from refused
        refused.clear()


def _cell(cells: list[str], at: int) -> str:
    text = cells[at].strip() if at < len(cells) else ""
    return "" if text in NULLS else text


def _bills(name: str, rows: Rows, amount: str, database: sqlite3.Connection) -> Iterator[Found]:
    for bill, charges in groupby(database.execute(SORTED), key=lambda row: row[0]):
        numbers = _Numbers()
        where = f"{name}: Bill {bill}"
        try:
            value = rows.bill(numbers.watch(charges), amount)
        except ValueError as error:
            yield Found(where=f"{name}: line {numbers.current} (Bill {bill})", collection=BILLS, fault=str(error))
            continue
        raw = json.dumps(value, ensure_ascii=False)
        yield Found(where=f"{where} ({numbers})", collection=BILLS, value=value, raw=raw)


class _Numbers:
    """Which lines of the file a Bill was made of."""

    def __init__(self) -> None:
        self.current, self.first, self.last, self.count = 0, 0, 0, 0

    def watch(self, charges: Iterator[tuple[str, int, bytes]]) -> Iterator[Mapping[str, str]]:
        for _, number, cells in charges:
            self.current, self.last, self.count = number, max(self.last, number), self.count + 1
            self.first = min(self.first or number, number)
            yield msgspec.json.decode(cells, type=dict[str, str])

    def __str__(self) -> str:
        return f"line {self.first}" if self.count == 1 else f"{self.count} rows from line {self.first} to {self.last}"
