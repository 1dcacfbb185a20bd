"""What the role of the integration does not see, and customers that come and go."""

from typing import Any

import pytest

from tests.emulation.books import Books, detail, invoice, line

PREFIX = "Error while accessing a resource. "
PERMISSION = "Your current role does not have permission to perform this action."


def test_a_record_type_without_permission_is_neither_read_nor_written(books: Books) -> None:
    books.put("bill-1", invoice())
    books.call("PUT", "record/v1/salesOrder/eid:so-1", invoice())
    books.configure(permissions_missing=["Invoice"])
    for method, path in (
        ("GET", "invoice/eid:bill-1"),
        ("GET", "invoice"),
        ("PUT", "invoice/eid:bill-1"),
        ("POST", "invoice"),
        ("DELETE", "invoice/88001"),
        ("POST", "salesOrder/eid:so-1/!transform/invoice"),
    ):
        assert detail(books.call(method, f"record/v1/{path}", invoice())) == (403, "INSUFFICIENT_PERMISSION", PERMISSION, "")
    assert books.query("SELECT type FROM transaction") == [{"type": "SalesOrd"}]
    books.configure(permissions_missing=None)
    assert len(books.query("SELECT id FROM transaction")) == 2


def test_a_query_names_the_table_that_the_role_lacks(books: Books) -> None:
    books.configure(permissions_missing=["accountingperiod"])
    joined = {"q": "SELECT t.id FROM transaction t LEFT JOIN accountingPeriod p ON p.id = t.postingperiod"}
    sentence = "Your search contains a reference to join for which you do not have a permission: accountingPeriod"
    assert detail(books.call("POST", "query/v1/suiteql", joined, Prefer="transient"))[:3] == (400, "INSUFFICIENT_PERMISSION", sentence)
    alone = {"q": "SELECT id FROM accountingperiod"}
    assert "Record 'accountingperiod' was not found" in detail(books.call("POST", "query/v1/suiteql", alone, Prefer="transient"))[2]


def test_a_subsidiary_out_of_sight(books: Books) -> None:
    books.configure(hidden_subsidiaries=["1"])
    assert detail(books.put("bill-1", invoice(entity={"id": "1001"})))[2] == PREFIX + "Invalid entity reference key 1001."
    books.records("subsidiary", {"id": "2", "isInactive": True})
    books.configure(hidden_subsidiaries=None)
    assert detail(books.put("bill-1", invoice(subsidiary={"id": "2"})))[2] == PREFIX + "Invalid subsidiary reference key 2."


def test_a_tax_period_that_nobody_opened(books: Books) -> None:
    books.put("bill-1", invoice())
    books.configure(tax_closed_before="2026-10-01")
    sentence = (
        "Insert Transaction failed: no valid open tax period for date 9/30/2026. "
        "Please visit Setup->Manage Tax Periods to setup a new tax period."
    )
    assert detail(books.put("bill-2", invoice())) == (400, "VALID_PRD_REQD", sentence, "tranDate")
    assert books.put("bill-1", invoice(memo="x")).status_code == 204


@pytest.mark.parametrize("change", [{"deleted": True}, {"mergedInto": "1002"}, {"isInactive": True}])
def test_a_customer_that_is_gone(books: Books, change: dict[str, Any]) -> None:
    books.put("bill-1", invoice())
    books.records("customer", {"id": "1001", **change})
    assert detail(books.put("bill-2", invoice()))[2] == PREFIX + "Invalid entity reference key 1001."
    if "mergedInto" in change:
        assert books.get("bill-1")["entity"]["id"] == "1002"
        assert [row["id"] for row in books.query("SELECT id FROM customer WHERE id IN (1001, 1002)")] == ["1002"]


def test_a_customer_is_found_by_email_and_by_external_id(books: Books) -> None:
    body = {"companyName": "Northwind", "subsidiary": {"id": "2"}, "email": "ap@northwind.test", "currency": {"id": "2"}}
    for _ in range(2):
        made = books.call("PUT", "record/v1/customer/eid:acct-9", body | {"custentity_customer_id": "acct-9"})
        assert made.status_code == 204
    number = made.headers["Location"].rpartition("/")[2]
    books.records("customer", {"companyName": "Northwind East", "email": "AP@northwind.test", "isInactive": True})
    sql = "SELECT id, externalid, isinactive, subsidiary, custentity_customer_id AS ours FROM customer WHERE LOWER(email) = ? ORDER BY id"
    first, second = books.query(sql, "ap@northwind.test")
    assert first == {"id": number, "externalid": "acct-9", "isinactive": "F", "subsidiary": "2", "ours": "acct-9"}
    assert second["isinactive"] == "T"
    taken = books.call("PATCH", "record/v1/customer/1001", {"externalId": "acct-9"})
    assert detail(taken)[1:3] == ("USER_ERROR", PREFIX + "This entity already exists.")
    assert books.call("PATCH", "record/v1/customer/1001", {"externalId": "acct-1", "email": "new@acme.test"}).status_code == 204
    assert books.query("SELECT email FROM customer WHERE externalid = ?", "acct-1") == [{"email": "new@acme.test"}]


def test_customers_that_nobody_numbers_need_their_own_name(books: Books) -> None:
    body = {"companyName": "Acme Cloud", "subsidiary": {"id": "1"}}
    assert books.call("PUT", "record/v1/customer/eid:acct-1", body).status_code == 204
    books.configure(unique_entity_id=True)
    assert detail(books.call("PUT", "record/v1/customer/eid:acct-2", body))[1] == "UNIQUE_CUST_ID_REQD"
    assert books.call("PUT", "record/v1/customer/eid:acct-2", body | {"entityId": "Acme Cloud 2"}).status_code == 204


def test_a_discount_item_and_a_payment_method_can_be_made(books: Books) -> None:
    item = {"itemId": "Billing discount", "nonPosting": True, "rate": 0, "subsidiary": {"items": [{"id": "1"}]}}
    for _ in range(2):
        assert books.call("PUT", "record/v1/discountItem/eid:disc", item).status_code == 204
        assert books.call("PUT", "record/v1/paymentMethod/eid:pm", {"name": "Billing payment"}).status_code == 204
    posting = books.call("PUT", "record/v1/discountItem/eid:other", {"itemId": "Posting"})
    assert detail(posting)[2] == PREFIX + "Please enter value(s) for: Account."
    assert detail(books.call("POST", "record/v1/paymentMethod", {}))[2] == PREFIX + "Please enter value(s) for: Name."
    books.put("bill-1", invoice(line(amount=30), {"item": {"externalId": "disc"}, "amount": -3}))
    assert books.get("bill-1")["total"] == 27
    (found,) = books.query("SELECT itemtype, itemid FROM item WHERE externalid = 'disc'")
    assert found == {"itemtype": "Discount", "itemid": "Billing discount"}
    assert books.query("SELECT name FROM paymentmethod WHERE name LIKE 'Billing%'") == [{"name": "Billing payment"}]


def test_links_lead_from_the_order_to_the_payment(books: Books) -> None:
    books.call("PUT", "record/v1/salesOrder/eid:so-1", invoice(line("2015", quantity=2, amount=10), line(amount=5)))
    books.call("POST", "record/v1/salesOrder/eid:so-1/!transform/itemFulfillment")
    books.call("POST", "record/v1/salesOrder/eid:so-1/!transform/invoice", {"externalId": "bill-1"})
    payment = {"customer": {"id": "1001"}, "payment": 4, "apply": {"items": [{"doc": {"externalId": "bill-1"}, "amount": 4}]}}
    books.call("PUT", "record/v1/customerPayment/eid:pay-1", payment)
    sql = "SELECT previousdoc, previoustype, nextdoc, nexttype, linktype, foreignamount FROM NextTransactionLink ORDER BY nextdoc"
    assert [tuple(row.values()) for row in books.query(sql)] == [
        ("88001", "SalesOrd", "88002", "ItemShip", "ShipRcpt"),
        ("88001", "SalesOrd", "88003", "CustInvc", "OrdBill", "15"),
        ("88003", "CustInvc", "88004", "CustPymt", "Payment", "4"),
    ]
    lines = "SELECT previousline, nextline, foreignamount FROM PreviousTransactionLineLink WHERE linktype = 'OrdBill' ORDER BY nextline"
    assert [tuple(row.values()) for row in books.query(lines)] == [("1", "1", "10"), ("2", "2", "5")]
    (main,) = books.query("SELECT createdfrom FROM transactionline WHERE mainline = 'T' AND transaction = 88003")
    assert main == {"createdfrom": "88001"}
    books.call("DELETE", "record/v1/customerPayment/eid:pay-1")
    assert len(books.query("SELECT nextdoc FROM nextTransactionLineLink WHERE linktype = 'Payment'")) == 0
