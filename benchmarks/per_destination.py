"""The figures of one destination: P1 to P4 and P10."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.bench import Bench
from benchmarks.figures import Figure, figure
from benchmarks.peers import NotHereError, Peers
from benchmarks.targets import LOW_CAP, Peer, Target

Runs = Sequence[dict[str, Any]]
LATENCY_MS = 50
SQL_GOALS = {30: 0.30, 100: 0.12}


def exact(bench: Bench, target: Target) -> list[Callable[[], list[Figure]]]:
    """Counts: they may run beside anything else."""
    singly: list[Callable[[], list[Figure]]] = [
        lambda: calls_single(bench, target),
        *(lambda percent=percent: calls_lost(bench, target, percent) for percent in (1, 10)),
    ]
    return [
        *(singly if target.single is not None else []),
        lambda: calls_bulk(bench, target),
        *([lambda: calls_chain(bench, target)] if target.chain is not None else []),
        *(lambda batch=batch: statements(bench, target, batch) for batch in target.batches),
        lambda: work(bench, target),
    ]


def timed(bench: Bench, peers: Peers, target: Target) -> list[Callable[[], list[Figure]]]:
    """Times: one after the other, with nothing beside them."""
    singly: list[Callable[[], list[Figure]]] = [lambda: wall(bench, peers, target), lambda: dip(bench, target)]
    return [*(singly if target.single is not None else []), lambda: processor(bench, peers, target)]


def calls_single(bench: Bench, target: Target) -> list[Figure]:
    bills = 100 if bench.quick else 500
    [run] = bench.measure("deliver", destination=target.slug, mode="single", bills=bills)
    calls, asked = whole(run, bills)["calls"] / bills, (run["calls"] - run["writes"]) * 100 / bills
    told = f"P2-{target.slug}-single"
    return [
        figure(told, "API calls per Bill, one by one", "calls", calls, target.goals.get("single")),
        figure(f"{told}-writes", "writes per Bill, one by one", "calls", run["writes"] / bills, 1.0),
        figure(f"{told}-queries", "verifying queries per 100 Bills, one by one", "calls", asked, 1.0),
    ]


def calls_lost(bench: Bench, target: Target, percent: int) -> list[Figure]:
    """Each lost answer costs the same request once more; a query per batch settles the rest."""
    bills = 100 if bench.quick else 500
    [run] = bench.measure("deliver", destination=target.slug, mode="single", bills=bills, lost=bills * percent // 100)
    name = f"API calls per Bill, {percent} % of the answers lost"
    goal = target.goals["single"] * 1.02 + percent / 100
    return [figure(f"P2-{target.slug}-lost-{percent}", name, "calls", whole(run, bills)["calls"] / bills, goal)]


def calls_bulk(bench: Bench, target: Target) -> list[Figure]:
    bills = 500 if bench.quick else 1000
    [run] = bench.measure("deliver", destination=target.slug, mode="bulk", bills=bills)
    calls, opened, told = whole(run, bills)["calls"] / bills, run["connections"], f"P2-{target.slug}"
    return [
        figure(f"{told}-bulk", "API calls per Bill in bulk", "calls", calls, target.goals["bulk"], peers={"bare loop": 1.0}),
        figure(f"{told}-rerun", "API calls per Bill of a finished set", "calls", run["rerun_calls"] / bills, 0.002),
        figure(f"P9-{target.slug}-tasks", "queue tasks per 1,000 Bills in bulk", "tasks", run["tasks"] * 1000 / bills, 40),
        figure(f"P9-{target.slug}-connections", f"connections opened for {bills:,} Bills in bulk", "connections", opened, run["cap"] + 1),
    ]


def calls_chain(bench: Bench, target: Target) -> list[Figure]:
    """Order, invoice and payment of each Bill; what is made of another record has no bulk request, so it costs a call of its own."""
    bills = 100 if bench.quick else 1000
    [run] = bench.measure("deliver", destination=target.slug, mode="chain", bills=bills)
    calls, writes, told = whole(run, bills)["calls"] / bills, run["writes"] / bills, f"P2-{target.slug}-chain"
    return [
        figure(told, "API calls per Bill for order, invoice and payment in bulk", "calls", calls, target.goals["chain"]),
        figure(f"{told}-writes", "of which writes", "calls", writes),
        figure(f"{told}-rerun", "API calls per Bill of a finished set of chains", "calls", run["rerun_calls"] / bills, 0.002),
    ]


def statements(bench: Bench, target: Target, batch: int) -> list[Figure]:
    """The destination's batch size is `batch`; a claim is that many times its declared parallelism."""
    bills = 500 if bench.quick else 3000
    [run] = bench.measure("deliver", destination=target.slug, mode="bulk", bills=bills, batch=batch)
    counted = {phase: whole(run, bills)["sql"].get(phase, 0) / bills for phase in ("ingest", "select", "send", "record")}
    told, path = f"P4-{target.slug}-{batch}", counted["select"] + counted["send"] + counted["record"]
    return [
        figure(told, f"SQL statements per Bill to send, batches of {batch}", "statements", path, SQL_GOALS.get(batch)),
        figure(f"{told}-ingest", "SQL statements per Bill to take in", "statements", counted["ingest"], 0.05),
        *(figure(f"{told}-{phase}", f"of which {phase}", "statements", counted[phase]) for phase in ("select", "send", "record")),
    ]


def work(bench: Bench, target: Target) -> list[Figure]:
    counted = bench.measure("work", database="sqlite", destination=target.slug)
    unit, bare = counted["unit"], {"bare dict": counted["bare"]}
    told = f"P10-{target.slug}-{unit.replace(' ', '-')}"
    return [figure(told, "build and encode one Bill of five lines", unit, counted["ours"], peers=bare)]


def wall(bench: Bench, peers: Peers, target: Target) -> list[Figure]:
    bills = 100 if bench.quick else 500
    runs = bench.measure("deliver", destination=target.slug, mode="single", bills=bills, repeat=bench.runs, latency_ms=LATENCY_MS)
    cap = runs[0]["cap"]
    bound = bills * LATENCY_MS / 1000 / cap
    compared = {"one at a time, at best": float(cap)}
    for name, found in _others(bench, peers, target, bills, LATENCY_MS):
        lost = f", {found['failed']} of {bills} lost" if found["failed"] else ""
        compared[f"{name}{lost}"] = found["seconds"] / bound
    seconds = [whole(run, bills)["seconds"] / bound for run in runs]
    shares = [run["refused"] / run["calls"] for run in runs]
    told = f"P1-{target.slug}"
    return [
        figure(f"{told}-single", f"wall time / latency bound, {cap} at once", "ratio", seconds, 1.05, peers=compared),
        figure(f"{told}-429", f"share of calls answered 429, {cap} at once", "share", shares, 0.02),
    ]


def dip(bench: Bench, target: Target) -> list[Figure]:
    """The destination takes what it declares, then two at a time for a while, then all again."""
    bills, after, lasting = (100, 0.3, 0.5) if bench.quick else (500, 1.0, 2.0)
    arguments: dict[str, Any] = {"destination": target.slug, "bills": bills, "latency_ms": LATENCY_MS, "dip": (after, lasting)}
    runs = bench.measure("deliver", mode="single", repeat=bench.runs, **arguments)
    cap = runs[0]["cap"]
    bound = bills * LATENCY_MS / 1000 / cap + lasting * (1 - LOW_CAP / cap)
    seconds = [whole(run, bills)["seconds"] / bound for run in runs]
    shares = [run["refused"] / run["calls"] for run in runs]
    told, way = f"P1-{target.slug}-dip", f"{cap} -> {LOW_CAP} -> {cap} at once"
    return [
        figure(told, f"wall time / latency bound, {way}", "ratio", seconds, 1.10),
        figure(f"{told}-429", f"share of calls answered 429, {way}", "share", shares, 0.02),
    ]


def processor(bench: Bench, peers: Peers, target: Target) -> list[Figure]:
    bills = 100 if bench.quick else 1000
    compared = {name: found["cpu"] * 1000 / found["count"] for name, found in _others(bench, peers, target, 50, 0)}
    return [
        found
        for mode, words, goal in (("bulk", "in bulk", 0.30), ("single", "one by one", None))
        if mode == "bulk" or target.single is not None
        for found in _processor(bench, target, mode, words, goal, bills, compared)
    ]


def _processor(
    bench: Bench, target: Target, mode: str, words: str, goal: float | None, bills: int, compared: dict[str, float]
) -> list[Figure]:
    runs = bench.measure("deliver", destination=target.slug, mode=mode, bills=bills, repeat=bench.runs, loop=True)
    ours = [whole(run, bills)["cpu"] * 1000 / bills for run in runs]
    ratios = [run["cpu"] / run["loop_cpu"] for run in runs]
    theirs = {"bare loop": statistics.median(run["loop_cpu"] for run in runs) * 1000 / bills} | compared
    told = f"P3-{target.slug}-{mode}"
    return [
        figure(f"{told}-ms", f"CPU per Bill from file to read-back, {words}", "ms", ours, goal, peers=theirs),
        figure(told, f"CPU per Bill / bare requests loop, {words}", "ratio", ratios, peers={"bare loop": 1.0}),
    ]


def _others(bench: Bench, peers: Peers, target: Target, bills: int, latency_ms: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each peer takes, at each number of requests at once; one that is not here is left out with a line."""
    for peer in target.peers:
        try:
            yield from _tried(bench, peer, peers.python(peer.package), target, bills, latency_ms)
        except NotHereError as error:
            bench.skip(f"{peer.name} beside {target.system}: {error}.")


def _tried(bench: Bench, peer: Peer, python: str, target: Target, bills: int, latency_ms: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for at_once in peer.at_once if latency_ms else peer.at_once[:1]:
        arguments: dict[str, Any] = {
            "python": python,
            "script": str(peer.script),
            "bills": bills,
            "latency_ms": latency_ms,
            "at_once": at_once,
        }
        found = bench.measure("peer", destination=target.slug, **arguments)
        yield (f"{peer.name} ({at_once} at once)" if latency_ms else peer.name), found


def whole(run: dict[str, Any], bills: int) -> dict[str, Any]:
    """The run, when every Bill is complete; RuntimeError otherwise, for its numbers would mean nothing."""
    if run["complete"] != bills:
        raise RuntimeError(f"Only {run['complete']} of {bills} Bills are complete.")
    return run
