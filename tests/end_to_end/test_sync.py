"""sync, runs, replay and readiness as a stranger calls them."""

import json
from uuid import UUID

import pytest

from tests.end_to_end.conftest import Installation
from tests.end_to_end.emulators import Emulators
from tests.end_to_end.raw import a_bill, a_line

KEYS = ["id", "integration", "bill", "status", "attempts", "error_code", "error", "external_id", "url", "amount", "currency"]


def test_without_wait_it_enqueues_and_a_waiting_one_delivers_what_it_left(connected: Installation, emulators: Emulators) -> None:
    connected.bills(a_bill("b-1"), a_bill("b-2"))
    assert connected.answer("sync") == {"WAITING": 2}
    assert emulators.writes() == 0
    assert connected.answer("sync") == {"WAITING": 2}
    assert connected.answer("sync", "--wait") == {"COMPLETE": 2}
    assert connected.answer("sync", "--wait") == {}
    assert emulators.writes() == 2


def test_one_integration_alone_is_synced_when_it_is_named(installation: Installation) -> None:
    credential = installation.credential()
    first = installation.integration(credential, name="One", accountIds=["acc-1"])
    installation.integration(credential, name="Two", accountIds=["acc-2"])
    installation.customers(acc_1="1001", acc_2="1002")
    installation.bills(a_bill("b-1"), a_bill("b-2", account="acc-2"))
    assert installation.answer("sync", "--wait", "--integration", first) == {"COMPLETE": 1}
    assert installation.emulators.by_bill().keys() == {"b-1"}
    assert installation.answer("sync", "--wait") == {"COMPLETE": 1}


@pytest.mark.parametrize("command", [("sync", "--integration"), ("runs", "--integration"), ("readiness", "--integration"), ("replay",)])
@pytest.mark.parametrize("unknown", ["7", "00000000-0000-4000-8000-000000000000"])
def test_an_id_that_nothing_has_is_told(installation: Installation, command: tuple[str, ...], unknown: str) -> None:
    assert f"has the id “{unknown}”" in installation.refusal(*command, unknown)


def test_a_run_is_one_json_object_on_a_line_with_these_keys(connected: Installation) -> None:
    integration = connected.integration(name="Other", accountIds=["acc-2"])
    connected.bills(
        a_bill("b-1"), a_bill("b-2", [a_line("x", 7, currency="JPY")], currency="JPY", billTotal=7), a_bill("b-3", account="nobody")
    )
    connected.sync()
    done = connected.run("runs")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and [list(row) for row in rows] == [KEYS] * 3
    by_bill = {row["bill"]: row for row in rows}
    assert all(UUID(row["id"]) and UUID(row["integration"]) for row in rows)
    assert (by_bill["b-1"]["status"], by_bill["b-1"]["attempts"], by_bill["b-1"]["amount"]) == ("COMPLETE", 1, "100.00")
    assert (by_bill["b-2"]["amount"], by_bill["b-2"]["currency"]) == ("7", "JPY")
    assert by_bill["b-1"]["external_id"] == connected.emulators.by_bill()["b-1"]["id"]
    assert by_bill["b-1"]["url"].startswith("https://1234567-sb1.app.netsuite.com/") and by_bill["b-1"]["error"] == ""
    assert by_bill["b-3"]["status"] == "ERROR" and by_bill["b-3"]["error_code"] and by_bill["b-3"]["error"].endswith(".")

    for arguments, bills in ((("--status", "ERROR"), {"b-3"}), (("--status", "WAITING"), set()), (("--integration", integration), set())):
        assert {run["bill"] for run in connected.runs(*arguments)} == bills
    assert "invalid choice" in connected.refusal("runs", "--status", "DONE")


def test_a_replay_is_a_new_run_that_updates_the_same_document(connected: Installation, emulators: Emulators) -> None:
    connected.bills(a_bill("b-1"))
    connected.sync()
    [old] = connected.runs()
    before = emulators.by_bill()["b-1"]
    [made] = connected.answer("replay", old["id"])["replayed"]
    assert made.keys() == {"run", "new", "status"} and (made["run"], made["status"]) == (old["id"], "WAITING")
    assert connected.answer("sync", "--wait") == {"COMPLETE": 1}
    after = emulators.by_bill()["b-1"]
    assert (after["id"], after["memo"]) == (before["id"], "b-1 r1 g2")
    assert {run["id"] for run in connected.runs()} == {old["id"], made["new"]}


def test_failed_runs_go_again_when_what_they_missed_is_there(connected: Installation, emulators: Emulators) -> None:
    connected.bills(a_bill("b-1", account="nobody"), a_bill("b-2"))
    assert connected.sync() == {"COMPLETE": 1, "ERROR": 1}
    connected.emulators.add("customer", {"id": "nobody", "companyName": "Nobody", "subsidiary": {"id": "1"}})
    replayed = connected.answer("replay", "--failed")["replayed"]
    assert len(replayed) == 1
    came = connected.answer("sync", "--wait")
    assert came in ({"COMPLETE": 1}, {"ERROR": 1})


def test_a_mapping_that_was_missing_frees_what_waited_for_it(installation: Installation, emulators: Emulators) -> None:
    installation.integration(useExternalMappingAccountCode=True)
    installation.bills(a_bill("b-1"), a_bill("b-2"))
    assert installation.sync() == {"ERROR": 2}
    installation.customers(acc_1="1001")
    assert installation.answer("sync", "--wait") == {"COMPLETE": 2}
    assert emulators.by_bill().keys() == {"b-1", "b-2"}


@pytest.mark.parametrize("arguments", [(), ("--failed", "00000000-0000-4000-8000-000000000000")])
def test_replay_wants_runs_or_failed(installation: Installation, arguments: tuple[str, ...]) -> None:
    assert "Name the runs, or say --failed." in installation.refusal("replay", *arguments)


def test_readiness_says_what_would_go_what_not_and_the_money_held_up(installation: Installation, emulators: Emulators) -> None:
    integration = installation.integration(useExternalMappingAccountCode=True, onlySendBillOnApproval=True)
    installation.customers(acc_1="1001")
    euros = a_bill("b-2", [a_line("e", 20, currency="EUR")], currency="EUR", account="acc-2")
    installation.bills(a_bill("b-1"), euros, a_bill("b-3", status="PENDING"), a_bill("b-4", billTotal=99))
    told = installation.answer("readiness", "--integration", integration)
    assert list(told) == ["goes", "goes_money", "blocked", "blocked_money", "left_out", "not_able"]
    assert (told["goes"], told["goes_money"], told["not_able"]) == (1, {"USD": "100"}, "")
    assert {entry["bill"]: entry["code"] for entry in told["blocked"]} == {"b-2": "MISSING_MAPPING", "b-4": "AMOUNT_MISMATCH"}
    assert told["blocked_money"] == {"EUR": "20", "USD": "99"}
    assert told["left_out"] == [{"bill": "b-3", "why": "The Bill is not approved yet."}]
    assert emulators.writes() == 0
    installation.sync()
    assert {run["bill"]: run["error_code"] for run in installation.runs()} == {
        "b-1": "",
        "b-2": "MISSING_MAPPING",
        "b-4": "AMOUNT_MISMATCH",
    }


@pytest.mark.parametrize("seconds", ["0", "-1", "soon"])
def test_a_timeout_is_a_number_of_seconds(installation: Installation, seconds: str) -> None:
    assert "--timeout" in installation.refusal("sync", "--wait", "--timeout", seconds)
