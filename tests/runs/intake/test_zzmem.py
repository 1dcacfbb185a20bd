"""Memory does not grow with a file: what 200,000 lines need is what 10,000 need."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integrations.sources.focus.charges import COLUMNS, OPTIONAL

FEW, MANY = 10_000, 1_000_000
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
    yield ",".join(("BilledCost", *COLUMNS, *OPTIONAL))
    for number in range(count):
        yield (
            f"0.00{number},USD,2024-09-01,2024-10-01,Usage,AWS,Service {number % 40},"
            f"sub-{number % 97},Sub {number % 97},b-1,SunBird,{number},Requests"
        )


def line_items(count: int) -> Iterator[str]:
    """Every invoice's lines are spread over the whole file, and each comes twice."""
    yield "id,invoice_id,product_id,total,credit_type_id,updated_at"
    for number in range(count):
        line = number // 2
        yield f"li-{line},inv-{line % (count // 8)},prd-{line % 50},{line},2714e483-4ff1-48e4-9e25-ac732e8f24f2,2026-07-0{1 + number % 2}"


def invoices(count: int) -> Iterator[str]:
    yield "id,customer_id,status,total,credit_type_id,issued_at"
    yield from (
        f"inv-{number},cus-{number % 50},FINALIZED,1,2714e483-4ff1-48e4-9e25-ac732e8f24f2,2026-07-02" for number in range(count // 8)
    )


def peak(source: str, paths: list[Path]) -> int:
    """The largest resident set, in kilobytes, of a process that reads the files to their end as a dry run on an empty database does."""
    program = (
        "import os, resource, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "import django; django.setup()\n"
        "from runs.intake.records import read_records\n"
        "from runs.intake.tables import read_tables\n"
        "from integrations import registry\n"
        "source = registry.source(sys.argv[1]); files = [(name, open(name, 'rb')) for name in sys.argv[2:]]\n"
        "found = read_tables(files, source.tables) if source.tables else read_records(*files[0], ('bills',), source.files.rows)\n"
        "count = sum(source.read_bill(each.value) is not None for each in found if each.collection == 'bills' and not each.fault)\n"
        "print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", program, source, *map(str, paths)], capture_output=True, text=True, check=True)
    count, size = done.stdout.split()
    assert int(count) > 0
    return int(size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("files", {"bills.jsonl": canonical}),
        ("files", {"bills.csv": canonical_csv}),
        ("focus", {"focus.csv": focus}),
        ("metronome", {"line_item.csv": line_items, "invoice.csv": invoices}),
    ],
)
def test_memory_is_flat(source: str, files: dict[str, Lines], tmp_path: Path) -> None:
    sizes = []
    for count in (FEW, MANY):
        folder = tmp_path / str(count)
        folder.mkdir()
        for name, lines in files.items():
            with (folder / name).open("w") as file:
                file.writelines(f"{line}\n" for line in lines(count))
        sizes.append(peak(source, [folder / name for name in files]))
    assert sizes[1] - sizes[0] < MORE, sizes
