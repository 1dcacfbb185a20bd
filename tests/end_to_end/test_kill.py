"""`sync --wait` is killed again and again at moments that nobody chose, and called again until it is done."""

import json
import random
import signal
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from tests.end_to_end.conftest import Installation
from tests.end_to_end.emulators import Emulators
from tests.end_to_end.raw import a_bill, a_line
from tests.source import ROOT


def kill_at(installation: Installation, environment: dict[str, str], seconds: float) -> bool:
    """Starts a sync and kills it so many seconds after its first request; whether it was still running."""
    calls = installation.emulators.ask("calls")["total"]
    command = [sys.executable, str(ROOT / "manage.py"), "sync", "--wait"]
    variables = environment | {"EMULATOR_URL": installation.emulators.url}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and installation.emulators.ask("calls")["total"] == calls:
        time.sleep(0.02)
    time.sleep(seconds)
    process.kill()
    came = process.wait()
    assert came in (0, -signal.SIGKILL)
    return came != 0


def more(installation: Installation, expected: dict[str, Decimal], count: int) -> None:
    """New Bills, each with a total of its own."""
    new = {f"b-{number}": Decimal(number) / 4 + 1 for number in range(len(expected), len(expected) + count)}
    installation.bills(*(a_bill(uid, [a_line(f"{uid}-l1", float(total))]) for uid, total in new.items()))
    expected |= new


def revise(installation: Installation, expected: dict[str, Decimal], uids: list[str], version: int) -> None:
    """Recalculated Bills. Where an answer was lost, the next revision rests until the lost request can no longer arrive."""
    expected |= {uid: expected[uid] + 1 for uid in uids}
    installation.bills(*(a_bill(uid, [a_line(f"{uid}-l1", float(expected[uid]))], version=version) for uid in uids))


@pytest.mark.parametrize(
    ("kills", "bills", "bulk", "revised"),
    [(2, 6, 20, 0), pytest.param(25, 60, 100, 20, marks=pytest.mark.slow), pytest.param(25, 60, 10, 20, marks=pytest.mark.slow)],
)
def test_one_document_per_bill_however_often_it_is_killed(
    installation: Installation, emulators: Emulators, environment: dict[str, str], kills: int, bills: int, bulk: int, revised: int
) -> None:
    installation.integration(bulkThreshold=bulk)
    installation.customers(acc_1="1001")
    chance = random.Random(f"{kills} {bulk}")
    expected: dict[str, Decimal] = {}
    more(installation, expected, bills)
    emulators.configure(latency_ms=150)
    killed = 0
    while killed < kills:
        if kill_at(installation, environment, chance.uniform(0, 1.2)):
            killed += 1
        else:
            revise(installation, expected, chance.sample(sorted(expected), revised), killed + 2)
            more(installation, expected, bills)
    emulators.configure(latency_ms=0)

    done = installation.run("sync", "--wait", "--timeout", "200")
    assert done.returncode == 0 and set(json.loads(done.stdout)) <= {"COMPLETE"}, done.stdout + done.stderr
    writes = emulators.writes()
    assert installation.answer("sync", "--wait") == {} and emulators.writes() == writes
    assert {uid: document["total"] for uid, document in emulators.by_bill().items()} == expected
    assert {run["status"] for run in installation.runs()} <= {"COMPLETE", "SUPERSEDED"}
