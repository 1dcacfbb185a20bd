"""What a child process can measure. Each returns plain numbers; what they mean is said where the figures are made."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks import bare, filters, ingest, lists_pages, peers, recovery, work
from benchmarks.meters import cpu_seconds, peak_megabytes
from benchmarks.targets import LOW_CAP
from benchmarks.world import World, world
from runs.models import Budget, IntegrationRun

Numbers = dict[str, Any]


def deliver(
    destination: str,
    mode: str,
    bills: int,
    repeat: int = 1,
    batch: int = 0,
    parallel: int = 0,
    latency_ms: int = 0,
    lost: int = 0,
    dip: tuple[float, float] | None = None,
    loop: bool = False,
) -> list[Numbers]:
    """The whole way of `bills` new Bills, `repeat` times, then once more the last set as it was.

    `lost`: answers that never arrive, of the first writes; `dip`: seconds from when and for how long the destination takes only LOW_CAP
    requests at a time; `loop`: a bare loop beside each run.
    """
    found = []
    with world(destination, mode, batch, parallel) as here:
        here.ingest(1, "warm")
        here.work()
        for number in range(repeat):
            found.append(_once(here, f"r{number}", bills, latency_ms, lost, dip))
            if loop:
                found[-1] |= _loop(here, f"b{number}", bills)
        found[-1]["rerun_calls"] = _again(here, f"r{repeat - 1}", bills)
        found[-1]["documents"] = here.documents()
    return found


def _loop(here: World, prefix: str, bills: int) -> Numbers:
    before, cpu, started = here.documents(), cpu_seconds(), time.perf_counter()
    bare.loop(here, bills, prefix)
    found = {"loop_cpu": cpu_seconds() - cpu, "loop_seconds": time.perf_counter() - started}
    if here.documents() != before + bills:
        raise RuntimeError("The bare loop did not post everything.")
    return found


def memory(destination: str, bills: int, lines: int) -> Numbers:
    """The most memory that the whole way of `bills` Bills takes, in megabytes, from a file to the documents read back."""
    with world(destination, "bulk") as here:
        here.ingest(bills, "m", lines)
        here.work()
        complete = IntegrationRun.objects.filter(status="COMPLETE").count()
    return {"megabytes": peak_megabytes(), "complete": complete}


def _once(here: World, prefix: str, bills: int, latency_ms: int, lost: int, dip: tuple[float, float] | None) -> Numbers:
    faults = [{"kind": "commit_then_drop", "times": lost}] if lost else []
    here.emulator.configure(latency_ms=latency_ms, **{here.target.slug: {"faults": faults, "concurrency": here.cap}})
    Budget.objects.all().delete()
    here.statements.clear()
    here.tasks = here.connections.count = 0
    before = here.calls()
    cpu, started = cpu_seconds(), time.perf_counter()
    here.ingest(bills, prefix)
    ingested = time.perf_counter()
    timers = _dip(here, *dip) if dip else []
    here.work()
    ended = time.perf_counter()
    for timer in timers:
        timer.cancel()
    return {
        **_since(here, before),
        "cap": here.cap,
        "sql": dict(here.statements.by_phase),
        "sql_by_place": dict(here.statements.by_place.most_common()),
        "tasks": here.tasks,
        "connections": here.connections.count,
        "ingest_seconds": ingested - started,
        "seconds": ended - ingested,
        "cpu": cpu_seconds() - cpu,
        "rss": peak_megabytes(),
        "complete": IntegrationRun.objects.filter(status="COMPLETE", bill__uid__startswith=f"{prefix}-", parent=None).count(),
    }


def _again(here: World, prefix: str, bills: int) -> int:
    """Calls when the same Bills come again and everything looks for work."""
    before = here.calls()
    here.ingest(bills, prefix)
    here.work()
    return _since(here, before)["calls"]


def _since(here: World, before: "Counter[str]") -> dict[str, int]:
    now = here.calls()
    return {name: count - before[name] for name, count in now.items()}


def _dip(here: World, after: float, seconds: float) -> list[threading.Timer]:
    timers = [
        threading.Timer(after, here.emulator.configure, kwargs={here.target.slug: {"concurrency": LOW_CAP}}),
        threading.Timer(after + seconds, here.emulator.configure, kwargs={here.target.slug: {"concurrency": here.cap}}),
    ]
    for timer in timers:
        timer.start()
    return timers


def peer(destination: str, python: str, script: str, bills: int, latency_ms: int, at_once: int) -> Numbers:
    """The same documents through another client, by its own interpreter."""
    with world(destination, "single") as here:
        login = bare.headers(here)
        here.emulator.configure(latency_ms=latency_ms)
        before = here.calls()
        documents = [here.target.bare.request(number, "peer")[2] for number in range(bills)]
        found = peers.run(python, script, url=here.emulator.url, login=login, documents=documents, at_once=at_once)
        return dict(found) | {**_since(here, before), "documents": here.documents()}


SCENARIOS: dict[str, Callable[..., Any]] = {
    "deliver": deliver,
    "memory": memory,
    "ingest": ingest.measure,
    "filter": filters.measure,
    "work": work.measure,
    "recovery": recovery.measure,
    "peer": peer,
    "lists": lists_pages.measure,
}
