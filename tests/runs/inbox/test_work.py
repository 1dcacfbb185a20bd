"""Stored events are worked: whatever order they came in, what is stored in the end is the source's current state."""

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_q.tasks import async_task
from pytest import MonkeyPatch

from billing.models import Bill, Source
from credentials.models import Credential
from runs import holds, inbox_work, intake_tasks, tasks
from runs.models import Feed, Inbound
from tests.runs.inbox.posting import an_event, post
from tests.sources.m3ter.api import Fault, M3ter, a_bill

pytestmark = pytest.mark.django_db
Work = Callable[[], int]


@pytest.fixture
def work(api_credential: Credential, hook_credential: Credential, woken: list[int]) -> Work:
    return lambda: intake_tasks.work_inbox(Source.objects.get(slug="m3ter").pk)


def states() -> dict[str, str]:
    return dict(Inbound.objects.values_list("event_id", "state"))


def test_the_current_state_is_read_whatever_the_order(m3ter: M3ter, work: Work) -> None:
    """An update that comes before its creation, and an old one that comes late, end in the same Bill."""
    m3ter.put(a_bill("b1", status="PENDING"))
    m3ter.put(a_bill("b1", status="APPROVED", total=11))
    post(an_event("ev-2", name="billing.bill.updated"))
    post(an_event("ev-1", name="billing.bill.created"))
    assert work() == 2
    bill = Bill.objects.get()
    assert (bill.status, bill.total, bill.revisions.count()) == ("APPROVED", 11, 1)
    assert [asked["ids"] for asked in m3ter.questions()[1:]] == ["b1"]
    m3ter.put(a_bill("b1", status="PENDING", total=12))
    post(an_event("ev-0", name="billing.bill.created"))
    assert work() == 1
    bill.refresh_from_db()
    assert (bill.status, bill.total, bill.revisions.count()) == ("PENDING", 12, 2)
    assert set(states().values()) == {"DONE"}


def test_an_event_about_nothing_of_ours_is_settled(m3ter: M3ter, work: Work) -> None:
    post(an_event("ev-1", name="meter.created"))
    post(an_event("ev-2", bill="deleted"))
    assert work() == 2
    assert (states(), Bill.objects.count()) == ({"ev-1": "DONE", "ev-2": "DONE"}, 0)


def test_new_bills_wake_the_engine(m3ter: M3ter, work: Work, monkeypatch: MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(tasks, "wake_all", lambda: calls.append("woken"))
    m3ter.put(a_bill("b1"))
    for number in range(2):
        post(an_event(f"ev-{number}"))
        work()
    assert calls == ["woken"]


def test_an_unreadable_bill_fails_its_events_alone(m3ter: M3ter, work: Work) -> None:
    m3ter.put(a_bill("b1", currency="??"), a_bill("b2"))
    post(an_event("ev-1", "b1"))
    post(an_event("ev-2", "b2"))
    work()
    assert states() == {"ev-1": "FAILED", "ev-2": "DONE"}
    assert "currency" in Inbound.objects.get(event_id="ev-1").error


def test_a_source_that_does_not_answer_is_asked_again_ever_later(m3ter: M3ter, work: Work) -> None:
    m3ter.put(a_bill("b1"))
    fault = Fault("/bills", 500, times=9999)
    m3ter.faults.append(fault)
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        post(an_event())
        work()
        first = Inbound.objects.get()
        assert (first.state, first.tries) == ("WAITING", 1) and "HTTP 500" in first.error and first.next_try_at is not None
        assert work() == 0 and Inbound.objects.get().tries == 1
        for _ in range(inbox_work.PATIENCE.tries):
            clock.shift(dt.timedelta(hours=1))
            m3ter.expire_tokens()
            work()
    assert (states(), Inbound.objects.get().tries) == ({"ev-1": "FAILED"}, inbox_work.PATIENCE.tries)
    fault.times = 0
    post(an_event("ev-2"))
    assert work() == 1 and Bill.objects.count() == 1


def test_without_a_login_events_wait(hook_credential: Credential, woken: list[int]) -> None:
    post(an_event())
    assert intake_tasks.work_inbox(Source.objects.get().pk) == 0
    event = Inbound.objects.get()
    assert event.state == "WAITING" and event.error == "No m3ter access key for m3ter is connected. Create one under Credentials."


def test_one_process_at_a_time_works_on_a_source(m3ter: M3ter, work: Work) -> None:
    post(an_event())
    soon = timezone.now() + dt.timedelta(minutes=1)
    Feed.objects.create(source=Source.objects.get(), inbox_owner="elsewhere/1/0", inbox_until=soon)
    assert work() == 0 and states() == {"ev-1": "WAITING"}
    Feed.objects.update(inbox_until=timezone.now() - dt.timedelta(seconds=1))
    assert work() == 1


def test_what_a_dead_worker_left_is_finished(m3ter: M3ter, work: Work, woken: list[int]) -> None:
    post(an_event())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = holds.lease.owner(process.pid)
        Feed.objects.create(source=Source.objects.get(), inbox_owner=owner, inbox_until=timezone.now() + dt.timedelta(minutes=9))
        woken.clear()
        assert intake_tasks.wake_idle() == 0
        process.kill()
    assert intake_tasks.wake_idle() == 1 and woken == [Source.objects.get().pk]
    assert work() == 1 and intake_tasks.wake_idle() == 0


def test_nobody_is_woken_while_jobs_wait_already(m3ter: M3ter, work: Work) -> None:
    post(an_event())
    async_task("runs.tasks.probe")
    assert intake_tasks.wake_idle() == 0


@pytest.mark.parametrize(("burst", "backlog"), [(90, 40), pytest.param(10_000, 5_000, marks=pytest.mark.slow)])
def test_hooks_in_a_burst(m3ter: M3ter, work: Work, settings: Any, burst: int, backlog: int) -> None:
    """What is acknowledged is stored and worked; what is turned away is told when to come again, as sources do, and taken then."""
    settings.INBOX_BACKLOG = backlog
    m3ter.put(*(a_bill(f"b{number}") for number in range(40)))
    coming = [an_event(f"ev-{number}", f"b{number % 40}") for number in range(burst)]
    acknowledged: set[str] = set()
    while coming:
        answers = [(event, post(event)) for event in coming]
        assert [answer.status_code for _, answer in answers[:backlog]] == [200] * min(backlog, len(answers))
        assert {(answer.status_code, answer.headers.get("Retry-After")) for _, answer in answers[backlog:]} <= {(429, "30")}
        acknowledged |= {event["id"] for event, answer in answers if answer.status_code == 200}
        coming = [event for event, answer in answers if answer.status_code == 429]
        assert set(states()) == acknowledged
        while inbox_work.due().exists():
            work()
        assert set(states().values()) == {"DONE"}
    assert len(acknowledged) == burst and Bill.objects.count() == 40
