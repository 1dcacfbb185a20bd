"""One door to all emulators: routes by path, limits, delays, spoils and counts."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from integrations.emulation import pages
from integrations.emulation.calls import NO_ANSWER, Calls
from integrations.emulation.contract import Emulator, Request, Response
from integrations.emulation.control import Control
from integrations.emulation.discovery import find_emulators
from integrations.emulation.faults import Faults, Order


class Hub:
    """All emulators behind one `handle`, which any thread may call, with a socket or without."""

    def __init__(self, emulators: dict[str, Emulator] | None = None) -> None:
        self.emulators = find_emulators() if emulators is None else emulators
        self.calls = Calls()
        self.faults = {slug: Faults() for slug in self.emulators}
        self.latency = 0.0
        self._flying: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._control = Control(self)

    def handle(self, request: Request) -> Response:
        """The answer of the emulator that owns the path; control paths are answered here and not counted."""
        if request.path.startswith(pages.CONTROL):
            return self._control.handle(request)
        emulator = next((emulator for emulator in self.emulators.values() if emulator.owns(request)), None)
        if emulator is None:
            return pages.index(self.emulators) if request.path == "/" else pages.not_found(request)
        response = self._answer(emulator, request)
        lost = response.fault is not None and response.fault.kind in ("commit_then_drop", "reset")
        self.calls.count(emulator.slug, request.method, request.path, NO_ANSWER if lost else response.status)
        return response

    def reset(self) -> None:
        """Documents, faults, settings and counts as at the start; credentials stay known."""
        self.latency = 0.0
        for slug, emulator in self.emulators.items():
            emulator.reset()
            self.faults[slug].replace([])
        self.calls.clear()

    def _answer(self, emulator: Emulator, request: Request) -> Response:
        with self._flight(emulator, request) as admitted:
            if not admitted:
                return emulator.failure(request, 429)
            time.sleep(self.latency)
            order = self.faults[emulator.slug].take(request, emulator.is_write(request))
            return _spoil(emulator, request, order) if order else emulator.handle(request)

    @contextmanager
    def _flight(self, emulator: Emulator, request: Request) -> Iterator[bool]:
        """Takes a place in the request's lane while it is answered; yields whether there was one."""
        lane = emulator.lane(request)
        if lane is None:
            yield True
            return
        key = (emulator.slug, lane)
        with self._lock:
            admitted = self._flying[key] < emulator.concurrency
            self._flying[key] += admitted
        try:
            yield admitted
        finally:
            with self._lock:
                self._flying[key] -= admitted


def _spoil(emulator: Emulator, request: Request, order: Order) -> Response:
    """Performs the request unless the order forbids it, and gives the answer its fault."""
    if order.kind == "reset":
        return Response(500, fault=order.fault)
    if order.kind != "status":
        return emulator.handle(request).with_fault(order.fault)
    if order.after:
        emulator.handle(request)
    return emulator.failure(request, order.status)
