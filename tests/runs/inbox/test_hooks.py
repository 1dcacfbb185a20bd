"""The hook address: acknowledged means stored, refused means counted and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest import MonkeyPatch

from billing.models import Source
from credentials.models import Credential
from runs import inbox
from runs.models import HookCount, Inbound
from tests.runs.inbox.posting import ADDRESS, CREDENTIAL, OTHER, SECRET, an_event, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def connected(hook_credential: Credential, woken: list[int]) -> Credential:
    return hook_credential


def counted() -> dict[str, int]:
    return {each.kind: each.count for each in HookCount.objects.all()}


def test_an_event_is_stored_once_and_wakes_a_worker_once(woken: list[int]) -> None:
    answer = post(an_event())
    assert (answer.status_code, answer.content, answer.cookies) == (200, b"", {})
    event = Inbound.objects.get()
    assert (event.event_id, event.type, event.subject, event.state) == ("ev-1", "billing.bill.updated", "b1", "WAITING")
    assert Source.objects.get().slug == "m3ter" and woken == [event.source_id]
    assert post(an_event()).status_code == 200
    assert post(an_event("ev-2")).status_code == 200
    assert (Inbound.objects.count(), woken, counted()) == (2, [event.source_id], {"repeated": 1})


def test_a_settled_event_that_comes_again_is_not_worked_again(woken: list[int]) -> None:
    post(an_event())
    Inbound.objects.update(state=Inbound.State.DONE)
    assert post(an_event()).status_code == 200
    assert (Inbound.objects.get().state, len(woken)) == ("DONE", 1)


REFUSED: dict[str, tuple[Callable[[], Any], int, str]] = {
    "another secret": (lambda: post(an_event(), secret="x"), 401, "forged"),
    "no signature": (lambda: Client().post(ADDRESS, b"{}", content_type="application/json"), 401, "forged"),
    "stale": (lambda: post(an_event(), stamp="1700000000"), 401, "forged"),
    "not JSON": (lambda: post(b"\xff{"), 400, "unreadable"),
    "no id": (lambda: post({"eventName": "x"}), 400, "unreadable"),
    "an id of 201 characters": (lambda: post(an_event("x" * 201)), 400, "unreadable"),
    "a NUL": (lambda: post(an_event("a\x00b")), 400, "unreadable"),
    "a megabyte and a byte": (lambda: post(b"x" * 1_000_001), 413, "oversized"),
    "nobody's address": (lambda: post(an_event(), address="/hooks/nobody/"), 404, "unknown"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_counted_and_nothing_is_stored(case: str, woken: list[int]) -> None:
    send, status, kind = REFUSED[case]
    answer = send()
    assert (answer.status_code, answer.content) == (status, b"")
    assert (Inbound.objects.count(), Source.objects.count(), woken, counted()) == (0, 0, [], {kind: 1})


def test_without_a_secret_nothing_is_believed(connected: Credential) -> None:
    connected.delete()
    assert post(an_event()).status_code == 404
    assert counted() == {"no secret": 1}


def test_only_a_post_is_answered() -> None:
    assert Client().get(ADDRESS).status_code == 405
    assert counted() == {}


def test_a_length_that_lies_is_not_read_beyond_the_limit() -> None:
    asked: list[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        return b"x" * size

    assert inbox.receive("m3ter", inbox.Post(headers={}, length=0, read=read)) == "oversized"
    assert inbox.receive("m3ter", inbox.Post(headers={}, length=10**9, read=read)) == "oversized"
    assert asked == [1_000_001]


def test_two_secrets_are_valid_while_one_is_replaced(create: Callable[..., Credential]) -> None:
    """In one credential, as a second one, and no longer once it is gone."""
    create(CREDENTIAL, name="rotated", secret=OTHER, previousSecret="older")
    for number, secret in enumerate((SECRET, OTHER, "older")):
        assert post(an_event(f"ev-{number}"), secret=secret).status_code == 200
    Credential.objects.exclude(name="rotated").update(status="DISCONNECTED")
    assert post(an_event("ev-9")).status_code == 401


def test_another_organizations_secret_does_not_speak_for_a_source(create: Callable[..., Credential]) -> None:
    Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter", tenant=CREDENTIAL["organizationId"])
    create(CREDENTIAL, name="other", organizationId="other", secret=OTHER)
    assert post(an_event(), secret=OTHER).status_code == 401
    assert post(an_event()).status_code == 200


def test_a_full_backlog_is_told_to_come_again_and_loses_nothing(settings: Any) -> None:
    settings.INBOX_BACKLOG = 5
    answers = [post(an_event(f"ev-{number}")) for number in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert answers[-1].headers["Retry-After"] == "30"
    assert post(an_event("ev-0")).status_code == 200
    Inbound.objects.filter(event_id__in=["ev-0", "ev-1"]).update(state="DONE")
    assert [post(an_event(f"ev-{number}")).status_code for number in (5, 6, 7)] == [200, 200, 429]
    assert set(Inbound.objects.values_list("event_id", flat=True)) == {f"ev-{number}" for number in range(7)}
    assert counted() == {"busy": 4, "repeated": 1}


def test_a_database_that_cannot_store_is_told_to_come_again(monkeypatch: MonkeyPatch) -> None:
    def locked(*_: Any) -> str:
        raise OperationalError("database is locked")

    monkeypatch.setattr(inbox, "_store", locked)
    answer = post(an_event())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_no_secret_is_kept_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    post(an_event())
    post(an_event(), secret="x")
    assert SECRET not in caplog.text and SECRET not in str(list(Inbound.objects.values()))
