"""One cell of the crash matrix: a process of its own dies at a named point, others finish the work, and the destination is counted."""

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.expected import expected
from tests.engine.installation import Emulator, Installation, an_installation, copied
from tests.places import NETSUITE, QUICKBOOKS, SALESFORCE, Place

PER_ACCOUNT = 4
MODES: dict[str, tuple[Place, dict[str, int | str]]] = {
    "single": (NETSUITE, {"bulkThreshold": 20}),
    "bulk": (NETSUITE, {"bulkThreshold": 0}),
    "update": (NETSUITE, {"bulkThreshold": 20}),
    "batch": (QUICKBOOKS, {"batchSize": 2}),
    "batch update": (QUICKBOOKS, {"batchSize": 2}),
    "graph": (SALESFORCE, {"bulkThreshold": 2000}),
    "graph update": (SALESFORCE, {"bulkThreshold": 2000}),
    "jobs": (SALESFORCE, {"bulkThreshold": 1}),
    "chain": (NETSUITE, {"documentFlow": "SALES_ORDER_TO_INVOICE", "bulkThreshold": 20}),
}
BEFORE_AND_AFTER = {"salesOrder": "so-{}", "customerPayment": "pay-{}-p1"}
"""What stands beside the invoice of a Bill that is paid, by record type: its key."""

LONG_AGO = "2026-01-01 00:00:00+00:00"


@dataclass(frozen=True)
class Cell:
    """`point` and `occurrence` say where the first process dies, `again` (a name, or a name and an occurrence) where the second does.

    The middle of a chain's sendings are the invoices, which are made of orders.
    With `late`, the lost answers are so old by then that the destination is asked instead of sent to again.
    """

    mode: str
    point: str
    occurrence: str = "first"
    again: str = ""
    late: bool = False
    action: str = "kill"

    def __str__(self) -> str:
        told = [self.mode, self.point, self.occurrence, f"then {self.again}" if self.again else "", "late" if self.late else ""]
        return " ".join(filter(None, told)).replace(" ", "-")


@dataclass(frozen=True)
class Site:
    """An installation ready to be copied for each cell, and how often an undisturbed process comes to each point."""

    mode: str
    template: Installation
    folder: Path
    counts: Mapping[str, int]

    @property
    def revision(self) -> int:
        return 2 if self.updates else 1

    @property
    def updates(self) -> bool:
        return self.mode.endswith("update")

    @property
    def chained(self) -> bool:
        return self.mode == "chain"

    @property
    def place(self) -> Place:
        return MODES[self.mode][0]

    def orders(self, cell: Cell) -> str:
        count = self.counts[cell.point]
        occurrence = {"first": 1, "third": 3, "middle": count // 2, "last": count}[cell.occurrence]
        assert count >= occurrence > 0, f"{cell.point} is reached {count} times only"
        return f"{cell.point}:{occurrence}:{cell.action}"

    @contextmanager
    def ready(self) -> Iterator[Installation]:
        """A copy with Bills to send, or to send again, and empty books but for those."""
        self.template.emulator.ask("reset", {})
        with copied(self.template, self.folder) as installation:
            if self.updates:
                demand(installation.sync())
                installation.prepare("arrive", 2, PER_ACCOUNT)
            yield installation


@contextmanager
def a_site(mode: str, folder: Path, emulator: Emulator) -> Iterator[Site]:
    emulator.ask("reset", {})
    with an_installation(folder, emulator, *MODES[mode]) as template:
        template.prepare("arrive", 1, PER_ACCOUNT, *(["paid"] if mode == "chain" else []))
        bare = Site(mode, template, folder, {})
        with bare.ready() as installation:
            told = demand(installation.sync("*:0:tell")).stderr
            judge(bare, installation)
        yield Site(mode, template, folder, Counter(re.findall(r"^point (.+)$", told, re.MULTILINE)))


def play(site: Site, cell: Cell) -> None:
    """Kills, perhaps kills again, finishes, and judges."""
    with site.ready() as installation:
        emulator = installation.emulator
        emulator.configure(latency_ms=300 if cell.action == "kill-soon" else 0)
        died(installation.sync(site.orders(cell)))
        emulator.configure(latency_ms=0)
        if cell.late:
            installation.sql(f"UPDATE runs_exchange SET replay_until = '{LONG_AGO}', sent_at = '{LONG_AGO}', first_sent_at = '{LONG_AGO}'")
        if cell.again:
            name, _, occurrence = cell.again.partition(":")
            died(installation.sync(f"{name}:{occurrence or 1}:kill"))
        demand(installation.sync(timeout=90))
        judge(site, installation)


def judge(site: Site, installation: Installation) -> None:
    """One document per Bill, complete and exact; every run has an end, and what it says of the document is true."""
    found, there = installation.emulator.documents(site.place), expected(PER_ACCOUNT, site.revision)
    assert found == there, (
        f"there and not wanted: {_without(found.items(), there.items())}; wanted and not there: {_without(there.items(), found.items())}"
    )
    if site.chained:
        for kind, key in BEFORE_AND_AFTER.items():
            assert installation.emulator.totals(site.place, kind) == {key.format(bill): total for bill, (total, _) in there.items()}
    runs = len(there) * site.revision * (4 if site.chained else 1)
    assert installation.runs() == {"COMPLETE": runs}
    assert installation.posted() == installation.emulator.ids(site.place)
    assert installation.sql("SELECT DISTINCT state FROM runs_exchange") == [("SETTLED",)]
    unread = "SELECT COUNT(*) FROM runs_delivery WHERE slot <> 'chain' AND (verified_at IS NULL OR state <> 'IDLE')"
    assert installation.sql(unread) == [(0,)]


def _without(documents: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    """With how often each stands there."""
    return sorted((Counter(map(str, documents)) - Counter(map(str, others))).items())


def died(process: subprocess.CompletedProcess[str]) -> None:
    assert process.returncode == -signal.SIGKILL, (process.returncode, process.stdout, process.stderr[-2000:])


def demand(process: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert process.returncode == 0, process.stderr[-3000:]
    return process
