"""A real installation in a folder: its own database, real processes of manage.py, and a real emulator process as the destination."""

import json
import os
import sqlite3
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from shutil import copyfile
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.places import Place
from tests.source import ROOT

SERVER = os.environ.get("DATABASE_URL", "")
ON_POSTGRESQL = urlsplit(SERVER).scheme.startswith("postgres")
PYTHON = sys.executable
MANAGE = [PYTHON, str(ROOT / "manage.py")]


class Emulator:
    """The emulators in a process of their own, and the judge's way to look into them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [*MANAGE, "emulators", "--port", "0", "--write-credentials", str(folder)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.url = next(line for line in self.process.stderr if "listen on" in line).rpartition(" ")[2].strip()

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", data, method="GET" if data is None else "POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer, parse_float=Decimal)

    def configure(self, latency_ms: int = 0) -> None:
        self.ask("configure", {"latency_ms": latency_ms})

    def documents(self, place: Place) -> dict[str, tuple[Decimal, int]]:
        """{document key: (total, number of lines)} of all invoices and credit memos; fails when one is there twice."""
        return {each.key: (each.total, each.lines) for each in place.found(self.ask("state"))}

    def ids(self, place: Place) -> dict[str, str]:
        """{id at the destination: document key}."""
        return {each.id: each.key for each in place.found(self.ask("state"))}

    def totals(self, place: Place, kind: str) -> dict[str, Decimal]:
        """{document key: total} of one record type of a destination whose records name their key; fails when one is there twice."""
        records = self.ask("state")[place.slug].get(place.tenant, {}).get(kind, [])
        found = {each["externalId"]: each["total"] for each in records}
        assert len(found) == len(records), f"doubles: {[each['externalId'] for each in records]}"
        return found

    def writes(self, place: Place) -> int:
        counted = [call for call in self.ask("calls")["by"] if call["method"] == place.method and place.write in call["path"]]
        return sum(call["count"] for call in counted if not call["path"].endswith("/query"))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stderr is not None
        self.process.stderr.close()


@dataclass(frozen=True)
class Installation:
    """One database and the environment of every process that works on it."""

    database: str
    emulator: Emulator
    broker: str = ""

    @property
    def environment(self) -> dict[str, str]:
        own = {"DATABASE_URL": self.database, "EMULATOR_URL": self.emulator.url, "BROKER_URL": self.broker, "LOG_LEVEL": "WARNING"}
        keys = {"SECRET_KEY": "only-for-tests", "FERNET_KEYS": "only-for-tests-" + "0" * 32, "EMAIL_URL": "consolemail://"}
        return {name: value for name, value in os.environ.items() if name != "BILLPOST_POINTS"} | own | keys

    def prepare(self, *arguments: object) -> None:
        command = [PYTHON, "-m", "tests.engine.prepare", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def sync(self, points: str = "", timeout: float = 60, **variables: str) -> subprocess.CompletedProcess[str]:
        """`manage.py sync --wait` to its end, whatever that is."""
        command = [*MANAGE, "sync", "--wait", "--timeout", str(timeout)]
        environment = self.environment | ({"BILLPOST_POINTS": points} if points else {}) | variables
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout + 60, check=False)

    def start(self, *arguments: str, points: str = "", **variables: str) -> "subprocess.Popen[str]":
        environment = self.environment | ({"BILLPOST_POINTS": points} if points else {}) | variables
        return subprocess.Popen([*MANAGE, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Straight to the database, for what a test must see or move without our code."""
        if self.database.startswith("sqlite"):
            with sqlite3.connect(self.database.removeprefix("sqlite:///"), timeout=20) as connection:
                return connection.execute(statement).fetchall()
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def runs(self) -> dict[str, int]:
        """{status: count}."""
        return {str(status): int(count) for status, count in self.sql("SELECT status, COUNT(*) FROM runs_integrationrun GROUP BY status")}

    def posted(self) -> dict[str, str]:
        """{internal id: external id} of the Bills' main documents as our own tables have it."""
        rows = self.sql("SELECT external_id, key FROM runs_delivery WHERE origin <> '' AND slot = 'main'")
        return {str(external_id): str(key) for external_id, key in rows}


@contextmanager
def copied(template: Installation, folder: Path) -> Iterator[Installation]:
    """A copy of an installation that nobody works on; a file on SQLite, a database of its own on PostgreSQL."""
    if template.database.startswith("sqlite"):
        file = folder / f"{uuid.uuid4().hex}.sqlite3"
        copyfile(template.database.removeprefix("sqlite:///"), file)
        yield Installation(f"sqlite:///{file}", template.emulator, template.broker)
        return
    with a_database(urlsplit(template.database).path[1:]) as url:
        yield Installation(url, template.emulator, template.broker)


@contextmanager
def a_database(template: str = "template0") -> Iterator[str]:
    """The DATABASE_URL of a new database beside the one in DATABASE_URL."""
    name = f"engine_{uuid.uuid4().hex[:12]}"
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
    finally:
        _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(statement: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(statement)


@contextmanager
def an_installation(folder: Path, emulator: Emulator, place: Place, options: Mapping[str, Any], broker: str = "") -> Iterator[Installation]:
    """Three integrations, connected; no Bills yet."""
    if ON_POSTGRESQL:
        with a_database() as url:
            installation = Installation(url, emulator, broker)
            installation.prepare("install", emulator.folder, place.slug, json.dumps(options))
            yield installation
    else:
        installation = Installation(f"sqlite:///{folder / 'installation.sqlite3'}", emulator, broker)
        installation.prepare("install", emulator.folder, place.slug, json.dumps(options))
        yield installation
