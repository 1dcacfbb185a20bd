"""The suite is tested: each planted bug, one line of carelessness in the engine, turns the check that guards against it red."""

import datetime as dt
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from billing.bill import Bill, Movement
from integrations import service as integrations
from integrations.contract import Answer, Fault, Outcome, Request
from integrations.destinations.netsuite import answers as netsuite_answers
from integrations.destinations.netsuite import client as netsuite_client
from integrations.destinations.netsuite.client import NetSuiteClient
from integrations.models import IntegrationConfig
from runs import chains, deliver, lease, ledger, orders, recover, send
from runs.build import Kit, build
from runs.models import Delivery, Exchange, IntegrationRun, Slots, Status
from runs.points import point
from runs.select import select
from runs.send import Sent
from tests.engine.late import Late
from tests.engine.workers import Workers, at, fresh, statuses
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, arrive

pytestmark = pytest.mark.django_db
MANY = 30


@dataclass(frozen=True)
class Scene:
    integration: IntegrationConfig
    books: Books
    workers: Workers

    def work(self) -> list[str]:
        return self.workers.work(self.integration)

    def work_for(self, seconds: float) -> list[str]:
        return self.workers.work_for(self.integration, seconds)

    def deliver(self) -> int:
        return deliver.deliver(fresh(self.integration))

    def jobs(self) -> int:
        """How many jobs the destination was given."""
        return len(self.books.emulator.account(ACCOUNT).jobs._jobs)


def revise(uid: str, amount: str) -> None:
    arrive(a_bill(uid, [a_line("l1", amount)], number=IntegrationRun.objects.filter(bill__uid=uid)[0].bill.number))


# --- the checks: each plays one accident and asks the destination -----------------------------------------------------------------------


def a_lost_job_is_not_given_twice(scene: Scene) -> None:
    arrive(*[a_bill(f"b-{number}") for number in range(MANY)])
    scene.books.fault("commit_then_drop", match="/record/v1/invoice")
    scene.work()
    scene.work_for(60)
    assert len(scene.books.documents()) == MANY and scene.jobs() == 1


def a_late_worker_records_nothing(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    select(scene.integration)

    def another_goes_on() -> None:
        scene.work()
        scene.workers.clock.pass_by(61)
        revise("b-1", "7.00")
        scene.work()

    with scene.workers.stalled_at("sent", another_goes_on):
        scene.deliver()
    assert Delivery.objects.get().tag == scene.books.one()["memo"] == "b-1 r2 g2"


def what_was_sent_cannot_be_cancelled(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    select(scene.integration)
    with scene.workers.killed_at("sent") as died:
        scene.deliver()
    assert died
    scene.workers.recover()
    orders.cancel(IntegrationRun.objects.get())
    scene.work_for(60)
    assert statuses() == ["COMPLETE"] and len(scene.books.documents()) == 1


def an_error_after_sending_is_no_refusal(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    scene.books.fault("status", status=503, after=True)
    scene.work()
    orders.cancel(IntegrationRun.objects.get())
    assert statuses() == ["COMPLETE"] and len(scene.books.documents()) == 1


def a_worker_without_a_lease_sends_nothing(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    select(scene.integration)

    def another_goes_on() -> None:
        scene.work()
        scene.workers.clock.pass_by(61)
        revise("b-1", "7.00")
        scene.work()

    with scene.workers.stalled_at("before send", another_goes_on):
        scene.deliver()
    assert scene.books.one()["total"] == Decimal("7.00")


def a_b_a_is_three_requests(scene: Scene) -> None:
    for amount in ("10.00", "20.00", "10.00"):
        arrive(a_bill("b-1", [a_line("l1", amount)], number="INV-1"))
        scene.work()
    assert (scene.books.one()["memo"], scene.books.one()["total"]) == ("b-1 r3 g3", Decimal("10.00"))


def absent_is_believed_late(scene: Scene) -> None:
    arrive(*[a_bill(f"b-{number}") for number in range(MANY)])
    late = Late(scene.books, "/record/v1/invoice")
    scene.work()
    Exchange.objects.update(replay_until=timezone.now())
    for _ in range(2):
        scene.workers.clock.pass_by(5)
        scene.work()
    late.perform()
    scene.work_for(180)
    assert len(scene.books.documents()) == MANY and scene.jobs() == 1


def a_newer_revision_waits_for_what_may_still_arrive(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    late = Late(scene.books, "/invoice/")
    scene.work()
    scene.workers.clock.pass_by(5)
    scene.work()
    revise("b-1", "7.00")
    scene.work()
    late.perform()
    scene.work_for(90)
    assert scene.books.one()["total"] == Decimal("7.00")


def every_cent_arrives(scene: Scene) -> None:
    arrive(a_bill("b-1", [a_line("l1", "90071992547409.93"), a_line("l2", "0.02")]))
    scene.work_for(30)
    assert scene.books.one()["total"] == Decimal("90071992547409.95")


def complete_means_that_it_is_there(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    scene.books.fault("status", status=429)
    scene.work_for(60)
    assert statuses() == ["COMPLETE"] and len(scene.books.documents()) == 1


def the_same_bytes_go_again(scene: Scene) -> None:
    """Revision 1 was lost, revision 2 has come, the integration is off: what is settled is revision 1, as stored."""
    arrive(a_bill("b-1"))
    scene.books.fault("reset")
    scene.work()
    revise("b-1", "7.00")
    integrations.disable(fresh(scene.integration), "", None)
    scene.work_for(60)
    delivery = Delivery.objects.get()
    assert (delivery.tag, delivery.total) == (scene.books.one()["memo"], scene.books.one()["total"]) == ("b-1 r1 g1", Decimal("100.00"))


def two_workers_share_without_doubles(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    select(scene.integration)

    def another_looks_too(name: str) -> None:
        Slots.objects.update(count=1)
        with scene.workers.another():
            scene.work()

    with at("before send", 1, another_looks_too):
        scene.deliver()
    assert scene.books.writes() == 1 and statuses() == ["COMPLETE"]


def cancelled_is_not_sent(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    select(scene.integration)
    with at("starting", 1, lambda name: _cancel_all()):
        scene.deliver()
    assert scene.books.documents() == [] and statuses() == ["CANCELLED"]


def _cancel_all() -> None:
    IntegrationRun.objects.update(status=Status.CANCELLED)


def a_second_word_does_not_settle_the_first(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    scene.books.fault("commit_then_drop")
    scene.work()
    scene.books.configure(closed_before="2026-11-01")
    scene.work_for(120)
    assert statuses() == ["COMPLETE"] and len(scene.books.documents()) == 1


def a_refusal_is_not_repeated(scene: Scene) -> None:
    arrive(a_bill("b-1"))
    scene.books.configure(required_fields=["department"])
    scene.work_for(300)
    assert scene.books.writes() == 1 and statuses() == ["ERROR"]


def a_step_waits_for_the_one_before(scene: Scene) -> None:
    arrive(_paid("b-1"))
    scene.books.configure(required_fields=["department"])
    scene.work_for(60)
    assert scene.books.writes() == 1 and scene.books.documents("customerPayment") == []


def two_workers_unfold_a_chain_once(scene: Scene) -> None:
    arrive(_paid("b-1"))
    select(scene.integration)
    with scene.workers.stalled_at("before unfolding", lambda: chains.unfold(Kit.of(fresh(scene.integration)))):
        scene.deliver()
    scene.work_for(30)
    assert statuses() == ["COMPLETE"] * 3 and scene.books.writes() == 2


def a_lost_transform_is_asked_for(scene: Scene) -> None:
    options = scene.integration.options | {"documentFlow": "SALES_ORDER_TO_INVOICE"}
    integrations.change_options(fresh(scene.integration), options, None)
    arrive(a_bill("b-1"))
    scene.books.fault("commit_then_drop", match="!transform")
    scene.work_for(120)
    assert len(scene.books.documents()) == 1 and set(statuses()) == {"COMPLETE"}
    asked = [each["count"] for each in scene.books.hub.calls.report()["by"] if "!transform" in each["path"]]
    assert sum(asked) == 1, "what is no upsert was sent again"


def _paid(uid: str) -> Bill:
    return a_bill(uid, movements=(Movement(uid="p1", kind="payment", date=dt.date(2026, 11, 5), currency="USD", amount=Decimal(100)),))


CHECKS: list[Callable[[Scene], None]] = [
    a_lost_job_is_not_given_twice,
    a_late_worker_records_nothing,
    what_was_sent_cannot_be_cancelled,
    an_error_after_sending_is_no_refusal,
    a_worker_without_a_lease_sends_nothing,
    a_b_a_is_three_requests,
    absent_is_believed_late,
    a_newer_revision_waits_for_what_may_still_arrive,
    every_cent_arrives,
    complete_means_that_it_is_there,
    the_same_bytes_go_again,
    two_workers_share_without_doubles,
    cancelled_is_not_sent,
    a_second_word_does_not_settle_the_first,
    a_refusal_is_not_repeated,
    a_step_waits_for_the_one_before,
    two_workers_unfold_a_chain_once,
    a_lost_transform_is_asked_for,
]


# --- the bugs ---------------------------------------------------------------------------------------------------------------------------


def anybody_may_record(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "ours", lambda token, deliveries: set(deliveries))


def a_new_key_for_each_sending(patch: pytest.MonkeyPatch) -> None:
    stored = ledger.stored_request

    def with_another_key(exchange: Exchange) -> Request:
        request = stored(exchange)
        headers = {name: f"{value}-again" if "Idempotency" in name else value for name, value in request.headers.items()}
        return replace(request, headers=headers)

    patch.setattr(ledger, "stored_request", with_another_key)


def the_intent_is_stored_after_sending(patch: pytest.MonkeyPatch) -> None:
    intend, answers = ledger.intend, {}

    def send_then_store(taken: ledger.Claim, requests: Sequence[Request], runs: Mapping[str, IntegrationRun]) -> list[Exchange]:
        answers.update({request.key: Kit.of(taken.integration).client.send(request) for request in requests})
        point("sent")
        return intend(taken, requests, runs)

    def have_sent(kit: Kit, pairs: Sequence[tuple[Exchange, Request]], *_: object) -> list[Sent]:
        return [Sent(exchange, request, answer=answers[request.key]) for exchange, request in pairs]

    patch.setattr(ledger, "intend", send_then_store)
    patch.setattr(deliver, "perform", have_sent)


def a_server_error_means_not_accepted(patch: pytest.MonkeyPatch) -> None:
    def certain(request: Request, answer: Answer) -> Fault:
        fault = netsuite_answers.fault_of(request, answer)
        return replace(fault, next="retry", status="ERROR") if fault.next == "unknown" else fault

    patch.setattr(netsuite_client, "fault_of", certain)


def nobody_looks_at_the_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(send, "REQUEST_TIMEOUT", -1_000_000)


def the_generation_is_not_raised(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "F", lambda name: F(name) - 1 if name == "generation" else F(name))


def absent_is_absent_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recover, "_rest", lambda kit, exchange: dt.datetime(2000, 1, 1, tzinfo=dt.UTC))


def money_goes_through_float(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(netsuite_client, "_encode", lambda body: json.dumps(body, default=float).encode())


def too_many_requests_is_taken_for_success(patch: pytest.MonkeyPatch) -> None:
    said = NetSuiteClient._outcome

    def kind(client: NetSuiteClient, request: Request, member: str, answer: Answer) -> Outcome:
        return Outcome(member=member) if answer.status == 429 else said(client, request, member, answer)

    patch.setattr(NetSuiteClient, "_outcome", kind)


def the_body_is_built_anew_for_each_sending(patch: pytest.MonkeyPatch) -> None:
    stored = ledger.stored_request

    def rebuilt(exchange: Exchange) -> Request:
        run = exchange.members.select_related("run__bill__current_revision", "run__delivery", "run__integration__credential").get().run
        run.revision = run.bill.current_revision
        [built] = build(Kit.of(fresh(run.integration)), [run])
        return replace(stored(exchange), body=netsuite_client._encode(built.document.body))

    patch.setattr(ledger, "stored_request", rebuilt)


def everybody_else_is_taken_for_dead(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lease, "is_dead", lambda name: name != lease.me())


def a_claim_takes_what_others_hold(patch: pytest.MonkeyPatch) -> None:
    due = ledger.due

    def greedy(*arguments: Any) -> QuerySet[IntegrationRun]:
        Delivery.objects.update(state=Delivery.State.IDLE, lease_until=None)
        IntegrationRun.objects.filter(status=Status.STARTED).update(status=Status.WAITING)
        return due(*arguments)

    patch.setattr(ledger, "due", greedy)


def a_run_is_started_whatever_it_has_become(patch: pytest.MonkeyPatch) -> None:
    def start(runs: list[IntegrationRun], now: dt.datetime) -> list[IntegrationRun]:
        point("starting")
        IntegrationRun.objects.filter(pk__in=[run.pk for run in runs]).update(status=Status.STARTED, dt_started=now)
        return runs

    patch.setattr(ledger, "_start", start)


def the_second_answer_is_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recover, "_second_word", lambda kit, exchange, said: said)


def a_refusal_is_tried_again(patch: pytest.MonkeyPatch) -> None:
    def passing(request: Request, answer: Answer) -> Fault:
        fault = netsuite_answers.fault_of(request, answer)
        return replace(fault, next="retry") if fault.next == "person" else fault

    patch.setattr(netsuite_client, "fault_of", passing)


def nobody_waits_for_the_step_before(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "unblocked", lambda: Q())


def a_chain_is_unfolded_whoever_has_done_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(chains, "_ours", list)


def a_transform_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    made = NetSuiteClient._transform
    patch.setattr(NetSuiteClient, "_transform", lambda *arguments: replace(made(*arguments), replay_window=None))


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], Callable[[Scene], None]]] = [
    (anybody_may_record, a_late_worker_records_nothing),
    (a_new_key_for_each_sending, a_lost_job_is_not_given_twice),
    (the_intent_is_stored_after_sending, what_was_sent_cannot_be_cancelled),
    (a_server_error_means_not_accepted, an_error_after_sending_is_no_refusal),
    (nobody_looks_at_the_lease, a_worker_without_a_lease_sends_nothing),
    (the_generation_is_not_raised, a_b_a_is_three_requests),
    (absent_is_absent_at_once, absent_is_believed_late),
    (absent_is_absent_at_once, a_newer_revision_waits_for_what_may_still_arrive),
    (money_goes_through_float, every_cent_arrives),
    (too_many_requests_is_taken_for_success, complete_means_that_it_is_there),
    (the_body_is_built_anew_for_each_sending, the_same_bytes_go_again),
    (everybody_else_is_taken_for_dead, two_workers_share_without_doubles),
    (a_claim_takes_what_others_hold, two_workers_share_without_doubles),
    (a_run_is_started_whatever_it_has_become, cancelled_is_not_sent),
    (the_second_answer_is_believed, a_second_word_does_not_settle_the_first),
    (a_refusal_is_tried_again, a_refusal_is_not_repeated),
    (nobody_waits_for_the_step_before, a_step_waits_for_the_one_before),
    (a_chain_is_unfolded_whoever_has_done_it, two_workers_unfold_a_chain_once),
    (a_transform_is_sent_again, a_lost_transform_is_asked_for),
]


@pytest.fixture
def scene(integration: IntegrationConfig, books: Books, workers: Workers) -> Scene:
    return Scene(integration, books, workers)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_engine_stands_every_check(check: Callable[[Scene], None], scene: Scene) -> None:
    check(scene)


@pytest.mark.parametrize(("bug", "check"), PLANTED, ids=lambda part: part.__name__)
def test_a_planted_bug_is_found(
    bug: Callable[[pytest.MonkeyPatch], None], check: Callable[[Scene], None], scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    with pytest.raises(Exception) as found, transaction.atomic():
        check(scene)
    assert not isinstance(found.value, AttributeError | TypeError | NameError), "the bug itself is broken"


def test_every_check_guards_against_something() -> None:
    assert {check for _, check in PLANTED} == set(CHECKS)
    assert len({bug for bug, _ in PLANTED}) >= 10


def test_a_stored_request_is_what_was_sent(scene: Scene) -> None:
    """The body that is stored before sending is the one that arrived, byte for byte."""
    arrive(a_bill("b-1"))
    late = Late(scene.books, "/invoice/")
    scene.work()
    assert zlib.decompress(Exchange.objects.get().body) == late.kept[0].body
