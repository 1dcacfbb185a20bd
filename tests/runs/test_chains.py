"""Several documents of one Bill: orders, invoices, deposits, payments, credits, refunds. The judge reads NetSuite's books."""

import datetime as dt
import json
from decimal import Decimal as D
from typing import Any

import pytest

from billing.bill import Bill as CanonicalBill
from billing.bill import Movement, Ref
from integrations.emulation.contract import Request
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs import orders, tasks
from runs.models import Delivery, IntegrationRun, Status
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive
from tests.runs.test_flow import later, work

pytestmark = pytest.mark.django_db
ACCOUNT = "1234567_SB1"


def moved(kind: Any, uid: str, amount: str, day: int = 5, **more: Any) -> Movement:
    return Movement(uid=uid, kind=kind, date=dt.date(2026, 11, day), currency="USD", amount=D(amount), **more)


def chain(credential: object, flow: str = "SALES_ORDER_TO_INVOICE", **options: Any) -> IntegrationConfig:
    return an_integration(
        credential, documentFlow=flow, **{"refundAccountId": "25", "discountItemId": "2019", "taxItemId": "2018"} | options
    )


def again(bill: CanonicalBill, **changes: Any) -> None:
    """The Bill as its source says it now."""
    facts = {name: getattr(bill, name) for name in bill.__slots__} | changes
    arrive(CanonicalBill(**facts))


def post(books: Books, path: str, body: dict[str, Any]) -> None:
    answer = books.hub.handle(Request.build("POST", f"https://127.0.0.1{path}", {}, json.dumps(body)))
    assert answer.status < 300, answer.body


def fulfil(books: Books, order: str) -> None:
    records = [{"createdFrom": {"externalId": order}}]
    post(books, "/_emulator/records", {"system": "netsuite", "tenant": ACCOUNT, "type": "itemFulfillment", "records": records})


def inventory(books: Books) -> None:
    """Item 9001 is kept in stock; the product prod-box is mapped to it."""
    records = [{"id": "9001", "itemId": "BOX", "displayName": "Router box"}]
    post(books, "/_emulator/records", {"system": "netsuite", "tenant": ACCOUNT, "type": "inventoryItem", "records": records})
    ExternalMapping.objects.create(
        entity_type="Product", entity_id="prod-box", external_system="Netsuite", external_table="Item", external_id="9001"
    )


def a_box() -> CanonicalBill:
    return a_bill("b-1", [a_line("l1", "80.00", refs={"Product": Ref(id="prod-box", name="Router box")})])


def counts(books: Books) -> dict[str, int]:
    kinds = ("salesOrder", "invoice", "customerPayment", "customerDeposit", "depositApplication", "creditMemo", "customerRefund")
    return {kind: found for kind in kinds if (found := len(books.documents(kind)))}


def steps() -> list[tuple[str, str]]:
    runs = IntegrationRun.objects.filter(parent__isnull=False).order_by("dt_created", "sequence")
    return list(runs.values_list("delivery__slot", "status"))


def parents() -> list[str]:
    return list(IntegrationRun.objects.filter(delivery__slot="chain").order_by("dt_created").values_list("status", flat=True))


def test_an_order_its_invoice_and_its_payment(credential: object, customer: object, books: Books) -> None:
    integration = chain(credential)
    arrive(a_bill("b-1", [a_line("l1", "60.00"), a_line("l2", "40.00")], movements=(moved("payment", "p1", "100.00"),)))

    work(integration)
    work(integration)

    assert counts(books) == {"salesOrder": 1, "invoice": 1, "customerPayment": 1}
    [order], [invoice], [payment] = (books.documents(kind) for kind in ("salesOrder", "invoice", "customerPayment"))
    assert (order["externalId"], order["memo"], order["total"]) == ("so-b-1", "b-1 r1 g1", D("100.00"))
    assert (invoice["externalId"], invoice["createdFrom"]["id"], invoice["total"]) == ("b-1", order["id"], D("100.00"))
    assert (payment["externalId"], payment["apply"]["items"][0]["doc"]["id"], payment["total"]) == (
        "pay-b-1-p1",
        invoice["id"],
        D("100.00"),
    )
    assert invoice["status"]["refName"] == "Paid In Full"
    assert steps() == [("order", "COMPLETE"), ("main", "COMPLETE"), ("payment:p1", "COMPLETE")]
    parent = IntegrationRun.objects.get(delivery__slot="chain")
    assert (parent.status, parent.external_id, parent.amount) == ("COMPLETE", invoice["id"], D("100.00"))
    assert not Delivery.objects.exclude(slot="chain").filter(verified_at=None).exists()


def test_a_payment_that_comes_later_touches_nothing_else(credential: object, customer: object, books: Books) -> None:
    integration = chain(credential)
    bill = a_bill("b-1")
    arrive(bill)
    work(integration)
    before = books.writes()
    again(bill, movements=(moved("payment", "p1", "30.00"),))

    work(integration)

    assert counts(books) == {"salesOrder": 1, "invoice": 1, "customerPayment": 1}
    assert books.writes() == before + 1
    assert [slot for slot, _ in steps()] == ["order", "main", "payment:p1"]
    assert parents() == ["COMPLETE", "COMPLETE"]


def test_an_invoice_without_an_order_gets_its_payment_too(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1", movements=(moved("payment", "p1", "100.00"),)), a_bill("b-2"))

    work(integration)

    assert counts(books) == {"invoice": 2, "customerPayment": 1}
    assert IntegrationRun.objects.filter(parent=None).count() == 2


def test_a_failed_step_stops_its_own_bill_only(credential: object, customer: object, books: Books) -> None:
    integration = chain(credential)
    arrive(a_bill("b-1", movements=(moved("payment", "p1", "100.00"),)), a_bill("b-2"))
    books.fault("status", status=400, match="so-b-1/!transform")

    work(integration)

    assert counts(books) == {"salesOrder": 2, "invoice": 1}
    assert ("payment:p1", "WAITING") in steps() and sorted(parents()) == ["COMPLETE", "ERROR"]
    [failed] = orders.failed(integration)
    assert failed.delivery.slot == "main"
    orders.retry(IntegrationRun.objects.get(delivery__slot="chain", status="ERROR"))
    work(integration)
    assert counts(books) == {"salesOrder": 2, "invoice": 2, "customerPayment": 1}
    assert parents() == ["COMPLETE", "COMPLETE"]


def test_what_is_shipped_is_invoiced_when_it_is_fulfilled(credential: object, customer: object, books: Books) -> None:
    """Order, deposit for the money that came first, invoice after fulfilment, and the deposit applied to it: all by itself."""
    inventory(books)
    integration = chain(credential, "AUTO")
    bill = a_box()
    arrive(bill)
    work(integration)
    assert counts(books) == {"salesOrder": 1} and parents() == ["WAITING"]
    again(bill, movements=(moved("payment", "p1", "80.00"),))
    work(integration)
    assert counts(books) == {"salesOrder": 1, "customerDeposit": 1} and parents() == ["SUPERSEDED", "WAITING"]
    assert tasks.polled(integration) == 0

    fulfil(books, "so-b-1")
    calls = books.hub.calls.report()["total"]
    assert tasks.polled(integration) == 1
    assert books.hub.calls.report()["total"] == calls + 1
    work(integration)
    work(integration)

    assert counts(books) == {"salesOrder": 1, "customerDeposit": 1, "invoice": 1, "depositApplication": 1}
    [deposit] = books.documents("customerDeposit")
    assert deposit["salesOrder"]["id"] == books.documents("salesOrder")[0]["id"]
    assert books.one()["status"]["refName"] == "Paid In Full"
    assert parents() == ["SUPERSEDED", "COMPLETE"]


def test_a_deposit_that_netsuite_applies_by_itself_is_ours(credential: object, customer: object, books: Books) -> None:
    inventory(books)
    books.configure(auto_apply_deposits=True)
    integration = chain(credential, "AUTO")
    bill = a_box()
    again(bill, movements=(moved("payment", "p1", "80.00"),))
    work(integration)
    fulfil(books, "so-b-1")
    tasks.polled(integration)

    work(integration)
    work(integration)

    assert counts(books) == {"salesOrder": 1, "customerDeposit": 1, "invoice": 1, "depositApplication": 1}
    [application] = books.documents("depositApplication")
    assert (application["externalId"], application["memo"]) == ("pay-b-1-p1", "b-1 r1 g1")
    assert parents() == ["COMPLETE"] and books.one()["status"]["refName"] == "Paid In Full"


def test_a_service_is_invoiced_at_once_and_another_type_is_named(credential: object, customer: object, books: Books) -> None:
    records = [{"id": "9002", "itemId": "GIFT", "displayName": "Gift"}]
    post(books, "/_emulator/records", {"system": "netsuite", "tenant": ACCOUNT, "type": "otherChargeSaleItem", "records": records})
    ExternalMapping.objects.create(
        entity_type="Product", entity_id="prod-gift", external_system="Netsuite", external_table="Item", external_id="9002"
    )
    integration = chain(credential, "AUTO", netsuiteDefaultItemId="2001")
    arrive(a_bill("b-1"), a_bill("b-2", [a_line("l1", refs={"Product": Ref(id="prod-gift", name="Gift")})]))

    work(integration)

    assert counts(books) == {"salesOrder": 1, "invoice": 1}
    refused = IntegrationRun.objects.get(error_code="NO_SYNC_FLOW")
    assert "no sync flow is defined for invoice" in refused.error and "9002" in refused.error
    assert [problem.code for problem in refused.problems.all()] == ["NO_SYNC_FLOW"]
    ExternalMapping.objects.filter(entity_id="prod-gift").update(external_id="2001")
    orders.retry(refused)
    work(integration)
    assert counts(books) == {"salesOrder": 2, "invoice": 2}


def test_credits_and_refunds_settle_as_the_source_says(integration: IntegrationConfig, books: Books) -> None:
    """Paid, then a part credited and refunded: the invoice stays paid, the credit memo is given back."""
    integration = an_integration(integration.credential, "With refunds", refundAccountId="25")
    IntegrationConfig.objects.exclude(pk=integration.pk).update(enabled=False)
    bill = a_bill("b-1", movements=(moved("payment", "p1", "100.00"),))
    arrive(bill)
    work(integration)
    again(bill, movements=(*bill.movements, moved("credit", "c1", "30.00", 6), moved("refund", "r1", "30.00", 7)))

    work(integration)
    work(integration)

    assert counts(books) == {"invoice": 1, "customerPayment": 1, "creditMemo": 1, "customerRefund": 1}
    [refund], [credit] = books.documents("customerRefund"), books.documents("creditMemo")
    assert (refund["externalId"], refund["total"]) == ("ref-b-1-r1", D("30.00"))
    assert refund["apply"]["items"][0]["doc"]["id"] == credit["id"]
    assert books.one()["status"]["refName"] == "Paid In Full"


def test_a_refund_without_a_credit_opens_the_invoice_again(credential: object, customer: object, books: Books) -> None:
    integration = an_integration(credential, refundAccountId="25")
    bill = a_bill("b-1", movements=(moved("payment", "p1", "100.00"),))
    arrive(bill)
    work(integration)
    again(bill, movements=(*bill.movements, moved("refund", "r1", "25.00", 7)))

    work(integration)

    [payment] = books.documents("customerPayment")
    assert payment["apply"]["items"][0]["amount"] == D("75.00")
    assert books.documents("customerRefund")[0]["apply"]["items"][0]["doc"]["id"] == payment["id"]
    assert books.one()["amountRemaining"] == D("25.00")


def test_a_refund_without_an_account_waits_for_the_setting_alone(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1", movements=(moved("payment", "p1", "100.00"), moved("refund", "r1", "25.00", 7))))

    work(integration)

    assert counts(books) == {"invoice": 1, "customerPayment": 1}
    refused = IntegrationRun.objects.get(delivery__slot="refund:r1")
    assert (refused.status, refused.error_code) == ("ERROR", "MISSING_SETTING")


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset", "truncated"])
@pytest.mark.parametrize("match", ["salesOrder/eid", "!transform", "customerPayment"])
def test_a_lost_answer_of_any_step_makes_nothing_twice(match: str, kind: str, credential: object, customer: object, books: Books) -> None:
    integration = chain(credential)
    arrive(a_bill("b-1", movements=(moved("payment", "p1", "100.00"),)))
    books.fault(kind, match=match)

    work(integration)
    for seconds in (5, 70, 140):
        with later(seconds):
            work(integration)

    assert counts(books) == {"salesOrder": 1, "invoice": 1, "customerPayment": 1}
    assert parents() == ["COMPLETE"]


def test_an_invoice_that_was_made_of_its_order_is_updated_in_place(credential: object, customer: object, books: Books) -> None:
    integration = chain(credential)
    bill = a_bill("b-1", [a_line("l1", "60.00")])
    arrive(bill)
    work(integration)
    again(bill, lines=(a_line("l1", "70.00"),), total=D("70.00"))

    work(integration)

    assert counts(books) == {"salesOrder": 1, "invoice": 1}
    assert (books.one()["total"], books.one()["memo"]) == (D("70.00"), "b-1 r2 g2")
    assert [slot for slot, _ in steps()] == ["order", "main", "main"]


def test_a_contracts_own_order_is_used(credential: object, customer: object, books: Books) -> None:
    from_hand = {
        "externalId": "SO-BY-HAND",
        "entity": {"id": "1001"},
        "item": {"items": [{"item": {"id": "2001"}, "quantity": 1, "rate": 5}]},
    }
    post(books, "/_emulator/records", {"system": "netsuite", "tenant": ACCOUNT, "type": "salesOrder", "records": [from_hand]})
    [order] = books.documents("salesOrder")
    integration = chain(credential)
    bill = a_bill("b-1", [a_line("l1", "60.00", refs={"Product": Ref(id="prod-api"), "Contract": Ref(id="c-1")})])
    [stored] = arrive(bill)
    stored.source.catalogue.filter(kind="Contract", uid="c-1").update(custom_fields={"netsuite_sales_order_id": order["id"]})

    work(integration)

    assert counts(books) == {"salesOrder": 1, "invoice": 1}
    assert (books.one()["createdFrom"]["id"], books.one()["total"]) == (order["id"], D("60.00"))


def test_a_person_cancels_the_step_that_a_chain_waits_at(credential: object, customer: object, books: Books) -> None:
    inventory(books)
    integration = chain(credential, "AUTO")
    arrive(a_box())
    work(integration)

    orders.cancel(IntegrationRun.objects.get(delivery__slot="chain"))

    assert steps() == [("order", "COMPLETE"), ("main", "CANCELLED")] and parents() == [Status.CANCELLED]
