"""Keeps a django-q2 cluster at work: asks it a question, restarts it when nobody answers, frees what dead processes hold.

django-q2 1.11.1 (2026-08): a killed idle worker can take the queue's lock with it, after which its cluster hangs for good while its log
looks healthy; and a SIGTERM to the whole group hangs most stops, so only the leader is signalled.
"""

import datetime as dt
import logging
import os
import signal
import subprocess
import sys
import time
from types import FrameType

import psutil
from django.conf import settings
from django.db import OperationalError, close_old_connections
from django.utils import timezone
from django_q.tasks import async_task

from runs import intake_tasks, lease, recover, tasks
from runs.models import Beat, Slots

ASK_EVERY = 5.0
PATIENCE = dt.timedelta(seconds=15)
STOP_WITHIN = 30.0
FORGET_AFTER = dt.timedelta(days=1)

log = logging.getLogger(__name__)


class Watchdog:
    """One cluster, from start to stop. `run` returns the exit code."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.cluster: subprocess.Popen[bytes] | None = None
        self.started_at = timezone.now()
        self.stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._start()
        while not self.stopping:
            time.sleep(ASK_EVERY if self._round() else 1.0)
        self._end(signal.SIGTERM)
        return 0

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
        if self.cluster is not None and self.cluster.poll() is None:
            self.cluster.send_signal(signal.SIGTERM)

    def _start(self) -> None:
        self.started_at = timezone.now()
        self.cluster = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603 (our own manage.py)

    def _round(self) -> bool:
        """One look at the cluster; False when the database could not be asked."""
        if self.cluster is None or self.cluster.poll() is not None:
            log.error("The cluster ended by itself; what it left is ended too, and it is started again.")
            self._end(signal.SIGTERM)
            self._start()
        try:
            close_old_connections()
            free_dead()
            tasks.wake_idle()
            intake_tasks.wake_idle()
            if self._silent():
                log.error("No worker has answered for %s; the cluster is started again.", PATIENCE)
                self._end(signal.SIGTERM, within=5.0)
                self._start()
            async_task("runs.tasks.probe", save=False)
        except OperationalError as error:
            log.warning("The database does not answer: %s", error)
            return False
        return True

    def _silent(self) -> bool:
        """Nobody has answered since the start, for longer than we wait, and no worker of ours is inside a job within its limit."""
        now = timezone.now()
        if now - self.started_at < PATIENCE or Beat.objects.filter(seen_at__gt=now - PATIENCE).exists():
            return False
        limit = now - dt.timedelta(seconds=settings.Q_CLUSTER["timeout"])
        return not Beat.objects.filter(owner__in=self._owners(), busy_since__gt=limit).exists()

    def _owners(self) -> list[str]:
        if self.cluster is None:
            return []
        try:
            return [lease.owner(child.pid) for child in psutil.Process(self.cluster.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _end(self, number: signal.Signals, within: float = STOP_WITHIN) -> None:
        """Signals the leader, waits, then kills the whole group: leases and fences make that safe."""
        if self.cluster is None:
            return
        if self.cluster.poll() is None:
            self.cluster.send_signal(number)
        try:
            self.cluster.wait(within)
        except subprocess.TimeoutExpired:
            log.error("The cluster did not stop within %s seconds; it is killed.", within)
        try:
            os.killpg(self.cluster.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.cluster.wait()


def free_dead() -> None:
    """Gives back what processes of this machine held when they died."""
    recover.free_dead_claims()
    recover.lose_dead_intents()
    gone = [slots.pk for slots in Slots.objects.all() if lease.is_dead(slots.owner)]
    Slots.objects.filter(pk__in=gone).delete()
    Beat.objects.filter(seen_at__lt=timezone.now() - FORGET_AFTER).delete()


def qcluster() -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
