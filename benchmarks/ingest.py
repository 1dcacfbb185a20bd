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

Rows = tuple[type[Model], list[dict[str, Any]]]
Prepared = tuple[str, list[str], list[tuple[Any, ...]]]

FAR = 1_000_000_000
"""Added to the ids of copied rows, so that they are new ones."""


def measure(count: int, repeat: int) -> list[dict[str, float]]:
    """Bills per second: `text` from JSON lines through the reader into the store, `store` of Bills already read, `again` the same text a
    second time, `raw` COPY or executemany of the same rows into the same tables, `bulk` Django's bulk_create of them."""
    source = Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    _text(source, list(bills.json_lines(100, "warm")))
    found = []
    for number in range(repeat):
        prefix = f"t{number}"
        lines = list(bills.json_lines(count, prefix))
        rates = {"text": _rate(count, lambda: _text(source, lines))}  # noqa: B023 - called at once
        rates["again"] = _rate(count, lambda: _text(source, lines))  # noqa: B023
        read = _read(count, f"s{number}")
        rates["store"] = _rate(count, lambda: store.receive(source, read, 1, _never))  # noqa: B023
        rows = [_rows(Bill, f"t{number}-"), _rows(BillRevision, f"t{number}-")]
        prepared = [_prepared(model, stored) for model, stored in rows]
        rates["raw"] = _rate(count, lambda: _raw(prepared))  # noqa: B023
        rates["bulk"] = _rate(count, lambda: _bulk(rows))  # noqa: B023
        found.append(rates)
    return found


def _rate(count: int, act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return count / (time.perf_counter() - started)


def _text(source: Source, lines: list[bytes]) -> None:
    Collector(source).take_file("bench.jsonl", io.BytesIO(b"".join(lines)))


def _read(count: int, prefix: str) -> list[store.Arrival]:
    reader = registry.source("m3ter").read_bill
    texts = [line.decode() for line in bills.json_lines(count, prefix)]
    return [(f"line {number}", reader(parse(text)), text) for number, text in enumerate(texts, 1)]


def _never(raw: str) -> Any:
    raise AssertionError(raw)


def _rows(model: type[Model], prefix: str) -> Rows:
    """The stored rows of the Bills whose id begins with `prefix`."""
    path = "uid__startswith" if model is Bill else "bill__uid__startswith"
    names = [field.attname for field in model._meta.concrete_fields]
    return model, list(model._default_manager.filter(**{path: prefix}).order_by("pk").values(*names))


def _new(row: dict[str, Any], turn: int) -> dict[str, Any]:
    """The row under new ids, others in each turn."""
    moved = {name: row[name] + turn * FAR for name in {"id", "bill_id", "current_revision_id"} & row.keys()}
    return row | moved | ({"uid": f"{turn}-{row['uid']}"} if "uid" in row else {})


def _prepared(model: type[Model], rows: list[dict[str, Any]]) -> Prepared:
    """The rows as the database takes them."""
    fields = model._meta.concrete_fields
    values = [tuple(field.get_db_prep_save(row[field.attname], connection) for field in fields) for row in (_new(row, 1) for row in rows)]
    return model._meta.db_table, [str(field.column) for field in fields], values


def _raw(tables: list[Prepared]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table, columns, rows in tables:
            names = ", ".join(f'"{column}"' for column in columns)
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(columns))
                cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)  # noqa: S608


def _bulk(tables: list[Rows]) -> None:
    with transaction.atomic():
        for model, rows in tables:
            model._default_manager.bulk_create(model(**_new(row, 2)) for row in rows)
