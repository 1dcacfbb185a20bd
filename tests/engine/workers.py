"""Worker processes played in one: each has a name, dies where a test says, or stands still while others go on."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import time_machine
from django.utils import timezone

from integrations.models import IntegrationConfig
from runs import lease, points, recover, send, steps, tasks, verify
from runs.build import Kit
from runs.deliver import deliver
from runs.models import IntegrationRun
from runs.select import select
from tests.engine.points import INSIDE_A_TRANSACTION

Value = TypeVar("Value")
Result = TypeVar("Result")


class Killed(BaseException):
    """The process ended here: nothing catches it, open transactions are rolled back, as after SIGKILL."""


class Clock:
    """The time that every worker sees; it goes on by itself and can be moved ahead."""

    def __init__(self, travel: Any) -> None:
        self._travel = travel

    def pass_by(self, seconds: float) -> None:
        self._travel.shift(dt.timedelta(seconds=seconds))

    def pass_lease(self) -> None:
        self.pass_by(lease.LEASE.total_seconds() + 1)


class InTurn:
    """A pool of no threads: what would go side by side goes one after the other, so that a test repeats exactly."""

    def __init__(self, max_workers: int) -> None:
        del max_workers

    def __enter__(self) -> "InTurn":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, function: Callable[[Value], Result], values: Iterable[Value]) -> Iterator[Result]:
        return map(function, values)


class Workers:
    """The present process is `name`; `dead` are those that the machine no longer has."""

    def __init__(self, patch: pytest.MonkeyPatch, clock: Clock) -> None:
        self.clock = clock
        self.dead: set[str] = set()
        self._numbers = itertools.count(1)
        self.name = self._new()
        patch.setattr(lease, "me", lambda: self.name)
        patch.setattr(lease, "is_dead", lambda name: name in self.dead)
        patch.setattr(send, "ThreadPoolExecutor", InTurn)
        patch.setattr(send, "PAUSE", 0)
        patch.setattr(send, "connections", SimpleNamespace(close_all=lambda: None))

    def _new(self) -> str:
        return f"worker-{next(self._numbers)}"

    def die(self) -> None:
        self.dead.add(self.name)
        self.name = self._new()

    @contextmanager
    def another(self) -> Iterator[None]:
        """Another process works for a while; the first one lives, and goes on afterwards."""
        first, self.name = self.name, self._new()
        try:
            yield
        finally:
            self.name = first

    @contextmanager
    def killed_at(self, point: str, occurrence: int = 1) -> Iterator[list[str]]:
        """The process inside dies at a point ("" is any), if it comes there; what is yielded then holds the point's name."""
        died: list[str] = []
        with at(point, occurrence, lambda name: _die(name, died)):
            try:
                yield died
            except Killed:
                self.die()

    @contextmanager
    def paused_at(self, point: str) -> Iterator[None]:
        """The process inside gets no further than a point, but it lives and its lease lasts."""
        with at(point, 1, lambda name: _die(name, [])), suppress(Killed):
            yield

    @contextmanager
    def stalled_at(self, point: str, meanwhile: Callable[[], object], occurrence: int = 1) -> Iterator[list[str]]:
        """The process inside stands still at a point ("" is any) for longer than its lease, while another one does `meanwhile`."""
        stalled: list[str] = []

        def stand_still(name: str) -> None:
            stalled.append(name)
            self.clock.pass_lease()
            with self.another():
                meanwhile()

        with at(point, occurrence, stand_still):
            yield stalled

    def recover(self) -> None:
        """What the watchdog and the sweep do first."""
        recover.free_dead_claims()
        recover.lose_dead_intents()

    def work(self, integration: IntegrationConfig, rounds: int = 20) -> list[str]:
        """Selects, frees, polls, settles and delivers until nothing is due; the statuses of all runs, oldest first."""
        for _ in range(rounds):
            self.recover()
            select(fresh(integration))
            steps.roll_up_open(integration)
            tasks.polled(fresh(integration))
            if not recover.settle(fresh(integration)) + deliver(fresh(integration)):
                break
        return statuses()

    def work_for(self, integration: IntegrationConfig, seconds: float) -> list[str]:
        """Works again and again while the time passes."""
        for _ in range(max(1, round(seconds / 15))):
            self.work(integration)
            self.clock.pass_by(15)
        verify.sweep(Kit.of(fresh(integration)))
        return self.work(integration)


def _die(point: str, died: list[str]) -> None:
    died.append(point)
    raise Killed(point)


@contextmanager
def at(point: str, occurrence: int, action: Callable[[str], None]) -> Iterator[None]:
    """While it is open, `action` happens at the `occurrence`th time that a point is reached, once.

    An empty `point` is any outside a transaction: what another process sees inside one, one connection cannot play. What was to
    happen before still does.
    """
    seen, before = itertools.count(1), points.harness

    def harness(name: str) -> None:
        if before is not None:
            before(name)
        if (name == point or (not point and name not in INSIDE_A_TRANSACTION)) and next(seen) == occurrence:
            action(name)

    points.harness = harness
    try:
        yield
    finally:
        points.harness = before


def fresh(integration: IntegrationConfig) -> IntegrationConfig:
    return IntegrationConfig.objects.select_related("credential", "current_version").get(pk=integration.pk)


def statuses() -> list[str]:
    return list(IntegrationRun.objects.order_by("dt_created").values_list("status", flat=True))


@contextmanager
def a_clock() -> Iterator[Clock]:
    with time_machine.travel(timezone.now(), tick=True) as travel:
        yield Clock(travel)
