"""Payments, deposits, credits and refunds: what they take of which document."""

from typing import Any

import pytest
import requests

from tests.emulation.books import Books, detail, invoice, line

TOO_MUCH = "The amount to apply is more than the invoice owes or the payment brings."


def apply(key: str, amount: object) -> dict[str, Any]:
    return {"items": [{"doc": {"externalId": key}, "apply": True, "amount": amount}]}


def receipt(books: Books, kind: str, key: str, query: str = "", **fields: Any) -> requests.Response:
    head = {"customer": {"id": "1001"}, "currency": {"id": "1"}, "tranDate": "2026-10-05"}
    body = {name: value for name, value in (head | fields).items() if value is not None}
    return books.call("PUT", f"record/v1/{kind}/eid:{key}{query}", body)


def pay(books: Books, payment: object, applied: object, key: str = "pay-1", on: str = "bill-1", **fields: Any) -> requests.Response:
    return receipt(books, "customerPayment", key, payment=payment, apply=apply(on, applied), **fields)


def refund(books: Books, of: str, amount: object, key: str = "ref-1", **fields: Any) -> requests.Response:
    return receipt(books, "customerRefund", key, **{"account": {"id": "25"}, "apply": apply(of, amount), **fields})


def left(books: Books, key: str) -> tuple[Any, Any]:
    stored = books.get(key)
    return stored["amountRemaining"], stored["status"]["refName"]


@pytest.fixture
def billed(books: Books) -> Books:
    """An order of 100 with a deposit of 60 of it, and its invoice."""
    books.call("PUT", "record/v1/salesOrder/eid:so-1", invoice(line(amount=100)))
    deposit = receipt(books, "customerDeposit", "dep-1", payment=60, salesOrder={"externalId": "so-1"}, account={"id": "25"})
    assert deposit.status_code == 204
    books.call("POST", "record/v1/salesOrder/eid:so-1/!transform/invoice", {"externalId": "bill-1"})
    return books


def use(books: Books, amount: object, key: str = "pay-1") -> requests.Response:
    return receipt(
        books, "depositApplication", key, customer=None, currency=None, deposit={"externalId": "dep-1"}, apply=apply("bill-1", amount)
    )


def test_a_deposit_is_applied_once(billed: Books) -> None:
    assert left(billed, "bill-1") == (100, "Open")
    for _ in range(2):
        assert use(billed, 45).status_code == 204
    assert left(billed, "bill-1") == (55, "Open")
    deposit = billed.get("dep-1", "customerDeposit")
    assert (deposit["applied"], deposit["unapplied"], deposit["status"]["refName"]) == (45, 15, "Deposited")
    assert detail(use(billed, 16, "pay-2"))[1:] == (
        "INVALID_CONTENT",
        f"Error while accessing a resource. {TOO_MUCH}",
        "apply.items[0].amount",
    )
    assert use(billed, 15, "pay-2").status_code == 204
    assert billed.get("dep-1", "customerDeposit")["status"]["refName"] == "Fully Applied"
    assert "linked to" in detail(billed.call("DELETE", "record/v1/customerDeposit/eid:dep-1"))[2]
    assert billed.call("DELETE", "record/v1/depositApplication/eid:pay-1").status_code == 204
    assert left(billed, "bill-1") == (85, "Open")


def test_a_deposit_is_transformed_into_its_application(billed: Books) -> None:
    made = billed.call(
        "POST", "record/v1/customerDeposit/eid:dep-1/!transform/depositApplication", {"externalId": "pay-1", "apply": apply("bill-1", 60)}
    )
    assert made.status_code == 204
    assert (billed.get("pay-1", "depositApplication")["total"], left(billed, "bill-1")) == (60, (40, "Open"))


def test_an_account_that_applies_the_orders_deposits_itself(books: Books) -> None:
    books.configure(auto_apply_deposits=True)
    books.call("PUT", "record/v1/salesOrder/eid:so-1", invoice(line(amount=50)))
    for number in (1, 2):
        receipt(books, "customerDeposit", f"dep-{number}", payment=30, salesOrder={"externalId": "so-1"})
    books.call("POST", "record/v1/salesOrder/eid:so-1/!transform/invoice", {"externalId": "bill-1"})
    assert left(books, "bill-1") == (0, "Paid In Full")
    assert [made["total"] for made in books.state("depositApplication")] == [30, 20]
    assert "INVALID_CONTENT" in detail(use(books, 1))[1]


def test_a_payment_draws_on_credits_and_deposits(billed: Books) -> None:
    billed.call("PUT", "record/v1/creditMemo/eid:cm-1", invoice(line(amount=30)))
    both = {"credit": apply("cm-1", 30), "deposit": apply("dep-1", 20)}
    assert pay(billed, 50, 100, **both).status_code == 204
    assert left(billed, "bill-1") == (0, "Paid In Full")
    assert billed.get("cm-1", "creditMemo")["status"]["refName"] == "Fully Applied"
    assert billed.get("dep-1", "customerDeposit")["unapplied"] == 40
    assert detail(pay(billed, 40, 100, **both))[2].endswith(TOO_MUCH)


def test_only_what_is_not_applied_can_be_given_back(billed: Books) -> None:
    assert pay(billed, 40, 40).status_code == 204
    assert detail(refund(billed, "pay-1", 10))[3] == "apply.items[0].amount"
    assert pay(billed, 40, 30).status_code == 204
    assert left(billed, "bill-1") == (70, "Open")
    for _ in range(2):
        assert refund(billed, "pay-1", 10, arAcct={"id": "6"}, paymentMethod={"id": "3"}).status_code == 204
    assert billed.get("ref-1", "customerRefund")["total"] == 10
    assert billed.get("pay-1", "customerPayment")["unapplied"] == 0
    assert detail(pay(billed, 40, 31))[3] == "apply.items[0].amount"
    assert detail(pay(billed, 39, 30))[3] == "apply.items[0].amount"
    assert "linked to" in detail(billed.call("DELETE", "record/v1/customerPayment/eid:pay-1"))[2]


def test_credits_and_deposits_are_given_back(billed: Books) -> None:
    billed.call("PUT", "record/v1/creditMemo/eid:cm-1", {**invoice(line(amount=30)), "apply": apply("bill-1", 20)})
    assert left(billed, "bill-1") == (80, "Open")
    assert detail(refund(billed, "cm-1", 11))[2].endswith(TOO_MUCH)
    assert refund(billed, "cm-1", 10).status_code == 204
    assert billed.get("cm-1", "creditMemo")["status"]["refName"] == "Fully Applied"
    assert refund(billed, "dep-1", 60, "ref-2").status_code == 204
    assert detail(use(billed, 1))[2].endswith(TOO_MUCH)
    assert refund(billed, "dep-1", 5, "ref-3", apply=None, deposit=apply("dep-1", 5)).status_code == 400


@pytest.mark.parametrize(
    ("kind", "fields", "words", "path"),
    [
        ("customerRefund", {"account": None}, "Please enter value(s) for: Account.", ""),
        ("customerRefund", {"account": {"id": "6"}}, "Invalid Field Value 6 for the following field: account.", "account"),
        ("customerRefund", {"arAcct": {"id": "25"}}, "Invalid Field Value 25 for the following field: arAcct.", "arAcct"),
        ("customerRefund", {"apply": {"items": []}}, "You must enter at least one line item", "apply"),
        ("customerRefund", {"apply": apply("bill-1", 1)}, "Invalid Field Value bill-1 for the following field: doc.", "apply.items[0].doc"),
        ("customerRefund", {"payment": 5}, "The field payment does not exist on the record type customerRefund.", "payment"),
        ("customerPayment", {"payment": None}, "Please enter value(s) for: Payment Amount.", ""),
        ("customerPayment", {"payment": -1}, "The payment amount may not be negative.", ""),
        ("customerPayment", {"customer": {"id": "1002"}}, "Invalid Field Value 88003 for the following field: doc.", "apply.items[0].doc"),
        ("customerPayment", {"currency": {"id": "2"}}, "Invalid Field Value 88003 for the following field: doc.", "apply.items[0].doc"),
        ("customerPayment", {"account": {"id": "54"}}, "Invalid Field Value 54 for the following field: account.", "account"),
        ("customerPayment", {"apply": apply("bill-1", 0.005)}, "more decimal places", "apply.items[0].amount"),
        ("customerPayment", {"apply": apply("bill-1", -1)}, TOO_MUCH, "apply.items[0].amount"),
        (
            "customerPayment",
            {"apply": {"items": [*apply("bill-1", 60)["items"], *apply("bill-1", 60)["items"]]}, "payment": 120},
            TOO_MUCH,
            "apply",
        ),
        (
            "customerDeposit",
            {"salesOrder": {"externalId": "so-9"}},
            "Invalid Field Value so-9 for the following field: salesOrder.",
            "salesOrder",
        ),
        (
            "customerDeposit",
            {"customer": {"id": "1002"}, "salesOrder": {"externalId": "so-1"}},
            "following field: salesOrder.",
            "salesOrder",
        ),
        ("depositApplication", {"deposit": None}, "Please enter value(s) for: Deposit.", ""),
        ("customerPayment", {"tranDate": "2026-08-31"}, "There is no valid open posting period", "tranDate"),
    ],
)
def test_refusals(billed: Books, kind: str, fields: dict[str, Any], words: str, path: str) -> None:
    billed.configure(closed_before="2026-09-01")
    pay(billed, 5, 0, "pay-0")
    whole: dict[str, dict[str, Any]] = {
        "customerRefund": {"account": {"id": "25"}, "apply": apply("pay-0", 5)},
        "customerPayment": {"payment": 10, "apply": apply("bill-1", 10)},
        "customerDeposit": {"payment": 10},
        "depositApplication": {"deposit": {"externalId": "dep-1"}, "apply": apply("bill-1", 10)},
    }
    refused = detail(receipt(billed, kind, "new-1", **(whole[kind] | fields)))
    assert words in refused[2] and (refused[0], refused[3]) == (400, path)
    assert "new-1" not in [stored.get("externalId") for stored in billed.state(kind)]


@pytest.mark.parametrize("kind", ["customerPayment", "customerDeposit", "customerRefund"])
def test_payment_instruments_take_the_payment_method_away(billed: Books, kind: str) -> None:
    billed.configure(payment_instruments=True)
    fields = {"account": {"id": "25"}, "apply": apply("dep-1", 5)} if kind == "customerRefund" else {"payment": 5}
    refused = detail(receipt(billed, kind, "new-1", paymentMethod={"id": "3"}, **fields))
    assert refused[:2] == (400, "USER_ERROR") and "element paymentMethod" in refused[2]
    assert receipt(billed, kind, "new-1", **fields).status_code == 204


def test_suiteql_sees_them_all(billed: Books) -> None:
    use(billed, 45)
    pay(billed, 30, 20, "pay-2")
    refund(billed, "pay-2", 10)
    billed.call("PUT", "record/v1/creditMemo/eid:cm-1", {**invoice(line(amount=7)), "apply": apply("bill-1", 7)})
    sql = (
        "SELECT t.type, t.externalid, t.foreigntotal, t.foreignamountunpaid AS owed, t.foreignpaymentamountunused AS rest, t.status, "
        "BUILTIN.DF(t.status) AS name, l.subsidiary FROM transaction t JOIN transactionline l ON l.transaction = t.id AND l.mainline = 'T' "
        "ORDER BY t.id"
    )
    assert [tuple(row.values()) for row in billed.query(sql)] == [
        ("SalesOrd", "so-1", "100", "G", "Sales Order : Billed", "1"),
        ("CustDep", "dep-1", "-60", "15", "B", "Customer Deposit : Deposited", "1"),
        ("CustInvc", "bill-1", "100", "28", "A", "Invoice : Open", "1"),
        ("DepAppl", "pay-1", "-45", "A", "Deposit Application : Open", "1"),
        ("CustPymt", "pay-2", "-30", "0", "B", "Payment : Not Deposited", "1"),
        ("CustRfnd", "ref-1", "10", "A", "Customer Refund : Open", "1"),
        ("CustCred", "cm-1", "-7", "0", "B", "Credit Memo : Fully Applied", "1"),
    ]


def test_a_payment_moves_to_another_invoice(books: Books) -> None:
    for number in (1, 2):
        books.put(f"bill-{number}", invoice(line(amount=20)))
    assert pay(books, 15, 15).status_code == 204
    assert detail(pay(books, 15, 15, on="bill-2"))[2].endswith(TOO_MUCH)
    assert pay(books, 15, 15, on="bill-2", query="?replace=apply").status_code == 204
    assert (left(books, "bill-1"), left(books, "bill-2")) == ((20, "Open"), (5, "Open"))


def test_a_deposit_on_an_order_pays_no_other_invoice(billed: Books) -> None:
    billed.put("bill-2", invoice())
    wrong = receipt(billed, "depositApplication", "pay-1", deposit={"externalId": "dep-1"}, apply=apply("bill-2", 5))
    assert detail(wrong)[3] == "apply.items[0].doc"
