"""An installation with one connected integration and mappings for the bench's Bills, and the whole way of a Bill through it."""

import io
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from benchmarks import bills
from benchmarks.emulator import Emulator, running
from benchmarks.meters import Connections, Statements
from benchmarks.targets import Target, target
from billing import store
from billing.bill import Movement
from billing.models import Source
from credentials import service as credentials
from integrations import registry
from integrations import service as integrations
from mappings.models import ExternalMapping
from runs import tasks
from runs.collect import Collector, Report
from runs.intake.json_stream import parse
from runs.intake.records import read_records
from runs.models import OPEN, Exchange, IntegrationRun

SOURCE = "m3ter"
TOO_MANY = 429


class World:
    """Everything that one measurement works with."""

    def __init__(self, target: Target, emulator: Emulator, mode: str) -> None:
        self.target, self.emulator, self.mode = target, emulator, mode
        self.statements, self.connections = Statements(), Connections()
        self.source = Source.objects.create(slug=SOURCE, platform=SOURCE, name=SOURCE)
        self.queued: list[tuple[str, tuple[Any, ...]]] = []
        self.tasks = 0
        secrets = {name: value for name, value in emulator.credentials[target.kind].items() if name not in ("kind", "type", "name")}
        self.credential = credentials.create(registry.credential_kind(target.kind), "Bench", secrets)
        options = target.options(mode)
        self.integration = integrations.create("Bill", target.system, "Bench", options, credential=self.credential)
        _map(target)

    @property
    def cap(self) -> int:
        """How many requests the destination takes at once."""
        return registry.destination(self.target.system).parallel

    def calls(self) -> Counter[str]:
        """What the emulator has counted so far: "calls" of all kinds, "writes" that carried documents, and those "refused" as too many."""
        found = Counter(calls=0, writes=0, refused=0)
        for row in self.emulator.rows(self.target.slug):
            found["calls"] += row["count"]
            found["writes"] += row["count"] * self.target.writes(row)
            found["refused"] += row["count"] * (row["status"] == TOO_MANY)
        return found

    def documents(self) -> int:
        """How many documents all tenants hold."""
        return self.emulator.documents(self.target.slug, self.target.documents)

    def ingest(self, count: int, prefix: str, lines: int = bills.LINES) -> Report:
        """Bills as lines of a file, through the reader into the store. The file knows no payments, so paid Bills are stored one by one."""
        collector = Collector(self.source)
        if self.mode == "chain":
            with self.statements.during("ingest"):
                self._store_paid(count, prefix, lines)
            return collector.report
        stream = io.BufferedReader(LinesFile(bills.json_lines(count, prefix, lines)))
        with self.statements.during("ingest"):
            collector.take(read_records("bench.jsonl", stream, collector.collections))
        return collector.report

    def _store_paid(self, count: int, prefix: str, lines: int) -> None:
        read = registry.source(SOURCE).read_bill
        for text in map(bytes.decode, bills.json_lines(count, prefix, lines)):
            bill = read(parse(text))
            payment = Movement(uid="paid", kind="payment", date=bill.bill_date, currency=bill.currency, amount=bill.total)
            paid = replace(bill, movements=(payment,))
            store.receive(self.source, [(paid.title, paid, text)], 1, lambda raw: read(parse(raw)))

    def work(self) -> None:
        """What workers do, in this process: the sweep, the wake-ups, and what the watchdog asks for, until nothing is open."""
        with mock.patch("runs.tasks.async_task", self._queue):
            self._queue("runs.tasks.sweep")
            while True:
                while self.queued:
                    self._run(*self.queued.pop(0))
                if not IntegrationRun.objects.filter(status__in=OPEN, parent=None).exists():
                    return
                _sleep_until_due()
                if not tasks.wake_idle():
                    self._queue("runs.tasks.sweep")

    def _queue(self, name: str, *arguments: Any) -> None:
        self.queued.append((name, arguments))

    def _run(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.tasks += 1
        function = getattr(tasks, name.rpartition(".")[2])
        with self.statements.during("send"):
            function(*arguments)


class LinesFile(io.RawIOBase):
    """A readable of lines that are made as they are read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self._rest = lines, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and (line := next(self._lines, b"")):
            self._rest = line
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _sleep_until_due() -> None:
    """Until the next exchange is to be looked at or the next run to be tried."""
    looks = Exchange.objects.exclude(state=Exchange.State.SETTLED).aggregate(at=Min("next_look_at"))["at"]
    tries = IntegrationRun.objects.filter(status__in=OPEN).aggregate(at=Min("next_attempt_at"))["at"]
    moments = [moment for moment in (looks, tries) if moment is not None and moment > timezone.now()]
    time.sleep(max(0.01, (min(moments) - timezone.now()).total_seconds()) if moments else 0.05)


def _map(target: Target) -> None:
    ids = {"Account": bills.account_id, "Product": bills.product_id}
    ExternalMapping.objects.bulk_create(
        ExternalMapping(
            entity_type=entity,
            entity_id=ids[entity](number),
            external_system=target.system,
            external_table=table,
            external_id=external_id(number),
        )
        for entity, (table, external_id) in target.tables.items()
        for number in range(bills.ACCOUNTS)
    )


@contextmanager
def world(slug: str, mode: str, batch: int = 0, parallel: int = 0) -> Iterator[World]:
    """A world whose integration sends one by one ("single"), in bulk ("bulk") or several documents of each Bill ("chain"), with `batch`
    and `parallel` instead of those declared."""
    chosen = target(slug)
    with running() as emulator:
        settings.EMULATOR_URL = emulator.url
        chosen.prepare(emulator)
        declared = registry.destination(chosen.system)
        changed = replace(declared, batch_size=batch or declared.batch_size, parallel=parallel or declared.parallel)
        with mock.patch.object(registry, "destination", lambda system: changed):
            yield World(chosen, emulator, mode)
