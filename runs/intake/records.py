"""Files to raw records: JSON, JSONL and CSV, streamed. A record that cannot be read says where and why, and the rest is read on.

A top-level array holds Bills. An object holds the collections that it names ({"accounts": [...], "bills": [...]}), or is one Bill.
"""

import io
import json
from collections.abc import Collection, Iterator
from pathlib import PurePath
from typing import Any, BinaryIO, TextIO, cast

from integrations.contract import Rows
from runs.intake.charge_rows import read_rows
from runs.intake.csv_rows import read_csv
from runs.intake.found import BILLS, Found, position
from runs.intake.json_stream import Broken, Decoder, Tokens

_SNIFFED = 1 << 16
_LONGEST_LINE = 100_000_000
_ENDINGS = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}

_Member = tuple[str, Any, str]


def read_records(name: str, stream: BinaryIO, collections: Collection[str], rows: Rows | None = None, amount: str = "") -> Iterator[Found]:
    """The records of one file in order. `name` is for people; its ending says what the file is, else the file's first line does.

    With `rows`, a CSV has charges that are added up to Bills, by the column `amount` where it is given.
    """
    buffered = io.BufferedReader(cast(io.RawIOBase, stream), _SNIFFED)
    kind = _ENDINGS.get(PurePath(name).suffix.lower()) or _sniffed(buffered)
    text = io.TextIOWrapper(buffered, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        if kind == "csv":
            yield from read_rows(name, text, rows, amount) if rows else read_csv(name, text)
        elif kind == "jsonl":
            yield from _jsonl(name, text, collections)
        else:
            yield from _json(f"{name}: ", Tokens(text), collections)
    except Broken as error:
        why = f"The JSON is broken here: {error.why}. What stands before it was read, nothing after it."
        yield Found(where=f"{name}: line {error.line}, column {error.column}", fault=why)


def _sniffed(stream: "io.BufferedReader[io.RawIOBase]") -> str:
    start = stream.peek(_SNIFFED).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] not in (b"{", b"["):
        return "csv" if start else "json"
    line, newline, _ = start.partition(b"\n")
    return "jsonl" if newline and start[:1] == b"{" and _is_json(line) else "json"


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _jsonl(name: str, text: TextIO, collections: Collection[str]) -> Iterator[Found]:
    decoder = Decoder()
    for number, line in enumerate(iter(lambda: text.readline(_LONGEST_LINE), ""), 1):
        if line.strip():
            yield from _line(f"{name}: line {number}", line, decoder, collections)


def _line(where: str, line: str, decoder: Decoder, collections: Collection[str]) -> Iterator[Found]:
    tokens = Tokens(io.StringIO(line), decoder)
    try:
        value, raw = tokens.value()
        faults = decoder.faults[:]
        if tokens.peek():
            raise tokens.broken("something follows the record")
    except Broken as error:
        yield Found(where=where, collection=BILLS, fault=f"The line is not JSON: {error.why}, at column {error.column}.")
        return
    if isinstance(value, list) or (isinstance(value, dict) and any(isinstance(value.get(name), list) for name in collections)):
        yield from _json(f"{where}, ", Tokens(io.StringIO(line), decoder), collections)
    else:
        yield Found(where=where, collection=BILLS, value=value, raw=raw, fault=" ".join(faults))


def _json(place: str, tokens: Tokens, collections: Collection[str]) -> Iterator[Found]:
    """The records of a document, and of those that follow it in the same file. `place` is what stands before "bill 3"."""
    counts = dict.fromkeys(collections, 0)
    while start := tokens.peek():
        if start == "[":
            yield from _array(place, tokens, BILLS, counts)
        else:
            yield from _object(place, tokens, counts)


def _array(place: str, tokens: Tokens, collection: str, counts: dict[str, int]) -> Iterator[Found]:
    for value, raw in tokens.elements():
        counts[collection] += 1
        yield _found(place, collection, counts, value, raw, tokens.decoder.faults)


def _object(place: str, tokens: Tokens, counts: dict[str, int]) -> Iterator[Found]:
    """An object that carries collections, read element by element; any other is one Bill."""
    carries = False
    others: list[_Member] = []
    faults: list[str] = []
    for name in tokens.names():
        if name in counts and tokens.peek() == "[":
            carries = True
            yield from _array(place, tokens, name, counts)
        else:
            others.append((name, *tokens.value()))
            faults += tokens.decoder.faults
    if carries:
        yield from _strangers(place, others, counts)
    elif others:
        counts[BILLS] += 1
        value = {name: value for name, value, _ in others}
        raw = "{" + ", ".join(f"{json.dumps(name)}: {raw}" for name, _, raw in others) + "}"
        twice = [f"“{name}” stands twice in one object, so it is not clear which holds." for name in _repeated(others)]
        yield _found(place, BILLS, counts, value, raw, faults + twice)


def _strangers(place: str, others: list[_Member], counts: dict[str, int]) -> Iterator[Found]:
    """Lists beside the collections, which nobody reads: better said than lost."""
    for name, value, _ in others:
        if isinstance(value, list) and value:
            yield Found(where=place.rstrip(" :,"), fault=f"“{name}” was not read: only {', '.join(counts)} are.")


def _repeated(members: list[_Member]) -> list[str]:
    names = [name for name, _, _ in members]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def _found(place: str, collection: str, counts: dict[str, int], value: Any, raw: str, faults: list[str]) -> Found:
    where = f"{place}{position(collection, counts[collection], value)}"
    return Found(where=where, collection=collection, value=value, raw=raw, fault=" ".join(faults))
