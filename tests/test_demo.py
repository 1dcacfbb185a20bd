"""make demo, as a person sees it: from nothing to posted invoices, and nothing left behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from config.demo import only_one
from config.processes import Died, Processes, free_port
from integrations import registry
from tests.source import ROOT

PYTHON = sys.executable
DOCUMENTS = ("invoice", "creditmemo", "customerpayment", "invoice__c")
WATCHING = """
import time
from config.starter import starter_watch
wanted = starter_watch()
print("up", flush=True)
while wanted():
    time.sleep(0.1)
"""
STUBBORN = """
import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "60"])
print("up", flush=True)
time.sleep(60)
"""


class Run:
    """One demo in a folder of its own, and what it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ports = ["--port", any_port(), "--emulator-port", any_port()]
        command = [PYTHON, str(ROOT / "manage.py"), "demo", "--folder", str(folder), *ports]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.printed = ""

    def read_until(self, word: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
            if word in line:
                return
        pytest.fail(f"the demo ended before it said {word!r}:\n{self.printed}")

    def address(self, label: str) -> str:
        found = re.search(rf"{label}\s+(http://127\.0\.0\.1:\d+)", self.printed)
        assert found, self.printed
        return found[1]

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def runs(self) -> list[dict[str, Any]]:
        environment = os.environ | {"DATABASE_URL": f"sqlite:///{self.folder / 'demo.sqlite3'}"}
        answer = subprocess.run([PYTHON, "manage.py", "runs"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address('Emulators')}/_emulator/state") as answer:
            return dict(json.load(answer))

    def control(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        asked = urllib.request.Request(f"{self.address('Emulators')}/_emulator/{action}", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(asked) as answer:
            return dict(json.load(answer))


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path / "demo")
    yield run
    run.process.send_signal(signal.SIGTERM)
    run.process.wait(30)


def any_port() -> str:
    """One that nobody else is given at the same time, unlike the next free one from a number on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def eventually(true: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.3)
    return true()


def _documents(tenants: dict[str, dict[str, list[dict[str, Any]]]]) -> set[str]:
    """The ids of every document, as either API spells them."""
    records = [record for books in tenants.values() for kind in books if kind.lower() in DOCUMENTS for record in books[kind]]
    return {str(record.get("id") or record.get("Id")) for record in records}


def test_the_demo_posts_its_bills_and_leaves_nothing_behind(demo: Run) -> None:
    demo.read_until("Ctrl-C")
    assert eventually(lambda: bool(demo.runs()) and {run["status"] for run in demo.runs()} <= {"COMPLETE", "ERROR"})
    complete = [run for run in demo.runs() if run["status"] == "COMPLETE"]
    assert len(complete) >= 8
    posted = {destination.slug for destination in registry.destinations()}
    documents = {name: _documents(tenants) for name, tenants in demo.state().items() if name in posted}
    assert {str(run["external_id"]) for run in complete} <= set().union(*documents.values())
    assert all(documents.values()), "every destination's sample posts"
    with urllib.request.urlopen(f"{demo.address('Open')}/admin/login/") as page:
        assert page.status == 200
    assert re.search(r"demo / \S+", demo.printed)

    changed = {"system": "metronome", "id": "1d0c5e7a-90b4-4f21-a3d6-77e8f9a00001", "amount": "200000"}
    assert demo.control("change", changed) == {"hook": 200}
    assert eventually(lambda: ("COMPLETE", "3300.00") in {(run["status"], str(run["amount"])) for run in demo.runs()})

    family = demo.family()
    assert len(family) >= 3
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(30) == 0
    assert eventually(lambda: not [process for process in family if process.is_running()], 5)


def test_the_demo_ends_with_the_first_part_that_ends(demo: Run) -> None:
    demo.read_until("Ctrl-C")
    family = demo.family()
    (web,) = [process for process in family if "gunicorn" in " ".join(process.cmdline()) and process.ppid() == demo.process.pid]
    web.kill()
    assert demo.process.wait(30) == 1
    assert demo.process.stdout is not None
    assert "The web process was ended by SIGKILL" in demo.process.stdout.read()
    assert eventually(lambda: not [process for process in family if process.is_running()], 5)


def test_an_interrupted_make_is_noticed(tmp_path: Path) -> None:
    """GNU make keeps a SIGINT that only it gets to itself and waits; what it started has to see that by itself."""
    (tmp_path / "script.py").write_text(WATCHING)
    (tmp_path / "Makefile").write_text(f"go:\n\t@{PYTHON} script.py\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | {"PYTHONPATH": str(ROOT)}
    options: dict[str, Any] = {"cwd": tmp_path, "env": environment, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(["make", "go"], start_new_session=True, preexec_fn=_hearing, **options) as make:
        try:
            assert make.stdout is not None
            assert make.stdout.readline() == "up\n"
            make.send_signal(signal.SIGINT)
            assert make.wait(10) == -signal.SIGINT
        finally:
            with suppress(ProcessLookupError):
                os.killpg(make.pid, signal.SIGKILL)


def _hearing() -> None:
    """Whoever runs the tests in the background may have SIGINT ignored, which children inherit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(Died, match="is running in"), only_one(tmp_path):
        pass


def test_a_failed_command_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    told = r"(?s)The samples process ended with exit code 3.*no such table"
    with Processes(tmp_path, os.environ) as processes, pytest.raises(Died, match=told):
        processes.run("samples", [PYTHON, "-c", "print('no such table'); raise SystemExit(3)"])


def test_a_process_that_does_not_stop_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.processes.PATIENCE", 0.5)
    with Processes(tmp_path, os.environ) as processes:
        leader = psutil.Process(processes.start("stubborn", [PYTHON, "-c", STUBBORN]).pid)
        assert eventually(lambda: "up" in (tmp_path / "stubborn.log").read_text(), 10)
        family = [leader, *leader.children()]
    assert eventually(lambda: not [process for process in family if process.is_running() and process.status() != "zombie"], 5)


def test_a_taken_port_gives_way_to_the_next() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert free_port(taken.getsockname()[1]) > taken.getsockname()[1]
