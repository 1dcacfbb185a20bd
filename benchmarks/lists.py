"""P6: what a page of a long list costs with a thousand times as many rows."""

from concurrent.futures import ThreadPoolExecutor

from benchmarks.bench import Bench
from benchmarks.figures import Figure, figure

FEW = 1_000


def figures(bench: Bench) -> list[Figure]:
    """Time at 1,000,000 rows (2,000 when quick) / time at 1,000, page by page, and the statements that a page takes."""
    if "postgresql" not in bench.databases:
        bench.skipped.append("P6: the lists are measured on PostgreSQL, which does not start here.")
        return []
    many = 2_000 if bench.quick else 1_000_000
    short = f"{many // 1000}k" if many < 1_000_000 else "1M"
    repeat = 2 if bench.quick else 15
    with ThreadPoolExecutor(2 if bench.quick else 1) as pool:
        few, lots = pool.map(lambda rows: bench.measure("lists", database="postgresql", rows=rows, repeat=repeat), (FEW, many))
    found = []
    for page, at_many in lots.items():
        at_few = few[page]["ms"]
        name = f"{page}: time at {short} / 1k rows ({few[page]['ms']:.0f} -> {at_many['ms']:.0f} ms, {at_many['sql']} statements)"
        ratios = [at_many["ms"] / at_few, at_many["min"] / few[page]["max"], at_many["max"] / few[page]["min"]]
        found.append(figure(f"P6-{_id(page)}", name, "ratio", sorted(ratios), 1.5))
    return found


def _id(page: str) -> str:
    return page.replace(",", "").replace(" ", "-").lower()
