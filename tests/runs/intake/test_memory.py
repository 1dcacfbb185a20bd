"""Memory does not grow with a file: what 200,000 lines need is what 10,000 need."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integrations.sources.focus.charges import COLUMNS, OPTIONAL

FEW, MANY = 10_000, 200_000
MORE = 25_000
"""Kilobytes by which the larger file may need more."""

Lines = Callable[[int], Iterator[str]]


def canonical(count: int) -> Iterator[str]:
    for number in range(count):
        line = f'{{"key": "l", "amount": "{number}.5", "description": "API calls of bill {number}"}}'
        head = f'"id": "b-{number}", "account": {{"id": "a-{number % 50}"}}, "currency": "USD", "bill_date": "2026-10-31"'
        yield f'{{{head}, "lines": [{line}]}}'


def canonical_csv(count: int) -> Iterator[str]:
    yield "id,account.id,currency,bill_date,lines.key,lines.amount"
    yield from (f"b-{number // 4},a-1,USD,2026-10-31,l{number % 4},{number}.5" for number in range(count))


def focus(count: int) -> Iterator[str]:
    """Every Bill's rows are spread over the whole file."""
    yield ",".join((*COLUMNS, *OPTIONAL))
    for number in range(count):
        yield (
            f"0.00{number},USD,2024-09-01,2024-10-01,Usage,AWS,Service {number % 40},"
            f"sub-{number % 97},Sub {number % 97},b-1,SunBird,{number},Requests"
        )


def peak(source: str, path: Path) -> int:
    """The largest resident set, in kilobytes, of a process that reads the file to its end as a dry run on an empty database does."""
    program = (
        "import os, resource, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "import django; django.setup()\n"
        "from runs.intake.records import read_records\n"
        "from integrations import registry\n"
        "source = registry.source(sys.argv[1]); stream = open(sys.argv[2], 'rb')\n"
        "count = sum(source.read_bill(each.value) is not None\n"
        "    for each in read_records(sys.argv[2], stream, ('bills',), source.files.rows) if not each.fault)\n"
        "print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", program, source, str(path)], capture_output=True, text=True, check=True)
    count, size = done.stdout.split()
    assert int(count) > 0
    return int(size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "ending", "lines"), [("files", "jsonl", canonical), ("files", "csv", canonical_csv), ("focus", "csv", focus)]
)
def test_memory_is_flat(source: str, ending: str, lines: Lines, tmp_path: Path) -> None:
    sizes = []
    for count in (FEW, MANY):
        path = tmp_path / f"{count}.{ending}"
        with path.open("w") as file:
            file.writelines(f"{line}\n" for line in lines(count))
        sizes.append(peak(source, path))
    assert sizes[1] - sizes[0] < MORE, sizes
