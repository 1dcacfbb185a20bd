"""CSV to Bills: one row per line item, the Bill's columns repeated.

Columns are named as the source's API names its fields, with a dot for what is inside an object; those of the lines start with
"lineItems.", "line_items." or "lines.". An empty cell is a field not given. Consecutive rows with the same id are one Bill.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, TextIO

from runs.intake.found import BILLS, Found
from runs.intake.json_stream import NOT_UTF8, undecoded

LINE_LISTS = ("lineItems", "line_items", "lines")
csv.field_size_limit(10_000_000)

_Row = tuple[int, list[str]]
_Columns = Sequence[tuple[int, list[str]]]


def read_csv(name: str, text: TextIO) -> Iterator[Found]:
    rows = _rows(text)
    try:
        _, header = next(rows, (1, []))
        if fault := _misread(header):
            yield Found(where=f"{name}: line 1", fault=fault)
            return
        id_at = header.index("id")
        for uid, bill_rows in groupby(rows, key=lambda row: row[1][id_at].strip() if len(row[1]) > id_at else ""):
            yield from _bill(name, header, uid, list(bill_rows))
    except csv.Error as error:
        yield Found(where=f"{name}: after the last Bill read", fault=f"The CSV is broken: {error}. Nothing after it was read.")


def _rows(text: TextIO) -> Iterator[_Row]:
    """Each row that is not blank, with the number of its first line."""
    reader = csv.reader(text)
    first = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield first, cells
        first = reader.line_num + 1


def _misread(header: list[str]) -> str:
    """Why these are no columns of Bills, or ""."""
    header[:] = [column.strip() for column in header]
    twice = {column for column in header if column and header.count(column) > 1}
    inside = {column for column in header if any(other.startswith(f"{column}.") for other in header)}
    if "id" not in header:
        return "There is no column “id”, so the rows cannot be told apart into Bills."
    if twice:
        return f"The column “{min(twice)}” stands twice."
    return f"“{min(inside)}” is a column and also has columns inside it." if inside else ""


def _bill(name: str, header: list[str], uid: str, rows: list[_Row]) -> Iterator[Found]:
    if not uid:
        yield from (Found(where=f"{name}: line {line}", collection=BILLS, fault="The id is empty.") for line, _ in rows)
        return
    lines = f"line {rows[0][0]}" if len(rows) == 1 else f"lines {rows[0][0]} to {rows[-1][0]}"
    where = f"{name}: {lines} (id {uid})"
    try:
        value = _value(header, rows)
    except ValueError as error:
        yield Found(where=where, collection=BILLS, fault=str(error))
        return
    raw = json.dumps(value, ensure_ascii=False)
    yield Found(where=where, collection=BILLS, value=value, raw=raw, fault=NOT_UTF8 if undecoded(raw) else "")


def _value(header: list[str], rows: list[_Row]) -> dict[str, Any]:
    columns = [(at, column.split(".")) for at, column in enumerate(header) if column]
    lists = {path[0] for _, path in columns if path[0] in LINE_LISTS and len(path) > 1}
    own = [(at, path) for at, path in columns if path[0] not in lists]
    value = _nested(own, _agreed(header, own, rows))
    for name in sorted(lists):
        inner = [(at, path[1:]) for at, path in columns if path[0] == name]
        value[name] = [line for _, cells in rows if (line := _nested(inner, cells))]
    return value


def _agreed(header: list[str], columns: _Columns, rows: list[_Row]) -> list[str]:
    """The Bill's own cells, which every row has alike or leaves empty. ValueError names the column and the line that differs."""
    agreed = [""] * len(header)
    for line, cells in rows:
        if len(cells) > len(header):
            raise ValueError(f"Line {line} has {len(cells)} cells, the header has {len(header)}.")
        for at, path in columns:
            cell = cells[at].strip() if at < len(cells) else ""
            if cell and agreed[at] and cell != agreed[at]:
                raise ValueError(f"{'.'.join(path)} is {agreed[at]}, but {cell} on line {line} of the same Bill.")
            agreed[at] = agreed[at] or cell
    return agreed


def _nested(columns: _Columns, cells: list[str]) -> dict[str, Any]:
    """The cells that are not empty, as an object with objects inside it."""
    value: dict[str, Any] = {}
    for at, path in columns:
        if at < len(cells) and cells[at].strip():
            inner = value
            for name in path[:-1]:
                inner = inner.setdefault(name, {})
            inner[path[-1]] = cells[at].strip()
    return value
