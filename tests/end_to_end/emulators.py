"""The judge: what the emulators in their own process hold and were asked, never our own tables."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.source import ROOT

ACCOUNT = "1234567_SB1"
Record = dict[str, Any]


class Emulators:
    """`manage.py emulators` at `url`; `credentials` is the folder of what `create_credential --file` takes."""

    def __init__(self, url: str, credentials: Path) -> None:
        self.url, self.credentials = url, credentials

    def ask(self, action: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{action}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer, parse_float=Decimal)

    def reset(self) -> None:
        self.ask("reset", {})

    def configure(self, latency_ms: int = 0, **settings: Any) -> None:
        self.ask("configure", {"latency_ms": latency_ms, "netsuite": settings})

    def fault(self, kind: str, times: int = 1, match: str = "/invoice/", **more: Any) -> None:
        self.configure(faults=[{"kind": kind, "times": times, "match": match} | more])

    def add(self, kind: str, *records: Record) -> None:
        self.ask("records", {"system": "netsuite", "tenant": ACCOUNT, "type": kind, "records": list(records)})

    def documents(self, kind: str = "invoice") -> list[Record]:
        return list(self.ask("state")["netsuite"][ACCOUNT].get(kind, []))

    def by_bill(self, kind: str = "invoice") -> dict[str, Record]:
        """Each document under the id of its Bill. Two documents of one Bill are the fault that must never be."""
        found = self.documents(kind)
        twice = [uid for uid, count in Counter(record["externalId"] for record in found).items() if count > 1]
        assert not twice, f"posted twice: {twice}"
        return {record["externalId"]: record for record in found}

    def writes(self) -> int:
        """Requests that could change a document, answered or not."""
        return sum(entry["count"] for entry in self.ask("calls")["by"] if entry["method"] != "GET" and "/record/" in entry["path"])


def lines(document: Record) -> list[Record]:
    return list(document["item"]["items"])


@contextmanager
def running(folder: Path) -> Iterator[Emulators]:
    """Starts the emulators on a free port and ends them."""
    credentials = folder / "credentials"
    command = [sys.executable, str(ROOT / "manage.py"), "emulators", "--port", "0", "--write-credentials", str(credentials)]
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{folder / 'none.sqlite3'}"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield Emulators(_address(process), credentials)
    finally:
        process.terminate()
        process.wait(10)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    raise AssertionError(f"the emulators did not start:\n{said}")
