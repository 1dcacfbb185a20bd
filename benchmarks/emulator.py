"""The emulators in a process of their own, steered and counted by their control API."""

import json
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any

from config.processes import Processes, free_port

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Emulator:
    """One running emulator of everything. `credentials` maps a credential kind to the fields that log in."""

    url: str
    credentials: Mapping[str, dict[str, Any]]

    def calls(self) -> int:
        return int(self._ask("calls")["total"])

    def rows(self, slug: str) -> list[dict[str, Any]]:
        """The counted calls to one destination, told apart by method, path and status."""
        return [row for row in self._ask("calls")["by"] if row["system"] == slug]

    def documents(self, slug: str, types: Sequence[str]) -> int:
        """How many records of these types all tenants hold."""
        held = self._ask("state")[slug].values()
        return sum(len(records) for books in held for kind, records in books.items() if kind in types)

    def add(self, slug: str, tenant: str, kind: str, records: Sequence[Mapping[str, Any]]) -> None:
        self._ask("records", {"system": slug, "tenant": tenant, "type": kind, "records": records})

    def configure(self, **settings: Any) -> None:
        self._ask("configure", settings)

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_emulator/{path}", data)) as answer:  # noqa: S310  127.0.0.1
            return json.load(answer)


@contextmanager
def running() -> Iterator[Emulator]:
    """Starts the emulators on a free port and stops them afterwards. Credential files are copied from the first, as keys are slow."""
    folder = Path(environ.get("BENCH_FOLDER") or tempfile.mkdtemp(prefix="billpost-bench-"))
    logs = Path(tempfile.mkdtemp(dir=folder))
    with Processes(logs, environ) as processes:
        port = free_port(20_000 + hash(logs.name) % 20_000)
        keys, shared = logs / "credentials", folder / "credentials"
        if shared.is_dir():
            shutil.copytree(shared, keys)
        command = [sys.executable, str(ROOT / "manage.py"), "emulators", "--port", str(port), "--write-credentials", str(keys)]
        processes.start("emulators", command)
        processes.wait_for_port(port)
        if not shared.is_dir():
            shutil.copytree(keys, shared)
        yield Emulator(f"http://127.0.0.1:{port}", {file.stem: json.loads(file.read_text()) for file in keys.glob("*.json")})
