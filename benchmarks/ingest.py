"""How fast Bills come in, beside the fastest way that the database has for the very same rows."""

import io
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from benchmarks import bills
from billing import store
from billing.models import Bill, BillRevision, Source
from integrations import registry
from runs.collect import Collector
from runs.intake.json_stream import parse

FAR = 1_000_000_000
"""Added to the ids of copied rows, so that they are new ones."""


def measure(count: int, repeat: int) -> list[dict[str, float]]:
    """Bills per second: `text` from JSON lines through the reader into the store, `store` of Bills already read, `again` the same text a
    second time, `raw` COPY or executemany of the same rows into the same tables."""
    source = Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    _text(source, 100, "warm")
    found = []
    for number in range(repeat):
        prefix = f"t{number}"
        rates = {"text": _rate(count, lambda: _text(source, count, prefix))}  # noqa: B023 - called at once
        rates["again"] = _rate(count, lambda: _text(source, count, prefix))  # noqa: B023
        read = _read(count, f"s{number}")
        rates["store"] = _rate(count, lambda: store.receive(source, read, 1, _never))  # noqa: B023
        rows = [_rows(Bill, f"t{number}-"), _rows(BillRevision, f"t{number}-")]
        rates["raw"] = _rate(count, lambda: _raw(rows))  # noqa: B023
        found.append(rates)
    return found


def _rate(count: int, act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return count / (time.perf_counter() - started)


def _text(source: Source, count: int, prefix: str) -> None:
    Collector(source).take_file("bench.jsonl", io.BytesIO(b"".join(bills.json_lines(count, prefix))))


def _read(count: int, prefix: str) -> list[store.Arrival]:
    reader = registry.source("m3ter").read_bill
    texts = [line.decode() for line in bills.json_lines(count, prefix)]
    return [(f"line {number}", reader(parse(text)), text) for number, text in enumerate(texts, 1)]


def _never(raw: str) -> Any:
    raise AssertionError(raw)


def _rows(model: type[Model], prefix: str) -> tuple[type[Model], list[str], list[tuple[Any, ...]]]:
    """Table, columns and stored rows of the Bills whose id begins with `prefix`, with new ids."""
    path = "uid__startswith" if model is Bill else "bill__uid__startswith"
    fields = model._meta.concrete_fields
    moved = {"id", "bill_id", "current_revision_id"}
    rows = []
    for thing in model._default_manager.filter(**{path: prefix}).order_by("pk"):
        values = {field.attname: getattr(thing, field.attname) for field in fields}
        values |= {name: values[name] + FAR for name in moved & values.keys()}
        if "uid" in values:
            values["uid"] = f"copy-{values['uid']}"
        rows.append(tuple(field.get_db_prep_save(values[field.attname], connection) for field in fields))
    return model, [str(field.column) for field in fields], rows


def _raw(tables: list[tuple[type[Model], list[str], list[tuple[Any, ...]]]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for model, columns, rows in tables:
            names = ", ".join(f'"{column}"' for column in columns)
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{model._meta.db_table}" ({names}) FROM STDIN') as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(columns))
                cursor.executemany(f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({marks})', rows)  # noqa: S608
