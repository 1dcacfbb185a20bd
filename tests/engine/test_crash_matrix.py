"""kill -9 at every step of real processes; the judge counts the documents at the destination, never our tables."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import psutil
import pytest

from tests.engine.crash import Cell, Site, demand, judge, play
from tests.engine.installation import Installation

pytestmark = pytest.mark.database

EVERY_POLL = ("before leasing slots", "slots leased", "before claim", "claimed", "starting", "started")
FIRST_SENDING = (
    "built",
    "before intent",
    "intending",
    "intent stored",
    "before send",
    "sent",
    "before record",
    "recording",
    "recorded",
    "before reading back",
    "read back",
    "verified",
)
ASYNCHRONOUS = (
    "before grasp",
    "grasping",
    "grasped",
    "before following",
    "followed",
    "before settling",
    "settling",
    "settled",
)
LOOKING = ("before looking", "looked")
REPEATING = (
    "before losing",
    "losing",
    "lost",
    "before grasp",
    "grasping",
    "grasped",
    "before resend",
    "before send",
    "sent",
    "resent",
    "before record",
    "recording",
    "recorded:2",
    "recorded:3",
    "verified",
)
ASKING = ("before asking", "asked", "before settling", "settling", "settled")
UNFOLDING = ("before unfolding", "unfolding", "unfolded")
BATCHED = ("batch", "batch update")
GRAPHS = ("graph", "graph update", "jobs")
ANSWERED = tuple(point for point in FIRST_SENDING if point not in ("before reading back", "read back"))

MATRIX = [
    *(Cell(mode, point, at) for mode in ("single", "bulk", "update") for point in EVERY_POLL for at in ("first", "third")),
    *(Cell(mode, point, at) for mode in ("single", "bulk", "update") for point in FIRST_SENDING for at in ("first", "third", "last")),
    *(Cell("bulk", point, at) for point in (*LOOKING, *ASYNCHRONOUS) for at in ("first", "third")),
    *(Cell("update", point, at) for point in LOOKING for at in ("first", "third")),
    *(Cell(mode, "before send", at, action="kill-soon") for mode in ("single", "bulk", "update") for at in ("first", "third")),
    *(Cell(mode, "built", again=again) for mode in ("single", "bulk") for again in ("before freeing", "freeing", "freed")),
    *(Cell(mode, "sent", again=again) for mode in ("single", "bulk", "update") for again in REPEATING),
    *(Cell("bulk", "sent", again=again) for again in ASYNCHRONOUS),
    *(Cell(mode, point, at) for mode in BATCHED for point in (*EVERY_POLL, *ANSWERED) for at in ("first", "third")),
    *(Cell("batch update", point, at) for point in LOOKING for at in ("first", "third")),
    *(Cell(mode, "before send", "third", action="kill-soon") for mode in BATCHED),
    *(Cell(mode, "sent", again=again) for mode in BATCHED for again in REPEATING if again != "recorded:3"),
    *(Cell("batch", point, again=again, late=True) for point in ("intent stored", "sent") for again in ASKING),
    *(Cell(mode, point, again=again, late=True) for mode in ("single", "bulk") for point in ("intent stored", "sent") for again in ASKING),
    *(Cell(mode, point, at) for mode in GRAPHS for point in (*EVERY_POLL, *FIRST_SENDING) for at in ("first", "third")),
    *(Cell(mode, point) for mode in ("graph update", "jobs") for point in LOOKING),
    *(Cell("jobs", point, at) for point in ASYNCHRONOUS for at in ("first", "third", "last")),
    *(Cell(mode, "sent", again=again) for mode in ("graph", "graph update") for again in REPEATING if again != "recorded:3"),
    *(Cell(mode, point, again=again, late=True) for mode in ("graph", "jobs") for point in ("intent stored", "sent") for again in ASKING),
    *(Cell("chain", point, at, late=True) for point in UNFOLDING for at in ("first", "third")),
    *(Cell("chain", point, at, late=True) for point in (*EVERY_POLL, *FIRST_SENDING) for at in ("first", "third", "middle", "last")),
    *(Cell("chain", point, at, late=True) for point in LOOKING for at in ("first", "third")),
    *(Cell("chain", point, "middle", again=again, late=True) for point in ("intent stored", "sent") for again in ASKING),
]
USUAL = [
    Cell("single", "built", "third"),
    Cell("single", "intent stored", "third"),
    Cell("single", "sent", "first", again="before resend"),
    Cell("single", "before send", "third", action="kill-soon"),
    Cell("single", "recorded", "last"),
    Cell("bulk", "sent", "third"),
    Cell("bulk", "followed", "first"),
    Cell("bulk", "sent", again="settling", late=True),
    Cell("batch", "sent", "third"),
    Cell("graph", "sent", "third"),
    Cell("chain", "unfolding"),
    Cell("chain", "intent stored", "middle", late=True),
    Cell("chain", "sent", "middle", late=True),
    Cell("chain", "before record", "middle", late=True),
]
Sites = Callable[[str], Site]


@pytest.mark.parametrize("cell", USUAL, ids=str)
def test_a_killed_process_loses_nothing_and_repeats_nothing(cell: Cell, sites: Sites) -> None:
    play(sites(cell.mode), cell)


@pytest.mark.slow
@pytest.mark.parametrize("cell", MATRIX, ids=str)
def test_the_whole_matrix(cell: Cell, sites: Sites) -> None:
    play(sites(cell.mode), cell)


def stopped(installation: Installation, point: str, **variables: str) -> "subprocess.Popen[str]":
    """A process that stands still at a point, as a machine does that sleeps."""
    zombie = installation.start("sync", "--wait", "--timeout", "60", points=f"{point}:1:stop", **variables)
    end = time.monotonic() + 30
    while psutil.Process(zombie.pid).status() != psutil.STATUS_STOPPED:
        assert zombie.poll() is None and time.monotonic() < end, f"it never stood still at {point!r}"
        time.sleep(0.05)
    return zombie


def woken(zombie: "subprocess.Popen[str]") -> str:
    os.kill(zombie.pid, signal.SIGCONT)
    told, complaints = zombie.communicate(timeout=90)
    assert zombie.returncode == 0, complaints
    return told


def end_leases(installation: Installation) -> None:
    for table, column in (("runs_delivery", "lease_until"), ("runs_slots", "until")):
        installation.sql(f"UPDATE {table} SET {column} = '2026-01-01 00:00:00+00:00' WHERE {column} IS NOT NULL")


STANDING = ("started", "built", "intent stored", "before send", "sent", "before record")
ZOMBIES = [(mode, point) for mode in ("single", "bulk", "batch", "graph") for point in STANDING]


def test_a_process_that_wakes_up_after_its_lease_changes_nothing(sites: Sites) -> None:
    play_zombie(sites("bulk"), "before send")


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "point"), ZOMBIES)
def test_every_zombie(mode: str, point: str, sites: Sites) -> None:
    play_zombie(sites(mode), point)


def play_zombie(site: Site, point: str) -> None:
    """The first process stands still; its leases are ended; a second one does all the work; the first one goes on where it was."""
    with site.ready() as installation:
        zombie = stopped(installation, point)
        end_leases(installation)
        demand(installation.sync())
        judge(site, installation)
        writes = installation.emulator.writes(site.place)

        woken(zombie)
        judge(site, installation)
        again = installation.emulator.writes(site.place) - writes
        assert again <= {"single": 4, "batch": 2}.get(site.mode, 1), "more than the requests that it had in hand"


@pytest.mark.slow
def test_a_lease_that_really_runs_out(sites: Sites) -> None:
    """Nothing is moved by hand: the second process takes over by the clock, and the first one sees by the clock that it must not send."""
    site = sites("single")
    with site.ready() as installation:
        zombie = stopped(installation, "before send", LEASE_SECONDS="45")
        time.sleep(46)
        demand(installation.sync(LEASE_SECONDS="45"))
        writes = installation.emulator.writes(site.place)
        woken(zombie)
        assert installation.emulator.writes(site.place) == writes, "the woken process sent what was no longer its to send"
        judge(site, installation)
