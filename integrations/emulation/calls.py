"""Counts the calls that the emulators answer."""

import re
import threading
from collections import Counter
from typing import Any
from urllib.parse import unquote

NO_ANSWER = 0

_ID = re.compile(r"eid:.*|\d+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=\w*\d)[0-9A-Za-z]{15}([0-9A-Za-z]{3})?")


def generic_path(path: str) -> str:
    """The path with `*` for each segment that is an id: a number, a UUID, `eid:…`, or 15 or 18 letters and digits."""
    return "/".join("*" if _ID.fullmatch(unquote(segment)) else segment for segment in path.split("/"))


class Calls:
    """Counts by system, method, generic path and status; status 0 is an answer that never left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str, int]] = Counter()

    def count(self, system: str, method: str, path: str, status: int) -> None:
        key = (system, method, generic_path(path), status)
        with self._lock:
            self._counts[key] += 1

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()

    def report(self) -> dict[str, Any]:
        """{total, by: [{system, method, path, status, count}]}, sorted."""
        with self._lock:
            counts = sorted(self._counts.items())
        names = ("system", "method", "path", "status", "count")
        return {"total": sum(count for _, count in counts), "by": [dict(zip(names, (*key, count), strict=True)) for key, count in counts]}
