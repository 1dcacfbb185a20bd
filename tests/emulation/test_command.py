"""manage.py emulators, as a process."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from integrations.emulation.hub import Hub
from tests.emulation.books import Books, invoice

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, read from the line that it prints."""
    command = [sys.executable, "manage.py", "emulators", "--port", "0", "--write-credentials", str(directory)]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "LOG_LEVEL": "ERROR"}
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+$", line.strip())
        assert found, line
        yield process, found[0]
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_writes_credentials_listens_and_ends_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    directory = tmp_path / "new" / "credentials"
    with running(directory) as (process, url):
        file = directory / "NETSUITE_AUTH.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        secret = json.loads(file.read_text())
        assert (secret["kind"], secret["accountId"], secret["name"]) == ("NETSUITE_AUTH", "1234567_SB1", "NetSuite sandbox")
        books = Books(Hub(), url)
        books.secret = secret
        assert books.login().put("bill-1", invoice()).status_code == 204
        assert [stored["externalId"] for stored in books.state()] == ["bill-1"]
        process.send_signal(ending)
        assert process.wait(5) == 0
        assert process.stdout is not None and process.stdout.read() == ""
        with pytest.raises(requests.ConnectionError):
            requests.get(url)
    with running(directory) as (_, url):
        assert json.loads(file.read_text()) == secret
        books.base = url
        assert books.login().put("bill-1", invoice()).status_code == 204


def test_a_credential_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "NETSUITE_AUTH.json").write_text("{}")
    command = [sys.executable, "manage.py", "emulators", "--port", "0", "--write-credentials", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "NETSUITE_AUTH.json" in done.stderr and "Traceback" not in done.stderr
