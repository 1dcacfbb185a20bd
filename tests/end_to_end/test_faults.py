"""What a network does to us: whatever fails on the way, `sync --wait` ends with one document per Bill and none lost."""

import json
from typing import Any

import pytest

from tests.end_to_end.conftest import Installation
from tests.end_to_end.emulators import Emulators
from tests.end_to_end.raw import a_bill

BILLS = 4


def uids(count: int = BILLS) -> set[str]:
    return {f"b-{number}" for number in range(count)}


def synced(installation: Installation, count: int = BILLS) -> dict[str, int]:
    """Imports so many Bills and waits, then asks again: a second sync must not write."""
    installation.bills(*(a_bill(f"b-{number}") for number in range(count)))
    came = installation.answer("sync", "--wait", "--timeout", "120")
    writes = installation.emulators.writes()
    assert installation.sync() == {}
    assert installation.emulators.writes() == writes
    return dict(came)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "commit_then_drop", "times": 3},
        {"kind": "reset", "times": 3},
        {"kind": "truncated", "times": 3},
        {"kind": "slow", "times": 2, "ms": 700},
        {"kind": "status", "status": 500, "times": 2},
        {"kind": "status", "status": 503, "times": 3, "after": True},
        {"kind": "status", "status": 504, "times": 1, "after": True},
        {"kind": "status", "status": 429, "times": 2},
        {"kind": "status", "status": 401, "times": 1},
    ],
    ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}{'-after' if fault.get('after') else ''}".strip("-"),
)
def test_one_document_per_bill_and_none_lost(connected: Installation, emulators: Emulators, fault: dict[str, Any]) -> None:
    emulators.configure(faults=[{"match": "/invoice/"} | fault])
    assert synced(connected) == {"COMPLETE": BILLS}
    assert emulators.by_bill().keys() == uids()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["commit_then_drop", "reset", "truncated"])
def test_a_network_that_fails_more_often_than_not(connected: Installation, emulators: Emulators, kind: str) -> None:
    emulators.fault(kind, times=60)
    assert synced(connected, 40) == {"COMPLETE": 40}
    assert emulators.by_bill().keys() == uids(40)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "commit_then_drop"},
        pytest.param({"kind": "reset"}, marks=pytest.mark.slow),
        pytest.param({"kind": "truncated"}, marks=pytest.mark.slow),
        {"kind": "status", "status": 503},
    ],
)
def test_a_lost_job_is_found_again(connected: Installation, emulators: Emulators, fault: dict[str, Any]) -> None:
    """More Bills than the bulk threshold go as one asynchronous job, whose answer gets lost."""
    emulators.configure(faults=[{"match": "/invoice"} | fault])
    assert synced(connected, 22) == {"COMPLETE": 22}
    assert emulators.by_bill().keys() == uids(22)


def test_a_refused_login_stops_everything_and_a_working_one_sends_what_waited(connected: Installation, emulators: Emulators) -> None:
    emulators.fault("status", status=401, times=1000)
    connected.bills(*(a_bill(f"b-{number}") for number in range(BILLS)))
    assert connected.answer("sync", "--wait", "--timeout", "60") == {"AUTH_FAILED": BILLS}
    assert emulators.documents() == []
    emulators.configure(faults=[])
    again = connected.run("create_credential", "--file", str(emulators.credentials / "NETSUITE_AUTH.json"))
    assert json.loads(again.stdout)["status"] == "VERIFIED"
    assert connected.answer("sync", "--wait") == {"COMPLETE": BILLS}
    assert emulators.by_bill().keys() == uids()


def test_no_answer_within_the_timeout_is_told_as_it_stands_and_settled_next_time(connected: Installation, emulators: Emulators) -> None:
    emulators.fault("commit_then_drop", times=1000)
    connected.bills(a_bill("b-0"))
    assert connected.answer("sync", "--wait", "--timeout", "2") == {"UNKNOWN": 1}
    emulators.configure(faults=[])
    assert connected.answer("sync", "--wait") == {"COMPLETE": 1}
    assert emulators.by_bill().keys() == {"b-0"}


def test_an_unreachable_destination_leaves_the_bills_waiting(connected: Installation) -> None:
    connected.bills(a_bill("b-0"))
    done = connected.manage("sync", "--wait", "--timeout", "1", EMULATOR_URL="http://127.0.0.1:9")
    assert (json.loads(done.stdout), done.returncode) == ({"AWAITING_RETRY": 1}, 0)
    assert connected.answer("sync", "--wait") == {"COMPLETE": 1}
