"""A real `manage.py worker` in a group of its own: which process of its cluster does what, and what becomes of the Bills."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil

from tests.engine.expected import expected
from tests.engine.installation import MANAGE, Installation
from tests.places import NETSUITE

Value = TypeVar("Value")

TOLD = {
    "worker": re.compile(r"ready for work at (\d+)"),
    "pusher": re.compile(r"pushing tasks at (\d+)"),
    "monitor": re.compile(r"monitoring at (\d+)"),
}
"""What django-q2 1.11.1 (2026-08) logs when each of its processes starts."""
ROLES = ("leader", "guard", *TOLD)
PATIENCE = 150.0


class Worker:
    """The watchdog's process and its cluster."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self.log = process, log

    def pid(self, role: str) -> int:
        """The process that has this role now; AssertionError when none comes to have it."""
        return until(lambda: self._pid(role), f"a living {role}")

    def _pid(self, role: str) -> int:
        leader = next(iter(psutil.Process(self.process.pid).children()), None)
        if role == "leader":
            return leader.pid if leader else 0
        alive = {child.pid for child in leader.children(recursive=True)} if leader else set()
        if role == "guard":
            return next((child.pid for child in leader.children()), 0) if leader and len(alive) > len(TOLD) else 0
        return next((pid for pid in map(int, reversed(TOLD[role].findall(self.log.read_text()))) if pid in alive), 0)

    def kill(self, role: str) -> set[int]:
        """The processes of the cluster that are left then."""
        left = {child.pid for child in psutil.Process(self.pid("leader")).children(recursive=True)} - {self.pid(role)}
        os.kill(self.pid(role), signal.SIGKILL)
        return left


@contextmanager
def a_worker(installation: Installation, folder: Path) -> Iterator[Worker]:
    log = folder / "worker.log"
    environment = installation.environment | {"LOG_LEVEL": "INFO", "WORKERS": "2", "LEASE_SECONDS": "45"}
    with log.open("wb") as file:
        process = subprocess.Popen([*MANAGE, "worker"], env=environment, stdout=file, stderr=file, start_new_session=True)
    try:
        yield Worker(process, log)
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The watchdog first, that it starts nothing again; then the cluster's whole group."""
    groups = {os.getpgid(child.pid) for child in psutil.Process(process.pid).children()}
    process.kill()
    process.wait()
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def until(ask: Callable[[], Value], what: str) -> Value:
    """The first answer that is not nothing. A process that ends while it is looked at is asked about again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(psutil.NoSuchProcess):
            if found := ask():
                return found
        time.sleep(0.1)
    raise AssertionError(f"There was no {what} within {PATIENCE:.0f} seconds.")


def alive(pids: set[int]) -> list[psutil.Process]:
    """Those that still run; one that has ended and that nobody has asked about is none."""
    found = [each for each in psutil.process_iter() if each.pid in pids]
    return [each for each in found if each.status() != psutil.STATUS_ZOMBIE]


def order(installation: Installation, count: int) -> None:
    """So many Bills of each account have arrived, and a person wants them sent."""
    installation.prepare("arrive", 1, count)
    done = installation.start("sync")
    told, complaints = done.communicate(timeout=60)
    assert done.returncode == 0, told + complaints


def wait_for_a_write(installation: Installation, more_than: int = 0) -> None:
    until(lambda: installation.emulator.writes(NETSUITE) > more_than, "a request of the cluster")


def judge(installation: Installation, count: int) -> None:
    """Everything is there once, and nothing is open."""
    wanted = {"COMPLETE": len(expected(count, 1))}
    until(lambda: installation.runs() == wanted, f"{wanted}, and not {installation.runs()}")
    assert installation.emulator.documents(NETSUITE) == expected(count, 1)
    assert installation.posted() == installation.emulator.ids(NETSUITE)
