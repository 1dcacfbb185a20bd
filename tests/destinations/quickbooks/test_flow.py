"""The flow with QuickBooks: what it costs in calls, and what becomes of documents that somebody else touched."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from integrations import service as integrations
from integrations.guard import CUSTOMER_CURRENCY
from integrations.models import IntegrationConfig
from mappings import held, service
from mappings.models import ExternalMapping
from runs import catalogue, causes, orders, readiness
from runs.models import Delivery, Exchange, IntegrationRun, Problem
from tests.engine.workers import Clock, Workers, a_clock, at
from tests.places import QUICKBOOKS
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, arrive
from tests.wire import emulated

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Iterator[Books]:
    with emulated() as hub:
        yield Books(hub, QUICKBOOKS)


@pytest.fixture
def clock(books: Books) -> Iterator[Clock]:
    with a_clock() as clock:
        yield clock


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Workers:
    return Workers(monkeypatch, clock)


@pytest.fixture
def integration(db: None, books: Books) -> IntegrationConfig:
    QUICKBOOKS.map("acc-1", "1001")
    credential = QUICKBOOKS.credential(books.emulator.credential_files(None)["QUICKBOOKS_OAUTH"])
    books.hub.calls.clear()
    return QUICKBOOKS.integration(credential, "QuickBooks US")


def comes(uid: str, *amounts: str, **facts: object) -> None:
    arrive(a_bill(uid, [a_line(f"l{at}", amount) for at, amount in enumerate(amounts or ("100.00",))], number=f"I-{uid}", **facts))


def calls(books: Books) -> dict[str, int]:
    """{last part of the path: count} since the last time."""
    counted: dict[str, int] = {}
    for call in books.hub.calls.report()["by"]:
        name = call["path"].rpartition("/")[2]
        counted[name] = counted.get(name, 0) + call["count"]
    books.hub.calls.clear()
    return counted


def the_only(books: Books) -> dict[str, object]:
    [invoice] = books.documents("Invoice")
    return {name: invoice[name] for name in ("TotalAmt", "PrivateNote", "SyncToken")}


def person_retries(integration: IntegrationConfig, workers: Workers) -> None:
    orders.retry(IntegrationRun.objects.order_by("dt_created").last())
    workers.work(integration)


# --- calls -------------------------------------------------------------------------------------------------------------------------------


def test_one_bill_is_one_call_and_verified(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    comes("b-1")
    assert workers.work(integration) == ["COMPLETE"]
    assert calls(books) == {"invoice": 1}
    delivery = Delivery.objects.get()
    assert delivery.verified_at and (delivery.number, delivery.total, delivery.held_status) == ("I-b-1", Decimal("100.00"), "Open")
    assert Exchange.objects.get().trace.startswith("1-")


def test_many_bills_cost_a_thirtieth_of_a_call_each(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    for number in range(120):
        comes(f"b-{number}")
    assert set(workers.work(integration)) == {"COMPLETE"}
    assert calls(books) == {"batch": 4} and 4 / 120 <= 0.036
    assert not Delivery.objects.filter(verified_at=None).exists()
    assert len(books.found()) == 120


def test_an_update_costs_one_read_for_all(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    for total in ("100.00", "70.00"):
        for number in range(31):
            comes(f"b-{number}", total)
        assert set(workers.work(integration)) == {"COMPLETE"}
    assert calls(books) == {"batch": 2, "invoice": 2, "query": 1}
    assert {each.total for each in books.found()} == {Decimal("70.00")}


# --- what is ours already ----------------------------------------------------------------------------------------------------------------


def forgotten() -> None:
    """As after a backup of the day before was put back: the documents stand, and we do not know it."""
    for model in (Exchange, IntegrationRun, Delivery):
        Delivery.objects.update(settled_by=None)
        model.objects.all().delete()


def test_our_own_document_is_taken_over(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    comes("b-1")
    workers.work(integration)
    forgotten()
    books.configure(request_id_seconds=0)
    assert workers.work(integration) == ["COMPLETE"]
    assert the_only(books) == {"TotalAmt": Decimal("100.00"), "PrivateNote": "b-1 r1 g1", "SyncToken": "0"}
    assert Delivery.objects.get().verified_at


def test_an_older_one_of_ours_is_brought_up_to_date(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    comes("b-1")
    workers.work(integration)
    comes("b-1", "70.00", "5.00")
    forgotten()
    assert workers.work_for(integration, 30) == ["COMPLETE"]
    assert the_only(books) == {"TotalAmt": Decimal("75.00"), "PrivateNote": "b-1 r2 g2", "SyncToken": "1"}


def test_somebody_elses_document_is_left_alone(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    line = {"DetailType": "SalesItemLineDetail", "Amount": 5, "SalesItemLineDetail": {"ItemRef": {"value": "2001"}}}
    entry = {"DocNumber": "I-b-1", "CustomerRef": {"value": "1001"}, "Line": [line], "PrivateNote": "by hand"}
    books.emulator.add_records(QUICKBOOKS.tenant, "Invoice", [entry])
    comes("b-1")
    assert workers.work(integration) == ["ERROR"]
    run = IntegrationRun.objects.get()
    assert run.error_code == "DUPLICATE_NUMBER" and "I-b-1" in run.error
    assert the_only(books)["PrivateNote"] == "by hand"


def test_an_invoice_is_not_in_its_own_way(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """Its new number is somebody else's: that is a person's business, not a reason to try again."""
    for uid in ("b-1", "b-2"):
        comes(uid)
        workers.work(integration)
    arrive(a_bill("b-1", number="I-b-2"))
    assert workers.work_for(integration, 60) == ["COMPLETE", "COMPLETE", "ERROR"]
    assert IntegrationRun.objects.get(revision__number=2).error_code == "DUPLICATE_NUMBER"


def test_a_lost_answer_is_found_when_the_request_id_is_forgotten(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    books.configure(request_id_seconds=0)
    comes("b-1")
    books.fault("commit_then_drop")
    assert workers.work(integration) == ["UNKNOWN"]
    workers.clock.pass_by(5)
    assert workers.work(integration) == ["COMPLETE"]
    assert len(books.found()) == 1


# --- what somebody else changed ----------------------------------------------------------------------------------------------------------


def edited(books: Books, **changes: object) -> None:
    [invoice] = books.documents("Invoice")
    books.emulator.add_records(QUICKBOOKS.tenant, "Invoice", [{"Id": invoice["Id"], **changes}])


def test_a_change_that_is_not_ours_stands_between_two_writes(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """Somebody writes to it after we have read it: it is read again, and as nothing of ours was changed, the Bill is written."""
    comes("b-1")
    workers.work(integration)
    comes("b-1", "70.00")
    with at("intent stored", 1, lambda name: edited(books, CustomerMemo={"value": "Thank you"})):
        workers.work(integration)
    assert workers.work_for(integration, 30) == ["COMPLETE", "COMPLETE"]
    [invoice] = books.documents("Invoice")
    assert (invoice["TotalAmt"], invoice["CustomerMemo"], invoice["SyncToken"]) == (Decimal("70.00"), {"value": "Thank you"}, "2")


def test_a_change_of_what_is_ours_stops_the_next_try(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    comes("b-1")
    workers.work(integration)
    comes("b-1", "70.00")
    line = {"DetailType": "SalesItemLineDetail", "Amount": 5, "SalesItemLineDetail": {"ItemRef": {"value": "2001"}}}
    with at("intent stored", 1, lambda name: edited(books, Line=[line])):
        workers.work(integration)
    assert workers.work_for(integration, 30) == ["COMPLETE", "ERROR"]
    assert IntegrationRun.objects.get(revision__number=2).error_code == "CHANGED_AT_DESTINATION"
    assert the_only(books)["TotalAmt"] == 5
    person_retries(integration, workers)
    assert the_only(books)["TotalAmt"] == Decimal("70.00")


def test_a_paid_invoice_is_not_written_over(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    comes("b-1")
    workers.work(integration)
    edited(books, Balance=40)
    comes("b-1", "70.00")
    assert workers.work(integration) == ["COMPLETE", "INVOICE_ALREADY_PAID"]


def test_a_deleted_invoice_is_made_again_only_by_a_person(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    comes("b-1")
    workers.work(integration)
    edited(books, deleted=True)
    comes("b-1", "70.00")
    workers.work(integration)
    assert IntegrationRun.objects.get(revision__number=2).error_code == "DELETED_AT_DESTINATION" and books.found() == []
    person_retries(integration, workers)
    assert the_only(books) == {"TotalAmt": Decimal("70.00"), "PrivateNote": "b-1 r2 g2", "SyncToken": "0"}


def test_a_bill_that_gets_its_number_later_keeps_its_invoice(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    arrive(a_bill("b-1", number=""))
    workers.work(integration)
    [invoice] = books.documents("Invoice")
    assert invoice["DocNumber"].startswith("BP-")
    arrive(a_bill("b-1", number="INV-77"))
    workers.work(integration)
    [renumbered] = books.documents("Invoice")
    assert (renumbered["Id"], renumbered["DocNumber"]) == (invoice["Id"], "INV-77")


# --- the customer's currency -------------------------------------------------------------------------------------------------------------


def bill_in_euros_for_a_customer_in(books: Books, currency: str) -> None:
    books.emulator.add_records("9130", "Customer", [{"Id": "1001", "CurrencyRef": {"value": currency}}])
    comes("b-1", currency="EUR")


def test_a_customer_in_another_currency_is_told_before_anything_is_sent(
    integration: IntegrationConfig, books: Books, workers: Workers, django_capture_on_commit_callbacks: Any
) -> None:
    bill_in_euros_for_a_customer_in(books, "USD")
    catalogue.read(integration.credential)
    calls(books)
    [blocked] = readiness.readiness(integration).blocked
    assert workers.work(integration) == ["ERROR"] and calls(books) == {}
    run, [problem] = IntegrationRun.objects.get(), Problem.objects.all()
    assert (run.error_code, blocked.fault.code, problem.who) == (CUSTOMER_CURRENCY, CUSTOMER_CURRENCY, "Someone with the permission to map")
    assert problem.title == "Nothing was sent: the customer Acme Cloud (1001) is billed in USD only, and this Bill is in EUR."
    waiting = held.waiting("QuickBooks", "Customer", [("Account", "acc-1")], integration.pk)
    assert (waiting.of(("Account", "acc-1")).money, waiting.together.bills) == ({"EUR": Decimal("100.00")}, 0)
    mapping = ExternalMapping.objects.get(entity_type="Account")
    [cause] = causes.causes(integration, [blocked], "/back/")
    assert (cause.title[:30], cause.label) == ("The customer Acme Cloud (1001)", "Change mapping")
    assert cause.url == f"/admin/mappings/externalmapping/{mapping.pk}/change/?next=%2Fback%2F"
    mapping.external_id = "1002"
    with django_capture_on_commit_callbacks(execute=True):
        service.save(mapping, None)
    assert workers.work(integration)[-1] == "COMPLETE" and calls(books) == {"invoice": 1}
    assert books.documents("Invoice")[0]["CustomerRef"]["value"] == "1002"


def test_a_customer_that_is_not_read_yet_is_left_to_quickbooks(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    bill_in_euros_for_a_customer_in(books, "USD")
    assert workers.work(integration) == ["ERROR"] and calls(books) == {"invoice": 1}
    assert IntegrationRun.objects.get().error_code == "CURRENCY"


def test_a_customer_in_the_bills_currency_gets_it(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    bill_in_euros_for_a_customer_in(books, "EUR")
    catalogue.read(integration.credential)
    assert workers.work(integration) == ["COMPLETE"]
    assert books.documents("Invoice")[0]["CurrencyRef"]["value"] == "EUR"


def test_an_account_id_as_it_is_is_compared_too(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    ExternalMapping.objects.filter(entity_type="Account").delete()
    books.emulator.add_records("9130", "Customer", [{"Id": "acc-1", "DisplayName": "Acme", "CurrencyRef": {"value": "GBP"}}])
    catalogue.read(integration.credential)
    comes("b-1")
    assert workers.work(integration) == ["ERROR"]
    assert "Acme (acc-1) is billed in GBP only" in IntegrationRun.objects.get().error


def test_a_voided_bill_voids_its_invoice_where_the_option_says_so(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    integrations.change_options(integration, integration.options | {"voidPolicy": "VOID"}, None)
    comes("b-1", "60.00", "40.00")
    workers.work(integration)
    comes("b-1", "60.00", "40.00", status="VOID")

    workers.work(integration)
    workers.work(integration)

    [invoice] = books.documents("Invoice")
    assert (invoice["TotalAmt"], invoice["PrivateNote"]) == (Decimal("0"), "Voided")
    delivery = Delivery.objects.get()
    assert (delivery.total, delivery.state) == (Decimal("0"), "IDLE") and delivery.verified_at
    assert list(IntegrationRun.objects.values_list("status", flat=True)) == ["COMPLETE", "COMPLETE"]
    assert not Problem.objects.exclude(state="closed").exists()


def test_an_invoice_that_is_paid_is_not_voided(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    integrations.change_options(integration, integration.options | {"voidPolicy": "VOID"}, None)
    comes("b-1")
    workers.work(integration)
    edited(books, Balance=0)
    comes("b-1", status="VOID")

    workers.work(integration)

    assert books.documents("Invoice")[0]["TotalAmt"] == Decimal("100.00")
    assert IntegrationRun.objects.filter(status="INVOICE_ALREADY_PAID").count() == 1
