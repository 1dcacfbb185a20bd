"""Runs measurements in child processes, each with a database and an emulator of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.emulator import ROOT, running
from benchmarks.figures import Figure

TIMEOUT = 3600


class ChildFailed(RuntimeError):
    """A measurement ended without a result; the text is the end of what it said."""


@dataclass
class Bench:
    """One run of the benchmarks. `quick` measures less, for CI; `skipped` says in a line each what could not be measured, and why."""

    folder: Path
    databases: dict[str, str]
    quick: bool = False
    figures: list[Figure] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """How often a time is taken."""
        return 1 if self.quick else 5

    @property
    def best(self) -> str:
        """PostgreSQL where there is one."""
        return "postgresql" if "postgresql" in self.databases else "sqlite"

    def skip(self, why: str) -> None:
        """Says once what is not measured, and why."""
        if why not in self.skipped:
            self.skipped.append(why)

    def measure(self, name: str, database: str = "", **arguments: Any) -> Any:
        """What the scenario `name` found on a fresh database ("postgresql", "sqlite", default the best there is). ChildFailed."""
        with self._fresh(database or self.best) as url:
            return self.child(name, url, **arguments)

    def child(self, name: str, url: str, **arguments: Any) -> Any:
        environment = os.environ | {"DATABASE_URL": url, "BROKER_URL": "", "LOG_LEVEL": "ERROR", "BENCH_FOLDER": str(self.folder)}
        command = [sys.executable, "-m", "benchmarks.child", name, json.dumps(arguments)]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)  # noqa: S603
        if done.returncode:
            raise ChildFailed(f"{name} {arguments}: {done.stderr.strip()[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1])

    @contextmanager
    def _fresh(self, database: str) -> Iterator[str]:
        """A DATABASE_URL of an installation just migrated, for one child."""
        template, name = self.databases[database], f"bench_{uuid.uuid4().hex[:12]}"
        if database == "sqlite":
            copy = self.folder / f"{name}.sqlite3"
            shutil.copy(urlsplit(template).path, copy)
            yield f"sqlite:///{copy}"
            copy.unlink()
            return
        _administer(template, f'CREATE DATABASE "{name}" TEMPLATE "{urlsplit(template).path[1:]}"')
        yield urlsplit(template)._replace(path=f"/{name}").geturl()
        _administer(template, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(url: str, statement: str) -> None:
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def bench(quick: bool) -> Iterator[Bench]:
    """A bench with a migrated template database of each kind that this machine has."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="billpost-bench-")))
        _make_credential_files(folder)
        services = stack.enter_context(_services())
        made = Bench(folder, {"sqlite": migrated(f"sqlite:///{folder / 'template.sqlite3'}")}, quick)
        server = services.stdout.readline().strip() if services.stdout else ""
        if server:
            _administer(server, "CREATE DATABASE template_of_bench")
            made.databases["postgresql"] = migrated(urlsplit(server)._replace(path="/template_of_bench").geturl())
        else:
            made.skipped.append("PostgreSQL does not start here: everything is measured on SQLite.")
        yield made


def _make_credential_files(folder: Path) -> None:
    """Once, before several measurements would write them at the same time."""
    os.environ["BENCH_FOLDER"] = str(folder)
    with running() as emulator:
        emulator.calls()


def _services() -> "subprocess.Popen[str]":
    """The tests' own PostgreSQL: tells its DATABASE_URL once it is up, or nothing, and ends when its input does."""
    tell = "import os, sys; print(os.environ['DATABASE_URL'], flush=True); sys.stdin.read()"
    command = [sys.executable, "-m", "tests.services", sys.executable, "-c", tell]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603


def migrated(url: str) -> str:
    """The URL, once its database has all tables."""
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
    subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, check=True)  # noqa: S603
    return url
