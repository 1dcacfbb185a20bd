"""The figures of what is the same for every destination: P5, P7, P8 and P13."""

import statistics
from collections.abc import Callable
from typing import Any

from benchmarks.bench import Bench
from benchmarks.figures import Figure, figure
from benchmarks.peers import NotHereError, Peers
from benchmarks.per_destination import LATENCY_MS
from benchmarks.targets import Target

CEL = "cel-python==0.5.0"
INGEST = [("text", "from JSON text to stored", None), ("store", "of Bills already read", 0.5)]
FASTER = {"postgresql": 2, "sqlite": 4}
"""How many times as fast as bulk_create, by database."""


def timed(bench: Bench, peers: Peers) -> list[Callable[[], list[Figure]]]:
    """Times: one after the other, with nothing beside them."""
    return [*(lambda name=name: ingest(bench, name) for name in bench.databases), lambda: filters(bench, peers)]


def memory(bench: Bench, target: Target) -> list[Figure]:
    """Peak memory of one process that takes in and posts everything, by the number of Bills."""
    few = 1_000
    least = _peak(bench, target, few)
    found = [figure("P5-rss-1k", "peak memory, 1,000 Bills", "MB", least, 150)]
    for count in (2_000,) if bench.quick else (10_000, 100_000):
        short, most = f"{count // 1000}k", _peak(bench, target, count)
        slope = (most - least) * 1000 / (count - few)
        found.append(figure(f"P5-rss-{short}", f"peak memory, {short} Bills / 1k Bills ({most:.0f} MB)", "ratio", most / least, 1.10))
        found.append(figure(f"P5-slope-{short}", f"more memory per 1,000 Bills, to {short}", "MB", slope))
    lines = 1_000 if bench.quick else 50_000
    big = _peak(bench, target, 1, lines)
    return [*found, figure(f"P5-lines-{lines // 1000}k", f"peak memory, one Bill of {lines:,} lines", "MB", big)]


def _peak(bench: Bench, target: Target, bills: int, lines: int = 5) -> float:
    found = bench.measure("memory", destination=target.slug, bills=bills, lines=lines)
    if found["complete"] != bills:
        raise RuntimeError(f"Only {found['complete']} of {bills} Bills are complete.")
    return float(found["megabytes"])


def ingest(bench: Bench, database: str) -> list[Figure]:
    count = 500 if bench.quick else 2000
    runs = bench.measure("ingest", database=database, count=count, repeat=bench.runs)
    raw = {"postgresql": "COPY", "sqlite": "executemany"}[database]
    rates = {name: statistics.median(run[name] for run in runs) for name in ("text", "store")}
    per_raw = [
        figure(
            f"P7-{database}-{name}",
            f"ingest rate / raw {raw}, {words} ({rates[name]:,.0f} Bills/s)",
            "ratio",
            [run[name] / run["raw"] for run in runs],
            goal,
            "higher",
        )
        for name, words, goal in INGEST
    ]
    per_bulk = [run["store"] / run["bulk"] for run in runs]
    second = [run["text"] / run["again"] for run in runs]
    return [
        *per_raw,
        figure(f"P7-{database}-bulk", "ingest rate of Bills already read / bulk_create", "ratio", per_bulk, FASTER[database], "higher"),
        figure(f"P7-{database}-again", "time of the same text again / the first time", "ratio", second, 0.5),
    ]


def filters(bench: Bench, peers: Peers) -> list[Figure]:
    python = ""
    try:
        python = peers.python(CEL)
    except NotHereError as error:
        bench.skip(f"cel-python beside the Account filter: {error}.")
    runs = bench.measure("filter", database="sqlite", rounds=1000 if bench.quick else 5000, repeat=bench.runs, python=python)
    native = statistics.median(run["native"] for run in runs)
    theirs = {"cel-python 0.5": runs[-1]["cel-python"] / native} if "cel-python" in runs[-1] else {}
    ours = statistics.median(run["ours"] for run in runs)
    name = f"Account filter decisions / native Python ({ours / 1e6:.2f} million/s)"
    return [figure("P8-filter", name, "ratio", [run["ours"] / run["native"] for run in runs], 0.25, "higher", theirs)]


def recovery(bench: Bench, target: Target, victim: str) -> list[Figure]:
    patience, bills = (40.0, 60) if bench.quick else (150.0, 200)
    arguments: dict[str, Any] = {
        "destination": target.slug,
        "victim": victim,
        "bills": bills,
        "latency_ms": LATENCY_MS,
        "patience": patience,
    }
    found = bench.measure("recovery", **arguments)
    words = {"worker": "a busy worker", "cluster": "the whole cluster"}[victim]
    twice = found["documents"] - found["bills"]
    return [
        figure(f"P13-{victim}", f"seconds after kill -9 of {words} until its Bills are posted", "s", found["seconds"], 60),
        figure(f"P13-{victim}-twice", f"documents too many or too few after kill -9 of {words}", "documents", twice, 0),
    ]
