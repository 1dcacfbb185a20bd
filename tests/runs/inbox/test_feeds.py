"""The sweep of the sources: read by themselves and when a person asks, compared with what is stored, and missed when they fall silent."""

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_q.models import Schedule
from pytest import MonkeyPatch

from billing.models import Bill, Source
from credentials.models import Credential
from runs import feeds, intake_tasks, problems, silence, tasks
from runs.models import Event, Feed, Inbound, Problem
from tests.runs.factories import a_bill as a_canonical_bill
from tests.runs.factories import an_integration, arrive
from tests.runs.inbox.posting import ADDRESS, an_event, post
from tests.runs.pages import a_client
from tests.sources.m3ter.api import ORGANIZATION, Fault, M3ter, a_bill

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
READER = ("billing.view_source", "billing.view_bill")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def asked(monkeypatch: MonkeyPatch) -> list[int]:
    """The sources that a worker was asked to read."""
    calls: list[int] = []
    monkeypatch.setattr(intake_tasks, "wake", calls.append)
    return calls


@pytest.fixture
def source(clock: time_machine.Traveller, api_credential: Credential, asked: list[int]) -> Source:
    intake_tasks.pull_due()
    asked.clear()
    return Source.objects.get()


def read(source: Source) -> int:
    return intake_tasks.read(source.pk)


def the_page(source: Source, client: Client | None = None) -> str:
    answer = (client or a_client(*READER, "runs.operate")).get(f"/admin/billing/source/{source.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


# --- the schedule ----------------------------------------------------------------------------------------------


def test_the_schedules_are_there_from_the_first_migration_on() -> None:
    assert set(Schedule.objects.values_list("name", flat=True)) >= {"sweep", "pulls", "silence"}


def test_a_new_login_has_its_source_and_is_read_at_once(api_credential: Credential, asked: list[int]) -> None:
    assert intake_tasks.pull_due() == 1
    source = Source.objects.get()
    assert (source.slug, source.tenant, asked) == ("m3ter", ORGANIZATION, [source.pk])


def test_a_source_that_files_made_is_taken_over(api_credential: Credential, asked: list[int]) -> None:
    source = Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    intake_tasks.pull_due()
    assert Source.objects.get().tenant == ORGANIZATION and asked == [source.pk]


def test_a_second_organization_is_a_second_source(api_credential: Credential, asked: list[int]) -> None:
    Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter", tenant="another")
    assert [feed.source.slug for feed in feeds.meet()] == ["m3ter-2"] and feeds.meet() == []


def test_it_is_read_again_after_a_quarter_of_an_hour(source: Source, asked: list[int], clock: time_machine.Traveller) -> None:
    read(source)
    assert intake_tasks.pull_due() == 0
    clock.shift(dt.timedelta(minutes=15))
    assert intake_tasks.pull_due() == 1 and asked == [source.pk]


def test_one_process_at_a_time_reads_a_source(source: Source, m3ter: M3ter, clock: time_machine.Traveller) -> None:
    m3ter.put(a_bill("b1"))
    Feed.objects.update(owner="elsewhere/1/0", lease_until=NOW + dt.timedelta(minutes=9))
    assert intake_tasks.pull_due() == 0 and read(source) == 0
    clock.shift(dt.timedelta(minutes=10))
    assert intake_tasks.pull_due() == 1 and read(source) == 1


def test_progress_is_kept_while_it_reads(source: Source, m3ter: M3ter, monkeypatch: MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(tasks, "beat", lambda busy: seen.append(Feed.objects.get().records))
    m3ter.put(*(a_bill(f"b{number}") for number in range(1100)))
    read(source)
    assert {500, 1000} <= set(seen)
    assert (Feed.objects.get().owner, Bill.objects.count()) == ("", 1100)


# --- what it repairs ----------------------------------------------------------------------------------------------


def test_locked_recalculated_and_voided_bills_become_revisions(source: Source, m3ter: M3ter, clock: time_machine.Traveller) -> None:
    """A lock says nothing about money: it moves the column and makes no revision."""
    m3ter.put(a_bill("same"), a_bill("lock"), a_bill("again"), a_bill("void"))
    read(source)
    clock.shift(dt.timedelta(minutes=20))
    m3ter.put(a_bill("lock", locked=True), a_bill("again", status="PENDING", total=12), a_bill("void", status="VOID"))
    read(source)
    stored = {bill.uid: (bill.status, bill.locked, bill.revisions.count()) for bill in Bill.objects.all()}
    assert stored == {
        "same": ("APPROVED", False, 1),
        "lock": ("APPROVED", True, 1),
        "again": ("PENDING", False, 2),
        "void": ("VOID", False, 2),
    }


def test_what_no_event_told_is_found(source: Source, m3ter: M3ter, hook_credential: Credential, clock: time_machine.Traveller) -> None:
    m3ter.put(a_bill("told"), a_bill("lost"))
    assert post(an_event("ev-1", "told"), stamp=str(int(NOW.timestamp()))).status_code == 200
    intake_tasks.work_inbox(source.pk)
    assert set(Bill.objects.values_list("uid", flat=True)) == {"told"}
    read(source)
    assert set(Bill.objects.values_list("uid", flat=True)) == {"told", "lost"}


# --- a person asks ----------------------------------------------------------------------------------------------


def test_pull_now_and_backfill(source: Source, m3ter: M3ter, asked: list[int], clock: time_machine.Traveller) -> None:
    m3ter.put(a_bill("may", "2026-05-31"), a_bill("november", "2026-11-15"))
    read(source)
    clock.shift(dt.timedelta(minutes=1))
    client = a_client(*READER, "runs.operate")
    client.post(f"/admin/billing/source/{source.pk}/pull/")
    assert asked == [source.pk] and "Waiting for a worker." in the_page(source, client)
    m3ter.put(a_bill("may", "2026-05-31", total=11))
    m3ter.asked.clear()
    read(source)
    assert Bill.objects.get(uid="may").total != 11
    client.post(f"/admin/billing/source/{source.pk}/pull/", {"start": "2026-05-01"})
    m3ter.asked.clear()
    assert read(source) == 2 and m3ter.questions()[0]["billDateStart"] == "2026-05-01"
    assert Bill.objects.get(uid="may").total == 11
    assert (Feed.objects.get().asked_at, Feed.objects.get().asked_start) == (None, None)
    events = Event.objects.filter(verb="asked to be read").order_by("id")
    assert [event.after for event in events] == [{"start": None}, {"start": "2026-05-01"}]


def test_what_cannot_be_read_is_not_asked_for(source: Source, asked: list[int]) -> None:
    client = a_client(*READER, "runs.operate")
    address = f"/admin/billing/source/{source.pk}/pull/"
    assert "the date is not one" in client.post(address, {"start": "soon"}, follow=True).content.decode()
    Credential.objects.all().delete()
    assert "No m3ter access key" in client.post(address, follow=True).content.decode()
    assert asked == [] and a_client(*READER).post(address).status_code == 403 and client.get(address).status_code == 405


def test_the_page_says_how_it_goes(source: Source, m3ter: M3ter, hook_credential: Credential, clock: time_machine.Traveller) -> None:
    assert "never" in the_page(source)
    m3ter.put(a_bill("b1", currency="??"))
    m3ter.faults.append(Fault("/bills", 500, times=6))
    read(source)
    page = the_page(source)
    assert "The last reading did not come to its end." in page and "HTTP 500" in page
    read(source)
    page = the_page(source)
    assert "did not come to its end" not in page and "1 record could not be read" in page and "in 15 min" in page
    post(an_event("ev-1", "b1"), stamp=str(int(NOW.timestamp())))
    post(an_event("ev-2", "b1"), secret="x")
    intake_tasks.work_inbox(source.pk)
    page = the_page(source)
    assert f"http://127.0.0.1:8000{ADDRESS}" in page and "Forged or stale" in page and str(hook_credential) in page
    assert "billing.bill.updated" in page and Inbound.objects.get().error in page.replace("&#x27;", "'")
    assert "Pull now" in page and "Pull now" not in the_page(source, a_client(*READER))


# --- silence ----------------------------------------------------------------------------------------------


def open_problems() -> dict[str, str]:
    return dict(Problem.objects.filter(state="open").values_list("code", "title"))


def test_a_source_that_cannot_be_read_is_a_problem_until_it_can(source: Source, m3ter: M3ter, clock: time_machine.Traveller) -> None:
    integration = an_integration()
    read(source)
    m3ter.faults.append(Fault("/bills", 500, times=9999))
    clock.shift(dt.timedelta(minutes=59))
    read(source)
    intake_tasks.watch()
    assert open_problems() == {}
    clock.shift(dt.timedelta(minutes=2))
    intake_tasks.watch()
    intake_tasks.watch()
    assert open_problems() == {"SOURCE_FAILING": "m3ter cannot be read: new and changed Bills do not arrive."}
    problem = Problem.objects.get()
    assert (problem.integration, problem.why) == (integration, "m3ter could not answer (HTTP 500).")
    m3ter.faults.clear()
    read(source)
    intake_tasks.watch()
    assert open_problems() == {} and Problem.objects.get().closed_at == timezone.now()


def test_a_source_that_sends_nothing_for_longer_than_ever_is_a_problem(clock: time_machine.Traveller) -> None:
    an_integration()
    for day in range(0, 40, 10):
        clock.move_to(NOW + dt.timedelta(days=day))
        arrive(a_canonical_bill())
    source = Source.objects.get()
    assert silence.rhythm(source).pause == dt.timedelta(days=10)
    clock.shift(dt.timedelta(days=14))
    intake_tasks.watch()
    assert open_problems() == {}
    clock.shift(dt.timedelta(days=2))
    intake_tasks.watch()
    assert open_problems() == {"SOURCE_SILENT": "m3ter has sent no new Bill since 21 Dec 2026."}
    arrive(a_canonical_bill())
    intake_tasks.watch()
    assert open_problems() == {}


def test_too_little_is_known_of_a_new_source(clock: time_machine.Traveller) -> None:
    an_integration()
    arrive(a_canonical_bill())
    clock.shift(dt.timedelta(days=400))
    intake_tasks.watch()
    assert open_problems() == {}


def test_other_runs_leave_it_open(source: Source, m3ter: M3ter, clock: time_machine.Traveller) -> None:
    """It holds no run, so what closes problems without runs leaves it alone."""
    integration = an_integration()
    m3ter.faults.append(Fault("/bills", 500, times=9999))
    read(source)
    clock.shift(dt.timedelta(hours=2))
    intake_tasks.watch()
    problems.close_empty(integration)
    assert set(open_problems()) == {"SOURCE_FAILING"}
