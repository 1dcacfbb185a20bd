"""What NetSuite, as emulated, says against orders and money, and what a person reads; the six exceptions of the source's own guide too."""

import re
from typing import Any

import msgspec
import pytest

from integrations.contract import Fault, Request, Sought
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.answers import fault_of
from integrations.destinations.netsuite.order_faults import ORDERS
from integrations.errors import Misconfigured
from runs.models import Status
from tests.destinations.netsuite.books import Books

ACCOUNT = Account("1234567_SB1")
SALE = {"entity": {"id": "1001"}, "tranDate": "2026-09-30", "item": {"items": [{"item": {"id": "2015"}, "quantity": 2, "amount": 40}]}}
MONEY = {"customer": {"id": "1001"}, "currency": {"id": "1"}, "tranDate": "2026-10-05"}


def send(books: Books, path: str, body: dict[str, Any], method: str = "PUT") -> Fault | None:
    """What the answer to a write means, None where it was taken."""
    url, headers = f"{ACCOUNT.rest}/record/v1/{path}", {"Content-Type": "application/json", "X-NetSuite-PropertyNameValidation": "Error"}
    request = Request(method=method, url=url, headers=headers, body=msgspec.json.encode(body))
    answer = books.client.send(request)
    return None if answer.status == 204 else fault_of(request, answer)


def applied(key: str, amount: int) -> dict[str, Any]:
    return {"apply": {"items": [{"doc": {"externalId": key}, "apply": True, "amount": amount}]}}


@pytest.fixture
def paid(books: Books) -> Books:
    """An unfulfilled order, an invoice, and a payment of it."""
    assert send(books, "salesOrder/eid:so-1?replace=item", SALE) is None
    assert send(books, "invoice/eid:bill-1?replace=item", SALE) is None
    assert send(books, "customerPayment/eid:pay-1", MONEY | {"payment": 30} | applied("bill-1", 30)) is None
    return books


REFUND = MONEY | {"account": {"id": "25"}} | applied("pay-1", 5)


@pytest.mark.parametrize(
    ("path", "body", "settings", "code", "words"),
    [
        ("salesOrder/eid:so-1/!transform/invoice", {}, {}, "ORDER_NOT_BILLABLE", "You can not initialize invoice"),
        ("customerPayment/eid:pay-2", MONEY | {"payment": 30} | applied("bill-1", 30), {}, "APPLIED_TOO_MUCH", "amount to apply is more"),
        ("customerPayment/eid:pay-2", MONEY | {"payment": 30} | applied("bill-9", 30), {}, "APPLIED_UNKNOWN", "bill-9"),
        ("customerRefund/eid:ref-1", REFUND, {}, "APPLIED_TOO_MUCH", "amount to apply is more"),
        ("customerRefund/eid:ref-1", REFUND | {"account": {"id": "6"}}, {}, "MONEY_ACCOUNT", "Invalid Field Value 6"),
        ("customerRefund/eid:ref-1", REFUND | {"account": None}, {}, "MONEY_ACCOUNT", "Please enter value(s) for: Account."),
        (
            "customerDeposit/eid:dep-1",
            MONEY | {"payment": 5, "paymentMethod": {"id": "3"}},
            {"payment_instruments": True},
            "PAYMENT_METHOD",
            "element paymentMethod",
        ),
        (
            "salesOrder/eid:so-2",
            SALE,
            {"required_fields": ["Department"]},
            "MISSING_FIELD",
            "Please enter value(s) for: Department",
        ),
        (
            "invoice/eid:bill-2",
            SALE,
            {"tax_closed_before": "2026-10-01"},
            "TAX_PERIOD_MISSING",
            "Insert Transaction failed: no valid open tax period for date 9/30/2026. Please visit Setup->Manage Tax Periods",
        ),
        (
            "invoice/eid:bill-2",
            SALE | {"subsidiary": {"id": "2"}},
            {"hidden_subsidiaries": ["2"]},
            "SUBSIDIARY_INACTIVE",
            "Invalid subsidiary reference key 2",
        ),
        ("invoice/eid:bill-2", SALE | {"entity": {"id": "1003"}}, {}, "CUSTOMER_INACTIVE", "Invalid entity reference key 1003"),
        (
            "invoice/eid:bill-2",
            SALE | {"subsidiary": {"id": "2"}},
            {},
            "CUSTOMER_SUBSIDIARY",
            "Invalid entity reference key 1001 for subsidiary 2",
        ),
        ("customerRefund/eid:ref-1", REFUND, {"permissions_missing": ["customerRefund"]}, "PERMISSION", "does not have permission"),
    ],
)
def test_what_the_books_refuse_is_understood(
    paid: Books, path: str, body: dict[str, Any], settings: dict[str, Any], code: str, words: str
) -> None:
    paid.enter("customer", {"id": "1003", "isInactive": True})
    paid.configure(netsuite=settings)
    fault = send(paid, path, body, "POST" if "!transform" in path else "PUT")
    assert fault and fault.code == code and words in fault.detail


def test_an_order_is_billed_once(paid: Books) -> None:
    paid.enter("itemFulfillment", {"createdFrom": {"externalId": "so-1"}})
    assert send(paid, "salesOrder/eid:so-1/!transform/invoice", {"externalId": "bill-2"}, "POST") is None
    again = send(paid, "salesOrder/eid:so-1/!transform/invoice", {"externalId": "bill-3"}, "POST")
    assert again and again.code == "ALREADY_BILLED"


def test_a_query_without_the_permission_to_join(paid: Books) -> None:
    paid.configure(netsuite={"permissions_missing": ["accountingperiod"]})
    with pytest.raises(Misconfigured) as refused:
        paid.client.held([Sought(kind="invoice", key="bill-1")])
    assert refused.value.code == "PERMISSION"
    assert "reference to join for which you do not have a permission: accountingperiod" in refused.value.detail
    with pytest.raises(Misconfigured) as hidden:
        paid.configure(netsuite={"permissions_missing": ["department"]})
        list(paid.client.catalogue("Department"))
    assert hidden.value.code == "PERMISSION"


@pytest.mark.parametrize("row", ORDERS, ids=lambda row: row.id)
def test_a_row_speaks_as_the_product_does(row: Any) -> None:
    assert row.title.endswith(".") and row.why.endswith(".") and row.remedy.endswith(".") and row.who
    assert not re.search(r"!|please|oops", f"{row.title} {row.why} {row.remedy}", re.IGNORECASE)
    assert row.status in Status.values
