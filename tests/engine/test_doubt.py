"""What must not be believed: a refusal of the second sending says nothing about the first, and a late word changes nothing."""

from decimal import Decimal

import pytest

from integrations import service as integrations
from integrations.contract import Answer
from integrations.contract import Request as ContractRequest
from integrations.destinations.netsuite.client import NetSuiteClient
from integrations.models import IntegrationConfig
from runs import orders, recover
from runs.deliver import deliver
from runs.models import Delivery, Exchange, IntegrationRun, Problem
from runs.select import select
from tests.engine.late import Late
from tests.engine.workers import Workers, at, fresh, statuses
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, arrive

pytestmark = pytest.mark.django_db


def revise(uid: str, amount: str) -> None:
    number = IntegrationRun.objects.filter(bill__uid=uid)[0].bill.number
    arrive(a_bill(uid, [a_line("l1", amount)], number=number))


def lost_then(books: Books, *orders: dict[str, object]) -> None:
    """The first write is done but its answer lost; the next writes fare as ordered."""
    books.configure(faults=[{"match": "/invoice", "kind": "commit_then_drop", "times": 1}, *orders])


@pytest.mark.parametrize("status", [429, 503])
def test_a_second_sending_that_is_turned_away_does_not_settle_the_first(
    status: int, integration: IntegrationConfig, books: Books, workers: Workers
) -> None:
    arrive(a_bill("b-1"))
    lost_then(books, {"match": "/invoice", "kind": "status", "status": status, "times": 2})
    assert workers.work(integration) == ["UNKNOWN"]
    workers.clock.pass_by(5)
    assert workers.work(integration) == ["UNKNOWN"]

    assert Exchange.objects.get().state == "INTENT"
    assert orders.cancel(IntegrationRun.objects.get()).status == "COMPLETE" and len(books.documents()) == 1


def test_a_second_sending_whose_login_is_refused_does_not_settle_the_first(
    integration: IntegrationConfig, books: Books, workers: Workers
) -> None:
    arrive(a_bill("b-1"))
    lost_then(books, {"match": "/invoice", "kind": "status", "status": 401, "times": 4})
    workers.work(integration)
    workers.clock.pass_by(5)
    assert workers.work(integration) == ["UNKNOWN"]
    assert orders.cancel(IntegrationRun.objects.get()).status == "UNKNOWN"
    assert fresh(integration).status == "AUTH FAILED" and Exchange.objects.get().state == "INTENT"


def test_a_login_that_is_refused_under_load_is_tried_once_more_before_it_is_believed(
    integration: IntegrationConfig, books: Books, workers: Workers
) -> None:
    arrive(a_bill("b-1"), a_bill("b-2"))
    books.fault("status", status=401, times=4)
    select(integration)
    deliver(fresh(integration))
    assert sorted(statuses()) == ["COMPLETE", "RATE_LIMIT_RETRY"] and fresh(integration).status == "CONNECTED"
    refused = IntegrationRun.objects.get(status="RATE_LIMIT_RETRY")
    assert (refused.error_code, refused.members.get().exchange.status_code) == ("LOGIN_DOUBTED", 401)

    assert workers.work_for(integration, 30) == ["COMPLETE", "COMPLETE"]
    assert sorted(document["externalId"] for document in books.documents()) == ["b-1", "b-2"] and not Problem.objects.exists()


def test_a_login_that_is_refused_alone_too_is_believed(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    arrive(a_bill("b-1"), a_bill("b-2"))
    books.fault("status", status=401, times=1000)
    assert workers.work(integration) == ["AUTH_FAILED", "AUTH_FAILED"]
    assert fresh(integration).status == "AUTH FAILED" and Problem.objects.get().code == "AUTH_FAILED"


def test_an_answer_that_is_lost_at_the_second_try_is_asked_for(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    arrive(a_bill("b-1"))
    refused = {"match": "/invoice", "kind": "status", "status": 401, "times": 2}
    books.configure(faults=[refused, {"match": "/invoice", "kind": "commit_then_drop", "times": 1}])
    select(integration)
    deliver(fresh(integration))
    assert statuses() == ["UNKNOWN"] and fresh(integration).status == "CONNECTED"

    assert workers.work_for(integration, 60) == ["COMPLETE"] and len(books.documents()) == 1


def test_a_question_whose_login_is_refused_is_asked_once_more(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    arrive(a_bill("b-1"))
    workers.work(integration)
    revise("b-1", "7.00")
    books.fault("status", status=401, times=2, match="suiteql")

    assert workers.work(integration)[-1] == "COMPLETE" and fresh(integration).status == "CONNECTED"
    assert books.one()["total"] == Decimal("7.00")


def test_a_second_sending_that_cannot_leave_does_not_settle_the_first(
    integration: IntegrationConfig, books: Books, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(a_bill("b-1"))
    lost_then(books)
    assert workers.work(integration) == ["UNKNOWN"]
    workers.clock.pass_by(5)
    with workers.stalled_at("before resend", workers.clock.pass_lease):
        workers.work(integration)
    assert Delivery.objects.get().state == "UNKNOWN" and Exchange.objects.get().state == "INTENT"


def test_a_second_sending_that_is_refused_is_accepted_when_the_first_arrived(
    integration: IntegrationConfig, books: Books, workers: Workers
) -> None:
    """The period was closed between the two: the document stands, so it is posted, whatever the second answer says."""
    arrive(a_bill("b-1"))
    lost_then(books)
    assert workers.work(integration) == ["UNKNOWN"]
    books.configure(closed_before="2026-11-01")
    workers.clock.pass_by(5)

    assert workers.work(integration) == ["COMPLETE"]
    assert books.one()["memo"] == "b-1 r1 g1"


def test_a_refusal_of_the_second_sending_counts_when_the_first_did_not_arrive(
    integration: IntegrationConfig, books: Books, workers: Workers
) -> None:
    arrive(a_bill("b-1"))
    books.configure(required_fields=["department"], faults=[{"match": "/invoice", "kind": "reset", "times": 1}])
    assert workers.work(integration) == ["UNKNOWN"]

    assert workers.work_for(integration, 120) == ["ERROR"]
    assert books.documents() == [] and Exchange.objects.get().state == "SETTLED"


def test_the_answer_of_a_worker_that_lost_its_lease_settles_nothing(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """Its exchange is somebody else's by then: closed by the late one, it would never be looked at again."""
    arrive(a_bill("b-1"))
    select(integration)
    with workers.stalled_at("sent", workers.recover) as stalled:
        deliver(fresh(integration))
    assert stalled and statuses() == ["UNKNOWN"]

    workers.clock.pass_by(5)
    assert workers.work(integration) == ["COMPLETE"]
    assert books.one()["memo"] == "b-1 r1 g1"


@pytest.mark.parametrize("point", ["before intent", "built", "before send"])
def test_a_worker_that_lost_its_lease_does_not_send(point: str, integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """By then the Bill was corrected and posted by another one; the late request would put the old amount over the new."""
    arrive(a_bill("b-1"))
    select(integration)

    def go_on() -> None:
        workers.work(integration)
        revise("b-1", "7.00")
        workers.work_for(integration, 120)

    with workers.stalled_at(point, go_on) as stalled:
        deliver(fresh(integration))
    assert stalled and statuses()[-1] == "COMPLETE"
    assert books.one()["total"] == Decimal("7.00")
    assert workers.work_for(integration, 120)[-1] == "COMPLETE" and books.one()["total"] == Decimal("7.00")


def test_a_run_that_was_cancelled_while_it_was_claimed_is_not_sent(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    arrive(a_bill("b-1"), a_bill("b-2"))
    select(integration)
    first = IntegrationRun.objects.filter(bill__uid="b-1")
    with at("starting", 1, lambda name: first.update(status="CANCELLED") and None):
        deliver(fresh(integration))
    assert sorted(statuses()) == ["CANCELLED", "COMPLETE"]
    assert books.one()["externalId"] == "b-2"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"IDLE"}


def test_a_claim_that_moved_on_while_it_was_read_is_not_freed(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """It was dead when it was read; by the time it is freed the slot is in the hands of a third worker, with another revision."""
    arrive(a_bill("b-1"))
    select(integration)
    with workers.killed_at("built"):
        deliver(fresh(integration))

    def a_third_goes_on(name: str) -> None:
        workers.work(integration)
        revise("b-1", "7.00")
        select(fresh(integration))
        with workers.paused_at("built"):
            deliver(fresh(integration))

    with at("before freeing", 1, a_third_goes_on):
        assert recover.free_dead_claims() == 0
    assert Delivery.objects.get().state == "CLAIMED" and statuses() == ["COMPLETE", "STARTED"]


def test_an_intent_that_moved_on_while_it_was_read_is_not_lost(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    arrive(a_bill("b-1"))
    select(integration)
    with workers.killed_at("sent"):
        deliver(fresh(integration))

    def a_third_goes_on(name: str) -> None:
        workers.work_for(integration, 90)
        revise("b-1", "7.00")
        select(fresh(integration))
        with workers.paused_at("sent"):
            deliver(fresh(integration))

    with at("before losing", 1, a_third_goes_on):
        assert recover.lose_dead_intents() == 0
    assert Delivery.objects.get().state == "SENDING" and statuses() == ["COMPLETE", "STARTED"]


def test_a_request_that_arrives_after_its_repetition_is_overtaken_by_no_newer_revision(
    integration: IntegrationConfig, books: Books, workers: Workers
) -> None:
    arrive(a_bill("b-1"))
    late = Late(books, "/invoice/")
    assert workers.work(integration) == ["UNKNOWN"]
    workers.clock.pass_by(5)
    assert workers.work(integration) == ["COMPLETE"]
    revise("b-1", "7.00")
    assert workers.work(integration) == ["COMPLETE", "WAITING"]
    late.perform()

    assert set(workers.work_for(integration, 90)) == {"COMPLETE"}
    assert books.one()["total"] == Decimal("7.00") and books.one()["memo"] == "b-1 r2 g2"


def test_a_job_that_is_late_is_not_given_twice(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """The collection is taken late, after its repetition: it names the same key, so there is one job and every line stands once."""
    arrive(*[a_bill(f"b-{number}") for number in range(30)])
    late = Late(books, "/record/v1/invoice")
    workers.work(integration)
    assert late.kept
    workers.clock.pass_by(5)
    workers.work(integration)
    late.perform()

    assert set(workers.work_for(integration, 90)) == {"COMPLETE"}
    assert len(books.documents()) == 30 and {len(each["item"]["items"]) for each in books.documents()} == {1}


def test_what_a_sleeping_request_overwrote_is_seen(
    integration: IntegrationConfig, books: Books, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that slept between its last look at the clock and the wire: nothing can call its request back, but it is found out."""
    arrive(a_bill("b-1"))
    select(integration)
    send = NetSuiteClient.send

    def asleep(client: NetSuiteClient, sent: ContractRequest) -> Answer:
        monkeypatch.setattr(NetSuiteClient, "send", send)
        workers.clock.pass_lease()
        with workers.another():
            workers.work(integration)
            workers.clock.pass_by(61)
            revise("b-1", "7.00")
            workers.work(integration)
        return send(client, sent)

    monkeypatch.setattr(NetSuiteClient, "send", asleep)
    deliver(fresh(integration))
    assert books.one()["total"] == Decimal("100.00")

    workers.work_for(integration, 60)
    problem = Problem.objects.get(state="open")
    assert problem.code == "VERIFY_DIFFERENCE" and "7.00" in problem.title
    orders.retry(problem.runs.get())
    workers.work_for(integration, 60)
    assert books.one()["total"] == Decimal("7.00")
    problem.refresh_from_db()
    assert problem.state == "closed"


@pytest.mark.parametrize(("lost", "memo"), [("commit_then_drop", "b-1 r1 g1"), ("reset", "b-1 r1 g2")])
def test_a_bill_is_moved_to_an_open_day_only_when_it_did_not_arrive_on_its_own(
    lost: str, memo: str, integration: IntegrationConfig, books: Books, workers: Workers
) -> None:
    integrations.change_options(integration, integration.options | {"closedPeriodPolicy": "FIRST_OPEN_DAY"}, None)
    arrive(a_bill("b-1"))
    books.configure(faults=[{"match": "/invoice", "kind": lost, "times": 1}])
    assert workers.work(integration) == ["UNKNOWN"]
    books.configure(closed_before="2026-11-01")
    workers.clock.pass_by(5)

    assert workers.work_for(integration, 180) == ["COMPLETE"]
    assert (books.one()["memo"], books.one()["tranDate"]) == (memo, "2026-10-31" if lost == "commit_then_drop" else "2026-11-01")
