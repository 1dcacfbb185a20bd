"""A fuzz target for each source's readers: any bytes come to records or to sentences, and what is read is kept without loss.

`python -m tests.sources.fuzz PLATFORM [SECONDS]` mutates the package's samples until it is over and prints what breaks; `target` gives
the function of bytes that atheris or another fuzzer calls.
"""

import io
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

from billing.bill import Bill
from billing.document import bill_of, digest, document_of
from integrations import registry
from integrations import sources as source_packages
from integrations.contract import Source
from runs.intake.found import BILLS, Found
from runs.intake.records import read_records
from runs.intake.tables import read_tables

CENTS = "2714e483-4ff1-48e4-9e25-ac732e8f24f2"
BETWEEN = b"\x1e"
"""Stands between the files of a data export."""

EXPORT = BETWEEN.join(
    (
        f"id,customer_id,status,total,credit_type_id,issued_at,metadata\ninv-1,cus-1,FINALIZED,150000,{CENTS},2026-07-02,{{}}\n".encode(),
        f"id,invoice_id,product_id,total,quantity,credit_type_id,tier\nli-1,inv-1,prd-9,150000,3e1,{CENTS},NULL\n".encode(),
        b'id,name,metadata\nprd-9,Tokens,"{""custom_fields"": {""a"": ""1""}}"\n',
    )
)
TOKENS = (b"null", b"NaN", b"-Infinity", b"1e400", b"-0", b"0.1", b"{}", b"[]", b'""', b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800",
          b"\r\n", b'"', b",", b"2026-02-30", b"0001-01-01", b"9999-12-31T23:59:59+14:00", b"XXX", b"JPY",
          b"[" * 2000, b"9" * 5000)  # fmt: skip


def target(source: Source) -> Callable[[bytes], None]:
    """What a fuzzer calls with bytes. AssertionError, or whatever a reader raises that is no sentence."""
    rows, collections = source.files.rows if source.files else None, ("accounts", *source.items, BILLS)

    def each(data: bytes) -> None:
        for ending in ("json", "jsonl", "csv"):
            check(source, read_records(f"fuzz.{ending}", io.BytesIO(data), collections, rows))
        if source.tables is not None:
            names = [f"{table.names[-1]}.csv" for table in source.tables.tables]
            parts = [io.BytesIO(part) for part in data.split(BETWEEN)]
            check(
                source, read_tables(list(zip(["invoice.csv", "line_item.csv", "product.csv", *names], parts, strict=False)), source.tables)
            )

    return each


def check(source: Source, records: Iterable[Found]) -> None:
    for found in records:
        assert found.where and (found.fault.strip() or found.raw)
        if found.fault:
            continue
        try:
            read = reader_of(source, found.collection)(found.value)
        except ValueError as refused:
            assert str(refused).strip(), "refused without a sentence"
        else:
            assert not isinstance(read, Bill) or is_kept(read)


def is_kept(bill: Bill) -> bool:
    again = bill_of(json.loads(document_of(bill)))
    amounts = [bill.total, *(line.amount for line in bill.lines)]
    return again == bill and digest(again) == digest(bill) and all(isinstance(each, Decimal) and each.is_finite() for each in amounts)


def reader_of(source: Source, collection: str) -> Callable[[Any], Any]:
    if collection == BILLS:
        return source.read_bill
    kind = source.items.get(collection)
    return source.read_party if kind is None else lambda raw: source.read_item(kind, raw)


def seeds(source: Source) -> list[bytes]:
    """One Bill of each sample, the templates, and a data export."""
    folder = Path(source_packages.__path__[0]) / source.platform / "sample"
    found = [EXPORT] if source.tables is not None else []
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text())
        bills = document if isinstance(document, list) else document[BILLS]
        found.append(json.dumps(bills[0]).encode())
    return found + [path.read_bytes() for path in sorted(folder.glob("*.csv"))]


def mutants(known: list[bytes], dice: random.Random) -> Iterator[bytes]:
    """Without end: a seed with up to four changes, each a bit, a token, a cut, a repetition, or a piece of another seed."""
    while True:
        data = bytearray(dice.choice(known))
        for _ in range(dice.randint(1, 4)):
            at, length = dice.randrange(len(data) + 1), dice.choice((1, 2, 8, 64))
            other = dice.choice(known)
            start = dice.randrange(len(other))
            piece = dice.choice(
                (bytes([dice.randrange(256)]), dice.choice(TOKENS), b"", data[at : at + length], other[start : start + length])
            )
            data[at : at + (0 if dice.random() < 0.5 else length)] = piece
        yield bytes(data)


def main(platform: str, seconds: str = "60") -> None:
    source, dice = registry.source(platform), random.Random()
    attack, end, count = target(source), time.monotonic() + float(seconds), 0
    for count, data in enumerate(mutants(seeds(source), dice), 1):
        try:
            attack(data)
        except (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            sys.stdout.write(f"Input {count} breaks a reader: {data!r}\n")
            raise
        if time.monotonic() > end:
            break
    sys.stdout.write(f"{count} inputs, nothing broke.\n")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main(*sys.argv[1:])
