"""Named fault points at every commit and every request of the flow. One costs a comparison, until a test sets `harness`.

The tests of docs/reliability.md set it in their own process, or give another process orders in BILLPOST_POINTS, which is read once:
`claimed:3:kill` at the third "claimed", several separated by commas; the name `*` is any point, the occurrence 0 every one.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

SOON = 0.1


class Reached(RuntimeError):
    """Raised where an order says so; the text is the point's name."""


def _kill(name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_soon(name: str) -> None:
    """While what follows the point, such as a request, is on its way."""
    threading.Timer(SOON, _kill, [name]).start()


def _stop(name: str) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _raise(name: str) -> None:
    raise Reached(name)


def _sleep(name: str) -> None:
    time.sleep(1)


def _tell(name: str) -> None:
    sys.stderr.write(f"point {name}\n")


ACTIONS: dict[str, Callable[[str], None]] = {
    "kill": _kill,
    "kill-soon": _kill_soon,
    "stop": _stop,
    "raise": _raise,
    "sleep": _sleep,
    "tell": _tell,
}


@dataclass(frozen=True)
class Order:
    """What happens at the `occurrence`th time that a point is reached."""

    name: str
    occurrence: int
    action: Callable[[str], None]

    @classmethod
    def read(cls, text: str) -> "Order":
        """From `name:occurrence:action`. ValueError or KeyError when it is none."""
        name, occurrence, action = text.split(":")
        return cls(name.strip(), int(occurrence), ACTIONS[action.strip()])

    def wants(self, name: str, occurrence: int) -> bool:
        return self.name in ("*", name) and self.occurrence in (0, occurrence)


class Harness:
    """Counts the points as any thread reaches them and acts on orders."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._orders = list(orders)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1
            occurrence = self._counts[name]
        for order in self._orders:
            if order.wants(name, occurrence):
                order.action(name)


def _ordered(text: str) -> Callable[[str], None] | None:
    return Harness(Order.read(order) for order in text.split(",")) if text else None


harness = _ordered(os.environ.get("BILLPOST_POINTS", ""))


def point(name: str) -> None:
    if harness is not None:
        harness(name)
