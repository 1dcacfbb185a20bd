"""pull as people and schedules call it: m3ter's API in, one JSON report out, nothing lost when it fails, nothing read twice for good."""

import json
import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from pytest import CaptureFixture, LogCaptureFixture, MonkeyPatch

from billing.models import Account, Bill, BillRevision, CatalogueItem, Source
from credentials import hand_out
from credentials.models import Credential
from integrations.sources import asking
from runs import tasks
from runs.models import Feed
from tests.sources.m3ter.api import CREDENTIAL, KEY, ORGANIZATION, SECRET, TOKEN, Fault, M3ter, a_bill, serving

pytestmark = pytest.mark.django_db
Said = tuple[dict[str, Any], str]
Pull = Callable[..., Said]
NOTHING = {"received": 0, "created": 0, "revised": 0, "unchanged": 0, "rejected": []}
NOW = "2026-11-21T09:00:00Z"
LATER = "2026-11-22T09:00:00Z"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def m3ter(clock: time_machine.Traveller, monkeypatch: MonkeyPatch) -> Iterator[M3ter]:
    monkeypatch.setattr(hand_out, "_kept", {})
    monkeypatch.setattr(asking, "sleep", lambda seconds: None)
    with serving(M3ter()) as api:
        yield api


@pytest.fixture
def connect(m3ter: M3ter, tmp_path: Path, capsys: CaptureFixture[str]) -> Callable[..., str]:
    def connect(**changes: str) -> str:
        file = tmp_path / "m3ter.json"
        file.write_text(json.dumps(CREDENTIAL | changes))
        call_command("create_credential", file=file)
        return str(json.loads(capsys.readouterr().out)["id"])

    return connect


@pytest.fixture
def pull(connect: Callable[..., str], capsys: CaptureFixture[str]) -> Pull:
    """Pulls with the organization's only credential; what was printed and, when the command failed, the sentence."""
    connect()

    def pull(*arguments: str, source: str = "m3ter") -> Said:
        capsys.readouterr()
        failed = ""
        try:
            call_command("pull", "--source", source, *arguments)
        except CommandError as error:
            failed = str(error)
        return json.loads(capsys.readouterr().out or "{}"), failed

    return pull


@pytest.fixture
def wakes(monkeypatch: MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(tasks, "wake_all", lambda: calls.append("woken"))
    return calls


def counts(said: Said) -> tuple[int, ...]:
    return tuple(said[0][name] for name in ("received", "created", "revised", "unchanged"))


def statuses() -> dict[str, str]:
    return dict(Bill.objects.values_list("uid", "status"))


def watermark() -> str:
    moment = Feed.objects.get().watermark
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""


# --- what is pulled -------------------------------------------------------------------------------------------------------------------


def test_everything_the_first_time_and_the_second_time_nothing_new(m3ter: M3ter, pull: Pull, clock: time_machine.Traveller) -> None:
    m3ter.lists["accounts"] = [{"id": "a1", "name": "Acme", "code": "ACME", "customFields": {"country": "UK"}}]
    m3ter.lists["products"] = [{"id": "p1", "name": "API requests"}]
    m3ter.lists["aggregations"] = [{"id": "g1", "name": "Requests"}]
    m3ter.lists["compoundaggregations"] = [{"id": "c1", "name": "Peak"}]
    m3ter.put(a_bill("old", "2019-01-31"), *(a_bill(f"b{number}", total=Decimal("10.10")) for number in range(230)))
    expected = {"received": 231, "created": 231, "revised": 0, "unchanged": 0, "rejected": [], "watermark": NOW}
    assert pull() == (expected, "")
    assert (Bill.objects.count(), Account.objects.get().name, CatalogueItem.objects.count()) == (231, "Acme", 3)
    assert Source.objects.values("slug", "tenant").get() == {"slug": "m3ter", "tenant": ORGANIZATION}
    clock.move_to(LATER)
    assert pull() == (expected | {"received": 230, "created": 0, "unchanged": 230, "watermark": LATER}, "")
    assert (Bill.objects.count(), BillRevision.objects.count(), Account.objects.count(), CatalogueItem.objects.count()) == (231, 231, 1, 3)


def test_money_is_kept_as_the_source_wrote_it(m3ter: M3ter, pull: Pull) -> None:
    m3ter.put(a_bill("b1", total=Decimal("1234567890.10")))
    pull()
    revision = BillRevision.objects.get()
    assert '"billTotal":1234567890.10' in revision.raw and revision.document["total"] == "1234567890.10"


def test_changes_between_pulls_become_revisions(m3ter: M3ter, pull: Pull, clock: time_machine.Traveller) -> None:
    """Recent or old, approved, recalculated or new with an old date: each is noticed, and each Bill comes once."""
    waiting = [a_bill(f"w{number}", "2026-03-31", status="PENDING") for number in range(120)]
    m3ter.put(a_bill("recent"), a_bill("settled", "2026-01-31"), a_bill("again", "2026-02-28"), *waiting)
    assert counts(pull()) == (123, 123, 0, 0)
    clock.move_to(LATER)
    m3ter.put(a_bill("recent", total=11), a_bill("again", "2026-02-28", status="PENDING", total=12))
    m3ter.put(*(bill | {"status": "APPROVED"} for bill in waiting[:110]), a_bill("late", "2026-05-31", status="PENDING"))
    m3ter.asked.clear()
    assert counts(pull()) == (123, 1, 112, 10)
    assert statuses() == {
        "recent": "APPROVED",
        "settled": "APPROVED",
        "again": "PENDING",
        "late": "PENDING",
        **{f"w{number}": "APPROVED" if number < 110 else "PENDING" for number in range(120)},
    }
    asked = [{name: value for name, value in each.items() if name not in ("pageSize", "includeBillTotal")} for each in m3ter.questions()]
    old, *named, recent = asked
    assert (old, recent) == ({"status": "PENDING", "billDateEnd": "2026-10-17"}, {"billDateStart": "2026-10-17"})
    assert sorted(uid for each in named for uid in each["ids"].split(",")) == sorted(f"w{number}" for number in range(110))
    assert all(len(each["ids"].split(",")) <= 100 for each in named)


def test_new_bills_wake_the_workers_and_old_ones_do_not(m3ter: M3ter, pull: Pull, wakes: list[str]) -> None:
    m3ter.put(a_bill("b1"))
    pull()
    assert wakes == ["woken"]
    pull()
    assert wakes == ["woken"]


# --- from a date ----------------------------------------------------------------------------------------------------------------------


def test_the_first_date_named_is_where_the_source_begins(m3ter: M3ter, pull: Pull, clock: time_machine.Traveller) -> None:
    m3ter.put(a_bill("draft", "2024-01-31", status="PENDING"), a_bill("october"), a_bill("november", "2026-11-15"))
    assert pull("--from", "2026-11-01")[0] == NOTHING | {"received": 1, "created": 1, "watermark": NOW}
    clock.move_to(LATER)
    assert pull()[0] == NOTHING | {"received": 1, "unchanged": 1, "watermark": LATER}
    assert set(statuses()) == {"november"}


def test_a_later_date_reads_again_and_leaves_the_watermark(m3ter: M3ter, pull: Pull, clock: time_machine.Traveller) -> None:
    m3ter.put(a_bill("may", "2026-05-31"), a_bill("october"), a_bill("november", "2026-11-15"))
    pull("--from", "2026-10-01")
    clock.move_to(LATER)
    m3ter.put(a_bill("october", total=11), a_bill("november", "2026-11-15", total=11))
    assert pull("--from", "2026-11-01")[0] == NOTHING | {"received": 1, "revised": 1, "watermark": NOW}
    assert pull("--from", "2026-05-01")[0] == NOTHING | {"received": 3, "created": 1, "revised": 1, "unchanged": 1, "watermark": NOW}
    m3ter.put(a_bill("june", "2026-06-30", status="PENDING"))
    assert pull()[0] == NOTHING | {"received": 3, "created": 1, "unchanged": 2, "watermark": LATER}


def test_no_date_is_refused_with_a_sentence(pull: Pull) -> None:
    said, failed = pull("--from", "yesterday")
    assert (said, failed) == ({}, "Error: argument --from: “yesterday” is not a date like 2026-10-31")


# --- what fails -----------------------------------------------------------------------------------------------------------------------


def test_a_page_that_fails_keeps_what_came_before(m3ter: M3ter, pull: Pull, wakes: list[str]) -> None:
    m3ter.put(*(a_bill(f"b{number:03}") for number in range(250)))
    m3ter.lists["accounts"] = [{"id": "a1", "name": "Acme"}]
    m3ter.faults.append(Fault("/bills", 500, times=99, after=1))
    said, failed = pull()
    assert said == NOTHING | {"received": 100, "created": 100, "watermark": None}
    assert failed == "The pull ended early; what came before is kept. m3ter could not answer (HTTP 500)."
    assert (Bill.objects.count(), Account.objects.get().name, wakes) == (100, "Acme", ["woken"])
    assert Feed.objects.values("watermark", "pulled_at").get() == {"watermark": None, "pulled_at": None}
    m3ter.faults.clear()
    assert pull() == (NOTHING | {"received": 250, "created": 150, "unchanged": 100, "watermark": NOW}, "")


def test_a_failure_later_on_leaves_the_watermark_where_it_was(m3ter: M3ter, pull: Pull, clock: time_machine.Traveller) -> None:
    m3ter.put(a_bill("b1"))
    pull()
    clock.move_to(LATER)
    m3ter.faults.append(Fault("billDateStart", 400, body='{"message": "Invalid billDateStart."}'))
    said, failed = pull()
    assert (said["watermark"], watermark()) == (NOW, NOW)
    assert failed.endswith("m3ter refused to give a list (HTTP 400): Invalid billDateStart.")


def test_a_bill_that_cannot_be_read_comes_again(m3ter: M3ter, pull: Pull, clock: time_machine.Traveller) -> None:
    m3ter.put(a_bill("b1"), a_bill("b2", currency="dollars"))
    said, failed = pull()
    [rejected] = said["rejected"]
    assert rejected["where"] == "bill 1 (id b2)" and rejected["why"].startswith("currency: ")
    assert said == NOTHING | {"received": 2, "created": 1, "watermark": None, "rejected": [rejected]}
    assert failed == "1 record was rejected; the others are kept."
    clock.move_to(LATER)
    m3ter.put(a_bill("b2", currency="EUR"))
    assert pull() == (NOTHING | {"received": 2, "created": 1, "unchanged": 1, "watermark": LATER}, "")


def test_an_account_that_cannot_be_read_holds_nothing_back(m3ter: M3ter, pull: Pull) -> None:
    m3ter.lists["accounts"] = [{"id": "", "name": "Nobody"}]
    m3ter.put(a_bill("b1"))
    said, failed = pull()
    assert (said["rejected"], said["watermark"]) == ([{"where": "account 1", "why": "id is missing."}], NOW)
    assert failed == "1 record was rejected; the others are kept."


def test_a_token_that_ends_is_renewed_once_and_nothing_is_missed(m3ter: M3ter, pull: Pull) -> None:
    m3ter.put(*(a_bill(f"b{number}") for number in range(150)))
    granted = m3ter.granted
    m3ter.watch = lambda path: m3ter.expire_tokens() if path == "bills" and len(m3ter.questions()) == 2 else None
    assert counts(pull()) == (150, 150, 0, 0)
    assert m3ter.granted == granted + 1


def test_a_service_user_without_permission_is_told_so(m3ter: M3ter, pull: Pull) -> None:
    m3ter.faults.append(Fault("/bills", 403, times=99))
    _, failed = pull()
    assert "permission policy" in failed and ORGANIZATION in failed
    assert len(m3ter.questions()) == 2 + 1  # one when the credential was made, one with the token, one with a new token


def test_a_revoked_key_marks_the_credential(m3ter: M3ter, pull: Pull) -> None:
    m3ter.secret = "another"
    m3ter.expire_tokens()
    _, failed = pull()
    assert "m3ter refused the login (HTTP 401)" in failed
    assert Credential.objects.get().status == "AUTH_FAILED"
    granted, asked = m3ter.granted, len(m3ter.asked)
    assert "m3ter refused the login (HTTP 401)" in pull()[1]
    assert (m3ter.granted, len(m3ter.asked)) == (granted, asked)


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_m3ter_is_asked_and_little_is_held(m3ter: M3ter, pull: Pull) -> None:
    stored: list[int] = []

    def look(path: str) -> None:
        assert not connection.in_atomic_block
        stored.append(Bill.objects.count())

    m3ter.put(*(a_bill(f"b{number:04}") for number in range(1300)))
    m3ter.watch = look
    assert counts(pull()) == (1300, 1300, 0, 0)
    assert stored[-1] == 1000


# --- whose credential -----------------------------------------------------------------------------------------------------------------


def test_without_a_credential_it_says_what_to_do(m3ter: M3ter) -> None:
    with pytest.raises(CommandError, match="No m3ter access key for m3ter is connected"):
        call_command("pull", "--source", "m3ter")


def test_of_several_credentials_one_is_named(m3ter: M3ter, pull: Pull, connect: Callable[..., str]) -> None:
    second = connect(name="Another")
    assert pull()[1] == "Several credentials open m3ter. Name one of them by its id."
    assert pull("--credential", second) == (NOTHING | {"watermark": NOW}, "")
    assert "with the id" in pull("--credential", str(uuid4()))[1]
    assert "with the id" in pull("--credential", "second")[1]


def test_a_source_stands_for_one_organization(m3ter: M3ter, pull: Pull) -> None:
    credential = Credential.objects.get()
    Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter", tenant="another")
    asked = len(m3ter.asked)
    assert "No m3ter access key for another" in pull()[1]
    assert "m3ter stands for another. Choose its own credential." in pull("--credential", str(credential.pk))[1]
    assert len(m3ter.asked) == asked


def test_two_sources_never_pull_the_same_organization(m3ter: M3ter, pull: Pull) -> None:
    pull()
    said, failed = pull("--platform", "m3ter", source="m3ter-eu")
    assert (said, failed) == ({}, f"{ORGANIZATION} is already the source m3ter; pulled twice, its Bills would be invoiced twice.")


def test_secrets_are_never_printed_or_logged(
    m3ter: M3ter, pull: Pull, connect: Callable[..., str], capsys: CaptureFixture[str], caplog: LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [str(pull())]
    echo = f'{{"message": "Bearer {TOKEN.format(1)}-{"x" * 20} was refused for {KEY}"}}'
    for status in (400, 403, 429, 500):
        m3ter.faults.append(Fault("/bills", status, times=7, body=echo))
        shown.append(str(pull()))
        m3ter.faults.clear()
    m3ter.secret = "another"
    m3ter.expire_tokens()
    shown.append(str(pull()))
    with pytest.raises(CommandError) as refused:
        connect(name="Another")
    output = capsys.readouterr()
    seen = " ".join([*shown, str(refused.value), output.out, output.err, caplog.text, *(str(row) for row in Credential.objects.values())])
    assert SECRET not in seen and TOKEN.format("") not in seen
