"""The flow end to end: the end state is read from the emulator's books, and asserted after doing it twice."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.utils import timezone

from billing.bill import Ref
from integrations import service as integrations
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs import lease, ledger, orders, recover
from runs.deliver import deliver
from runs.models import Delivery, Exchange, IntegrationRun, Member, Status
from runs.select import select
from runs.send import perform
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive

pytestmark = pytest.mark.django_db


def fresh(integration: IntegrationConfig) -> IntegrationConfig:
    return IntegrationConfig.objects.get(pk=integration.pk)


def work(integration: IntegrationConfig) -> list[str]:
    """Selects, settles and delivers until nothing is due; the statuses of all runs, oldest first."""
    select(fresh(integration))
    while recover.settle(fresh(integration)) + deliver(fresh(integration)):
        pass
    return list(IntegrationRun.objects.order_by("dt_created").values_list("status", flat=True))


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + dt.timedelta(seconds=seconds), tick=True)


def test_a_bill_becomes_an_invoice_once(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1", [a_line("l1", "2002.45232"), a_line("l2", "617.4028")], total=Decimal("2619.86")))

    assert work(integration) == work(integration) == ["COMPLETE"]

    invoice = books.one()
    assert (invoice["externalId"], invoice["memo"], invoice["total"]) == ("b-1", "b-1 r1 g1", Decimal("2619.86"))
    assert [line["amount"] for line in invoice["item"]["items"]] == [Decimal("2002.45"), Decimal("617.41")]
    delivery = Delivery.objects.get()
    assert delivery.verified_at and delivery.total == Decimal("2619.86") and delivery.external_id == invoice["id"]
    assert delivery.number == invoice["tranId"] and delivery.state == "IDLE"
    assert books.writes() == 1


def test_a_recalculated_bill_updates_the_same_invoice(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1", [a_line("l1", "10.00"), a_line("l2", "5.00")]))
    work(integration)
    arrive(a_bill("b-1", [a_line("l1", "12.00")], number=IntegrationRun.objects.get().bill.number))

    assert work(integration) == ["COMPLETE", "COMPLETE"]
    invoice = books.one()
    assert (invoice["total"], invoice["memo"], len(invoice["item"]["items"])) == (Decimal("12.00"), "b-1 r2 g2", 1)


def test_an_approval_alone_sends_nothing_again(integration: IntegrationConfig, books: Books) -> None:
    bill = a_bill("b-1", status="PENDING")
    arrive(bill)
    work(integration)
    arrive(a_bill("b-1", bill.lines, number=bill.number))

    assert work(integration) == ["COMPLETE"]
    assert books.writes() == 1


def test_missing_mappings_are_reported_together_and_nothing_is_sent(credential: object, books: Books) -> None:
    integration = an_integration(credential, netsuiteDefaultItemId="", useExternalMappingAccountCode=True)
    arrive(a_bill("b-1"), a_bill("b-2", [a_line(refs={})]))

    assert work(integration) == ["ERROR", "ERROR"]
    run = IntegrationRun.objects.get(bill__uid="b-1")
    assert run.error_code == "MISSING_MAPPING"
    assert sorted(problem.title for problem in run.problems.all()) == [
        "Account “Acme Cloud” has no Customer.",
        "Product “API calls” has no Item.",
    ]
    assert books.documents() == [] and not Exchange.objects.exists()


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset", "truncated"])
def test_a_lost_answer_is_settled_by_the_same_request(kind: str, integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    books.fault(kind)
    assert work(integration) in (["UNKNOWN"], ["COMPLETE"])

    with later(5):
        assert work(integration) == ["COMPLETE"]
    assert books.one()["memo"] == "b-1 r1 g1"
    assert Exchange.objects.get().state == "SETTLED"


def test_a_server_error_after_sending_is_unknown_until_settled(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    books.fault("status", status=503)

    assert work(integration) == ["UNKNOWN"]
    assert orders.retry(IntegrationRun.objects.get()).status == "UNKNOWN"
    with later(5):
        assert work(integration) == ["COMPLETE"]
    assert len(books.documents()) == 1


def test_intent_kill_resend_then_a_b_a(integration: IntegrationConfig, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker dies between the intent and the answer; the stored request goes again; then A, B, A is three more generations."""
    number = arrive(a_bill("b-1", [a_line("l1", "10.00")]))[0].number
    select(integration)
    monkeypatch.setattr("runs.deliver.perform", killed)
    with pytest.raises(KeyboardInterrupt):
        deliver(fresh(integration))
    monkeypatch.undo()
    exchange = Exchange.objects.get()
    assert (exchange.state, Delivery.objects.get().state, books.documents()) == ("INTENT", "SENDING", [])
    assert deliver(fresh(integration)) == 0

    monkeypatch.setattr(lease, "is_dead", lambda name: True)
    recover.lose_dead_intents()
    assert work(integration) == ["COMPLETE"]
    assert books.one()["memo"] == "b-1 r1 g1"
    assert Exchange.objects.get().key == exchange.key

    for after, amount in ((61, "20.00"), (62, "10.00")):
        arrive(a_bill("b-1", [a_line("l1", amount)], number=number))
        with later(after):
            work(integration)
    assert books.one()["memo"] == "b-1 r3 g3" and books.one()["total"] == Decimal("10.00")
    assert Exchange.objects.values("key").distinct().count() == 3


def killed(*args: object) -> None:
    raise KeyboardInterrupt


def test_a_late_worker_cannot_record(integration: IntegrationConfig, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease ran out while a worker was sending; somebody else settled it; what the first one then says does not count."""
    arrive(a_bill("b-1"))
    select(integration)
    kept: list[object] = []

    def slow(kit: object, pairs: object, until: dt.datetime, parallel: int) -> object:
        with monkeypatch.context() as inner:
            inner.setattr(lease, "is_dead", lambda name: True)
            recover.lose_dead_intents()
            recover.settle(fresh(integration))
        kept.append(Delivery.objects.get().settled_by_id)
        return perform(kit, pairs, until, parallel)  # type: ignore[arg-type]

    monkeypatch.setattr("runs.deliver.perform", slow)
    deliver(fresh(integration))
    assert [run.status for run in IntegrationRun.objects.all()] == ["COMPLETE"]
    assert kept == [Delivery.objects.get().settled_by_id] and len(books.documents()) == 1


def test_a_claim_without_intent_waits_again(integration: IntegrationConfig, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(a_bill("b-1"))
    select(integration)
    claim = ledger.claim(integration, 10, dt.timedelta(days=1))
    assert [run.bill.uid for run in claim.runs] == ["b-1"]
    assert ledger.claim(integration, 10, dt.timedelta(days=1)).runs == []

    assert recover.free_dead_claims() == 0
    with later(lease.LEASE.total_seconds() + 1):
        assert recover.free_dead_claims() == 1
        assert work(integration) == ["COMPLETE"]
    assert IntegrationRun.objects.get().deaths == 1


def test_what_the_destination_refuses_is_an_error_with_a_problem(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"), a_bill("b-2"))
    books.configure(required_fields=["department"])

    assert work(integration) == ["ERROR", "ERROR"]
    problem = IntegrationRun.objects.first().problems.get()
    assert problem.runs.count() == 2 and "Department" in problem.title + problem.why + problem.remedy

    books.configure(required_fields=[])
    for run in orders.failed():
        orders.retry(run)
    assert work(integration) == ["COMPLETE", "COMPLETE"]
    problem.refresh_from_db()
    assert problem.state == "closed"


def test_rate_limits_wait_and_go_again(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    books.fault("status", status=429)

    assert work(integration) == ["RATE_LIMIT_RETRY"]
    with later(10):
        assert work(integration) == ["COMPLETE"]
    assert len(books.documents()) == 1 and IntegrationRun.objects.get().attempts == 2


def test_a_paid_invoice_is_not_written_over(integration: IntegrationConfig, books: Books) -> None:
    number = arrive(a_bill("b-1"))[0].number
    work(integration)
    invoice = books.one()
    books.emulator.add_records("1234567_SB1", "invoice", [{"id": invoice["id"], "status": "Paid In Full"}])
    arrive(a_bill("b-1", [a_line("l1", "120.00")], number=number))

    assert work(integration) == ["COMPLETE", "INVOICE_ALREADY_PAID"]
    assert books.one()["total"] == Decimal("100.00")


def test_a_disabled_integration_holds_its_runs(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    select(integration)
    integrations.disable(integration, "by a test", None)
    assert work(integration) == ["WAITING"]
    retried = orders.retry(IntegrationRun.objects.select_related("integration").get())
    assert retried.status == Status.DISABLED and "disabled" in retried.error
    integrations.enable(fresh(integration), None)
    orders.retry(IntegrationRun.objects.get())
    assert work(integration) == ["COMPLETE"]


def test_a_second_integration_of_the_same_books_is_refused(integration: IntegrationConfig, credential: object, books: Books) -> None:
    arrive(a_bill("b-1"))
    work(integration)
    other = an_integration(credential, "NetSuite EU")

    assert work(other) == ["COMPLETE", "ERROR"]
    run = IntegrationRun.objects.get(integration=other)
    assert run.error_code == "OVERLAP" and "NetSuite US" in run.error
    assert len(books.documents()) == 1


def test_replay_sends_again_and_updates(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    work(integration)
    old = IntegrationRun.objects.get()
    new = orders.replay(old)

    assert new.replayed_from == old and work(integration) == ["COMPLETE", "COMPLETE"]
    assert books.one()["memo"] == "b-1 r1 g2"


def test_a_newer_revision_supersedes_what_waits(integration: IntegrationConfig, books: Books) -> None:
    number = arrive(a_bill("b-1"))[0].number
    select(integration)
    arrive(a_bill("b-1", [a_line("l1", "7.00")], number=number))

    assert work(integration) == ["SUPERSEDED", "COMPLETE"]
    assert books.one()["total"] == Decimal("7.00") and books.writes() == 1


def test_many_bills_go_as_one_job(integration: IntegrationConfig, books: Books) -> None:
    arrive(*[a_bill(f"b-{number}") for number in range(120)])
    books.hub.calls.clear()
    select(integration)
    while recover.settle(fresh(integration)) + deliver(fresh(integration)):
        pass
    with later(5):
        work(integration)

    assert {run.status for run in IntegrationRun.objects.all()} == {"COMPLETE"}
    assert len(books.documents()) == 120 and {len(each["item"]["items"]) for each in books.documents()} == {1}
    assert books.hub.calls.report()["total"] <= 0.1 * 120, books.hub.calls.report()
    assert not Delivery.objects.filter(verified_at=None).exists()


def test_one_bad_bill_of_a_job_fails_alone(integration: IntegrationConfig, books: Books) -> None:
    bad = a_line(refs={"Product": Ref(id="prod-bad", name="Gone")})
    ExternalMapping.objects.create(
        entity_type="Product", entity_id="prod-bad", external_system="Netsuite", external_table="Item", external_id="9999"
    )
    arrive(*[a_bill(f"b-{number}", [bad] if number == 7 else None) for number in range(30)])
    work(integration)
    with later(5):
        work(integration)

    wrong = IntegrationRun.objects.exclude(status="COMPLETE").get()
    assert (wrong.bill.uid, wrong.status) == ("b-7", "ERROR") and "9999" in wrong.error
    assert len(books.documents()) == 29


def test_a_lost_job_is_followed_not_repeated(integration: IntegrationConfig, books: Books) -> None:
    arrive(*[a_bill(f"b-{number}") for number in range(30)])
    books.fault("commit_then_drop", match="/record/v1/invoice")
    assert set(work(integration)) == {"UNKNOWN"}
    with later(5):
        work(integration)
    with later(10):
        work(integration)

    assert {run.status for run in IntegrationRun.objects.all()} == {"COMPLETE"}
    assert {len(each["item"]["items"]) for each in books.documents()} == {1} and len(books.documents()) == 30


def test_a_document_from_before_a_restored_backup_is_updated_not_appended_to(integration: IntegrationConfig, books: Books) -> None:
    arrive(*[a_bill(f"b-{number}") for number in range(30)])
    work(integration)
    with later(5):
        work(integration)
        Member.objects.all().delete()
        Exchange.objects.all().delete()
        Delivery.objects.update(settled_by=None)
        IntegrationRun.objects.all().delete()
        Delivery.objects.all().delete()
        work(integration)

    assert {len(each["item"]["items"]) for each in books.documents()} == {1} and len(books.documents()) == 30


def test_ten_refusals_for_ten_causes_switch_it_off_and_tell_people(
    integration: IntegrationConfig, books: Books, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    integrations.change_options(integration, integration.options | {"integrationDisabledNotificationUsers": ["ap@example.test"]}, None)
    for number in range(11):
        item = {"external_system": "Netsuite", "external_table": "Item", "external_id": f"99{number:02}"}
        ExternalMapping.objects.create(entity_type="Product", entity_id=f"prod-{number}", **item)
    arrive(*[a_bill(f"b-{number}", [a_line(refs={"Product": Ref(id=f"prod-{number}")})]) for number in range(10)])

    with django_capture_on_commit_callbacks(execute=True):
        assert set(work(integration)) == {"ERROR"}
    off = fresh(integration)
    assert (off.status, off.enabled, off.consecutive_errors) == ("DISABLED", False, 10)
    assert "10 times in a row" in off.disabled_reason and mailoutbox[0].to == ["ap@example.test"]

    integrations.enable(off, None)
    arrive(a_bill("good"))
    assert work(off)[-1] == "COMPLETE" and fresh(integration).consecutive_errors == 0


def test_one_cause_for_many_bills_switches_nothing_off(integration: IntegrationConfig, books: Books) -> None:
    arrive(*[a_bill() for _ in range(12)])
    books.configure(required_fields=["department"])

    assert set(work(integration)) == {"ERROR"}
    assert fresh(integration).enabled and fresh(integration).consecutive_errors == 1


def test_a_voided_bill_leaves_its_invoice_and_tells_people(integration: IntegrationConfig, books: Books) -> None:
    bill = a_bill("b-1")
    arrive(bill)
    work(integration)
    arrive(replace(bill, status="VOID"))

    assert work(integration) == work(integration) == ["COMPLETE", "ERROR"]
    run = IntegrationRun.objects.get(status="ERROR")
    assert run.error_code == "BILL_VOIDED" and run.problems.exists() and bill.number in run.error
    assert books.one()["total"] == Decimal("100.00") and books.writes() == 1


@pytest.mark.parametrize("policy", ["CREDIT_MEMO", "VOID"])
def test_a_voided_bill_is_credited_in_full_where_the_option_says_so(policy: str, integration: IntegrationConfig, books: Books) -> None:
    """NetSuite's REST API voids nothing, so that what is to be voided is credited."""
    integrations.change_options(integration, integration.options | {"voidPolicy": policy}, None)
    bill = a_bill("b-1", [a_line("l1", "70.004"), a_line("l2", "30.00")], total=Decimal("100.00"))
    arrive(bill)
    work(integration)
    arrive(replace(bill, status="VOID"))

    assert work(integration) == work(integration) == ["COMPLETE", "COMPLETE"]
    [memo] = books.documents("creditMemo")
    assert (memo["externalId"], memo["total"], memo["entity"]["id"]) == ("b-1-void", Decimal("100.00"), "1001")
    assert [line["amount"] for line in memo["item"]["items"]] == [Decimal("70.00"), Decimal("30.00")]
    assert books.one()["total"] == Decimal("100.00") and Delivery.objects.count() == 2


def test_a_bill_voided_before_it_went_never_goes(integration: IntegrationConfig, books: Books) -> None:
    bill = a_bill("b-1")
    arrive(bill)
    select(integration)
    arrive(replace(bill, status="VOID"))

    assert work(integration) == ["SUPERSEDED"] and books.documents() == []


def test_a_closed_period_holds_the_bill(integration: IntegrationConfig, books: Books) -> None:
    books.configure(closed_before="2026-11-01")
    arrive(a_bill("b-1"))
    assert work(integration) == ["ACCOUNTING_PERIOD_CLOSED"] and books.documents() == []


def test_a_closed_period_moves_the_bill_to_the_first_open_day_where_the_option_says_so(
    integration: IntegrationConfig, books: Books
) -> None:
    integrations.change_options(integration, integration.options | {"closedPeriodPolicy": "FIRST_OPEN_DAY"}, None)
    books.configure(closed_before="2026-11-01")
    bill = a_bill("b-1")
    arrive(bill)
    assert work(integration) == ["AWAITING_RETRY"]
    with later(5):
        assert work(integration) == ["COMPLETE"]
    run = IntegrationRun.objects.get()
    assert (books.one()["tranDate"], run.post_on) == ("2026-11-01", dt.date(2026, 11, 1)) and not run.problems.exists()

    arrive(replace(bill, lines=(a_line("l1", "120.00"),), total=Decimal("120.00")))
    with later(10):
        assert work(integration) == ["COMPLETE", "COMPLETE"]
    assert (books.one()["tranDate"], books.one()["total"]) == ("2026-11-01", Decimal("120.00"))
