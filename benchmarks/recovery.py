"""How long it takes until what a killed worker held is posted, without anybody's help."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

from benchmarks.emulator import ROOT
from benchmarks.world import world
from config.processes import Processes
from runs import tasks
from runs.models import Delivery, IntegrationRun

HELD = (Delivery.State.CLAIMED, Delivery.State.SENDING)


def measure(destination: str, victim: str, bills: int, latency_ms: int, patience: float) -> dict[str, Any]:
    """Seconds from kill -9 of a busy worker ("worker"), or of the whole cluster ("cluster"), until what it held is COMPLETE.

    `documents` is what the destination then holds, `bills` what it should. TimeoutError after `patience` seconds.
    """
    with world(destination, "single") as here:
        here.emulator.configure(latency_ms=latency_ms)
        here.ingest(bills, "k")
        environment = os.environ | {"EMULATOR_URL": settings.EMULATOR_URL, "WORKERS": "2", "DATABASE_URL": os.environ["DATABASE_URL"]}
        with Processes(Path(tempfile.mkdtemp()), environment) as processes:
            watchdog = processes.start("worker", [sys.executable, str(ROOT / "manage.py"), "worker"])
            tasks.wake_all()
            seconds, held = _kill(victim, watchdog.pid, patience)
            _wait(lambda: not _open(), patience)
        return {"seconds": seconds, "held": held, "bills": bills, "documents": here.documents()}


def _kill(victim: str, watchdog: int, patience: float) -> tuple[float, int]:
    """Kills while a batch is being sent; returns how long what it held took, and how much that was."""
    _wait(lambda: Delivery.objects.filter(state=Delivery.State.SENDING).exists(), patience)
    held = list(Delivery.objects.filter(state__in=HELD).values_list("pk", "owner"))
    if victim == "cluster":
        pids = [child.pid for child in psutil.Process(watchdog).children(recursive=True)]
    else:
        pids = [int(held[0][1].split("/")[1])]
    started = time.monotonic()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    mine = [pk for pk, _ in held]
    _wait(lambda: not _open(delivery__in=mine), patience)
    return time.monotonic() - started, len(mine)


def _open(**among: Any) -> bool:
    return IntegrationRun.objects.filter(**among).exclude(status="COMPLETE").exists()


def _wait(done: Callable[[], bool], patience: float) -> None:
    end = time.monotonic() + patience
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"Still not done after {patience:.0f} seconds.")
        time.sleep(0.05)
