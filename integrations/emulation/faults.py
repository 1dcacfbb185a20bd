"""Faults that a test orders: the next n matching writes go wrong in a chosen way."""

import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from integrations.emulation.contract import Fault, Request

KINDS = ("status", "commit_then_drop", "reset", "truncated", "slow")
KEYS = {"match", "kind", "status", "times", "after", "ms"}


@dataclass
class Order:
    """`match` is part of a path; `after` performs the write first; `ms` is how late a slow answer is."""

    kind: str
    match: str = ""
    status: int = 503
    times: int = 1
    after: bool = False
    ms: int = 2000

    def wants(self, request: Request, is_write: bool) -> bool:
        """A write whose path holds `match`; a POST that only asks counts when `match` names the end of its path."""
        path = unquote(request.path)
        asked_for = self.match != "" and request.method == "POST" and self.match in path.rsplit("/", 1)[-1]
        return self.times > 0 and self.match in path and (is_write or asked_for)

    @property
    def fault(self) -> Fault:
        return Fault(self.kind, self.ms / 1000 if self.kind == "slow" else 0)


class Faults:
    """The orders for one system; the first that wants a request is used up by it, once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Order] = []

    def replace(self, orders: list[Order]) -> None:
        with self._lock:
            self._orders = orders

    def take(self, request: Request, is_write: bool) -> Order | None:
        with self._lock:
            order = next((order for order in self._orders if order.wants(request, is_write)), None)
            if order:
                order.times -= 1
            return order


def parse_orders(value: Any) -> list[Order]:
    """Orders from control JSON. Raises ValueError with a sentence."""
    if not isinstance(value, list):
        raise ValueError("faults must be a list of objects.")
    return [_parse(entry) for entry in value]


def _parse(entry: Any) -> Order:
    if not isinstance(entry, dict) or entry.get("kind") not in KINDS:
        raise ValueError(f"A fault needs a kind, one of {', '.join(KINDS)}.")
    if unknown := entry.keys() - KEYS:
        raise ValueError(f"A fault has no setting {', '.join(sorted(unknown))}; it has {', '.join(sorted(KEYS))}.")
    if not isinstance(entry.get("match", ""), str) or not isinstance(entry.get("after", False), bool):
        raise ValueError("A fault's match must be a string, and its after true or false.")
    for name in ("status", "times", "ms"):
        if type(entry.get(name, 0)) is not int or entry.get(name, 0) < 0:
            raise ValueError(f"A fault's {name} must be a whole number that is not negative.")
    if not 400 <= entry.get("status", 503) <= 599:
        raise ValueError("A fault's status must be an error, from 400 to 599.")
    return Order(**entry)
