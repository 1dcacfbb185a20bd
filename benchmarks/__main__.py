"""`python -m benchmarks [--quick] [--output bench.json]`: measures, prints one table, writes bench.json."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from benchmarks import figures, lists, per_destination, per_product
from benchmarks.bench import Bench, ChildFailed, bench
from benchmarks.figures import Figure
from benchmarks.peers import NotHereError, Peers
from benchmarks.targets import all_targets

Part = Callable[[], list[Figure]]
AT_ONCE = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="less of everything, under a minute")
    parser.add_argument("--output", type=Path, default=Path("bench.json"))
    options = parser.parse_args()
    started = time.monotonic()
    with bench(options.quick) as made:
        measure(made)
        made.figures.sort(key=lambda found: (int(found.id.partition("-")[0][1:]), found.id))
    figures.write(made.figures, options.output)
    sys.stdout.write(f"{figures.table(made.figures)}\n")
    sys.stdout.writelines(f"Not measured: {line}\n" for line in made.skipped)
    sys.stdout.write(f"{len(made.figures)} figures in {time.monotonic() - started:.0f} s; {options.output} has them as JSON.\n")
    return 0


def measure(made: Bench) -> None:
    """Counts beside each other, and killed workers beside them, as they mostly wait; then the times, alone.

    When it has to be quick, the times are of one destination only, and taken beside the counts, the longest part first.
    """
    peers, targets = Peers(made.folder), all_targets()
    clocked = targets[:1] if made.quick else targets
    times = [part for target in clocked for part in per_destination.timed(made, peers, target)]
    times += [*per_product.timed(made, peers), lambda: lists.figures(made)]
    with ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(2) as kills:
        waiting = [kills.submit(per_product.recovery, made, targets[0], victim) for victim in ("worker", "cluster")]
        beside = times if made.quick else []
        counts = [pool.submit(part) for part in (*beside[-1:], lambda: per_product.memory(made, targets[0]))]
        packages = [per_product.CEL, *(peer.package for target in clocked for peer in target.peers)]
        kills.map(peers.prepare, packages)
        counts += [pool.submit(part) for target in targets for part in per_destination.exact(made, target)]
        counts += [pool.submit(part) for part in beside[:-1]]
        collect(made, counts)
        collect(made, waiting)
    for part in times if not made.quick else []:
        collect(made, [_done(part)])


def _done(part: Part) -> "Future[list[Figure]]":
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(part)


def collect(made: Bench, parts: Iterable["Future[list[Figure]]"]) -> None:
    """Adds the figures of each part; one that fails is a line, and the others go on."""
    for part in parts:
        try:
            found = part.result()
        except (ChildFailed, NotHereError, RuntimeError, TimeoutError, OSError) as error:
            made.skip(str(error).strip().splitlines()[-1])
            sys.stderr.write(f"{error}\n")
        else:
            made.figures += found
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {', '.join(figure.id for figure in found)}\n")


if __name__ == "__main__":
    sys.exit(main())
