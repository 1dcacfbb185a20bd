"""What is counted while the product works: SQL statements, connections, CPU time, memory. Install before the first query."""

import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created
from urllib3.connection import HTTPConnection

PHASES = {"record.py": "record", "verify.py": "record", "select.py": "select"}
ROOMS = ("runs", "billing", "mappings", "credentials", "integrations", "intake")
NOT_COUNTED = ("BEGIN", "COMMIT")
Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


class Statements:
    """Every SQL statement of every thread but BEGIN and COMMIT, by phase and by the function of ours that asked."""

    def __init__(self) -> None:
        self.phase = "other"
        self.by_phase: Counter[str] = Counter()
        self.by_place: Counter[str] = Counter()
        connection_created.connect(self._wrap)
        for connection in connections.all(initialized_only=True):
            connection.execute_wrappers.append(self._count)

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        before, self.phase = self.phase, phase
        try:
            yield
        finally:
            self.phase = before

    def clear(self) -> None:
        self.by_phase.clear()
        self.by_place.clear()

    def _wrap(self, sender: Any, connection: Any, **_: Any) -> None:
        if self._count not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._count)

    def _count(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not sql.startswith(NOT_COUNTED):
            place, phase = _place(sys._getframe(1))
            self.by_phase[phase or self.phase] += 1
            self.by_place[f"{place} {sql.split(maxsplit=1)[0]}"] += 1
        return execute(sql, params, many, context)


def _place(frame: FrameType | None) -> tuple[str, str]:
    """The innermost function of ours, and the phase that its callers tell, or ""."""
    place, phase = "", ""
    while frame is not None:
        room, _, file = frame.f_code.co_filename.rpartition("/")
        room = room.rpartition("/")[2]
        if room in ROOMS:
            place = place or f"{room}/{file}:{frame.f_code.co_name}"
            phase = phase or (PHASES.get(file, "") if room == "runs" else "")
        frame = frame.f_back
    return place, phase


class Connections:
    """TCP connections that this process opens to a destination."""

    def __init__(self) -> None:
        self.count = 0
        connect = HTTPConnection.connect

        def counted(connection: Any) -> None:
            self.count += 1
            connect(connection)

        setattr(HTTPConnection, "connect", counted)  # noqa: B010 - mypy knows no replaced method


def cpu_seconds() -> float:
    """User and system time of this process and all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_megabytes() -> float:
    """The most memory this process ever held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)
