"""The cluster under its watchdog loses a process, its queue or its database, and the Bills go on. The judge is the destination."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from tests import services
from tests.engine import installation as installations
from tests.engine.cluster import ROLES, a_worker, alive, judge, order, until, wait_for_a_write
from tests.engine.installation import Emulator, Installation, an_installation
from tests.places import NETSUITE
from tests.source import ROOT

pytestmark = [pytest.mark.database, pytest.mark.slow]

SINGLY = {"bulkThreshold": 20}


@pytest.fixture
def installation(emulator: Emulator, tmp_path: Path) -> Iterator[Installation]:
    emulator.ask("reset", {})
    emulator.configure(latency_ms=300)
    with an_installation(tmp_path, emulator, NETSUITE, SINGLY) as made:
        yield made
    emulator.configure()


@pytest.mark.parametrize("role", ROLES)
def test_any_process_of_the_cluster_may_be_killed(role: str, installation: Installation, tmp_path: Path) -> None:
    """Once while Bills are being sent, and once while there is nothing to do: a killed idle worker takes the queue's lock with it."""
    with a_worker(installation, tmp_path) as worker:
        worker.pid("worker")
        order(installation, 6)
        wait_for_a_write(installation)
        left = worker.kill(role)
        judge(installation, 6)
        if role == "leader":
            until(lambda: not alive(left), "end of what the leader left")

        worker.kill(role)
        order(installation, 8)
        judge(installation, 8)


def test_the_queue_is_emptied_again_and_again(installation: Installation, emulator: Emulator, tmp_path: Path) -> None:
    """FLUSHALL of the Redis in use, at moments that nobody chose."""
    with services.redis(tmp_path) as url:
        if not url:
            pytest.skip("no Redis on this machine")
        chance = random.Random("flush")
        with a_worker(Installation(installation.database, emulator, url), tmp_path) as worker:
            worker.pid("worker")
            with redis.Redis.from_url(url) as queue:
                for count in (2, 4, 6):
                    order(Installation(installation.database, emulator, url), count)
                    for _ in range(5):
                        time.sleep(chance.random() / 2)
                        queue.flushall()
            judge(installation, 6)


@contextmanager
def a_postgresql() -> Iterator[str]:
    """The DATABASE_URL of a PostgreSQL of this test's own."""
    tell = "import os, sys; print(os.environ['DATABASE_URL'], flush=True); sys.stdin.read()"
    command = [sys.executable, "-m", "tests.services", sys.executable, "-c", tell]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None and server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        server.wait(60)


def restart(url: str) -> None:
    """The server drops everything at once (its "immediate" end, after which it has to recover) and is started again as it was."""
    with psycopg.connect(url) as connection:
        [folder] = connection.execute("SHOW data_directory").fetchone() or [""]
    lock = Path(folder) / "postmaster.pid"
    postmaster = psutil.Process(int(lock.read_text().split()[0]))
    command, user, within = postmaster.cmdline(), postmaster.uids().real, postmaster.cwd()
    postmaster.send_signal(signal.SIGQUIT)
    until(lambda: not lock.exists(), "end of the server")
    subprocess.Popen(command, cwd=within, user=user, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: _answers(url), "answer of the server")


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url):
            return True
    except psycopg.OperationalError:
        return False


def test_postgresql_is_restarted_while_bills_are_sent(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.ask("reset", {})
    emulator.configure(latency_ms=300)
    with a_postgresql() as url:
        monkeypatch.setattr(installations, "SERVER", url)
        monkeypatch.setattr(installations, "ON_POSTGRESQL", True)
        with an_installation(tmp_path, emulator, NETSUITE, SINGLY) as installation, a_worker(installation, tmp_path) as worker:
            worker.pid("worker")
            for count in (6, 8):
                written = emulator.writes(NETSUITE)
                order(installation, count)
                wait_for_a_write(installation, written)
                restart(url)
            judge(installation, 8)
    emulator.configure()
