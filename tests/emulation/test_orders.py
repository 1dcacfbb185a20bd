"""Sales orders: what is made from them, and the status that follows."""

from typing import Any

import pytest
import requests

from tests.emulation.books import HOST, Books, detail, invoice, line

FILLED = (
    "SELECT t.id, t.externalid, t.status, BUILTIN.DF(t.status) AS name FROM transaction t "
    "WHERE t.type = 'SalesOrd' AND t.externalid IN (?, ?) ORDER BY t.id"
)


def order(books: Books, *lines: dict[str, Any], key: str = "so-1", **fields: Any) -> requests.Response:
    return books.call("PUT", f"record/v1/salesOrder/eid:{key}?replace=item", invoice(*lines, **fields))


def transform(books: Books, target: str, body: Any = None, source: str = "salesOrder/eid:so-1", query: str = "") -> requests.Response:
    return books.call("POST", f"record/v1/{source}/!transform/{target}{query}", body)


def state(books: Books, key: str = "so-1") -> tuple[str, str]:
    """The status as the record and as SuiteQL say it."""
    (row,) = books.query(FILLED, key, key)
    told = books.get(key, "salesOrder")
    assert row["name"] == f"Sales Order : {told['status']['refName']}" and told["orderStatus"]["id"] == row["status"]
    return row["status"], told["status"]["refName"]


def rows(books: Books, key: str, kind: str = "invoice") -> list[tuple[Any, ...]]:
    lines = books.get(key, kind)["item"]["items"]
    return [(row["item"]["id"], row.get("quantity"), row.get("amount"), row.get("orderLine")) for row in lines]


def test_an_order_without_goods_is_billed_at_once(books: Books) -> None:
    lines = (line("2001", quantity=2, amount=30, custcol_line_tax=1.5), line("2014", amount=-3), line("2013", amount=2.7))
    fields = {
        "currency": {"id": "2"},
        "department": {"id": "4"},
        "custbody_order_subdomain": "acme",
        "memo": "b1 r1 g1",
        "otherRefNum": "PO 7",
    }
    assert order(books, *lines, **fields, tranId="SO-1").status_code == 204
    assert state(books) == ("F", "Pending Billing")
    answer = transform(books, "invoice", {"externalId": "bill-1", "tranDate": "2026-10-01", "dueDate": "2026-10-15", "memo": "b1 r2 g1"})
    assert (answer.status_code, answer.headers["Location"]) == (204, f"{HOST}/services/rest/record/v1/invoice/88002")
    made = books.get("bill-1")
    assert rows(books, "bill-1") == [("2001", 2, 30, 1), ("2014", None, -3, 2), ("2013", None, 2.7, 3)]
    assert made["item"]["items"][0]["custcol_line_tax"] == 1.5
    assert (made["total"], made["tranDate"], made["dueDate"], made["memo"]) == (29.7, "2026-10-01", "2026-10-15", "b1 r2 g1")
    assert (made["custbody_order_subdomain"], made["otherRefNum"], made["department"]["id"]) == ("acme", "PO 7", "4")
    assert (made["createdFrom"]["refName"], made["currency"]["refName"], made["tranId"]) == ("SO-1", "GBP", "INV1001")
    assert state(books) == ("G", "Billed")
    assert books.call("DELETE", "record/v1/invoice/eid:bill-1").status_code == 204
    assert state(books) == ("F", "Pending Billing")


def test_an_order_is_billed_once_and_under_a_free_key_only(books: Books) -> None:
    order(books)
    books.put("bill-0", invoice())
    refused = detail(transform(books, "invoice", {"externalId": "bill-0"}))
    assert refused == (400, "DUP_RCRD", "This record already exists", "externalId")
    assert transform(books, "invoice", {"externalId": "bill-1"}).status_code == 204
    again = detail(transform(books, "invoice", {"externalId": "bill-2"}))
    assert again[1] == "USER_ERROR" and "invalid sales order: SO1001 has already been billed" in again[2]
    assert len(books.state()) == 2


def test_goods_wait_for_their_fulfilment(books: Books) -> None:
    order(books, line("2015", quantity=4, amount=40), line("2001", amount=5))
    assert state(books) == ("B", "Pending Fulfillment")
    refused = detail(transform(books, "invoice", {"externalId": "bill-1"}))
    assert refused[:3] == (400, "INVALID_INITIALIZE_REF", "You can not initialize invoice: invalid reference 88001.")
    assert transform(books, "itemFulfillment").status_code == 204
    (shipped,) = books.state("itemFulfillment")
    assert [(row["item"]["id"], row["quantity"], row["orderLine"]) for row in shipped["item"]["items"]] == [("2015", 4, 1)]
    assert state(books) == ("F", "Pending Billing")
    assert transform(books, "invoice", {"externalId": "bill-1"}).status_code == 204
    assert rows(books, "bill-1") == [("2015", 4, 40, 1), ("2001", None, 5, 2)]
    assert state(books) == ("G", "Billed")
    assert detail(transform(books, "itemFulfillment"))[1] == "VALID_LINE_ITEM_REQD"
    assert "linked to" in detail(books.call("DELETE", "record/v1/salesOrder/eid:so-1"))[2]


def test_parts_add_up_to_the_order(books: Books) -> None:
    order(books, line("2016", quantity=3, amount=10), line("2017", quantity=1, amount=7))
    some = {"item": {"items": [{"orderLine": 1, "quantity": 2}, {"orderLine": 2, "itemReceive": False}]}}
    assert transform(books, "itemFulfillment", some).status_code == 204
    assert state(books) == ("E", "Pending Billing/Partially Fulfilled")
    transform(books, "invoice", {"externalId": "bill-1"})
    assert rows(books, "bill-1") == [("2016", 2, 6.67, 1)]
    assert state(books) == ("D", "Partially Fulfilled")
    too_many = {"item": {"items": [{"orderLine": 1, "quantity": 2}]}}
    assert detail(transform(books, "itemFulfillment", too_many))[3] == "item.items[0].quantity"
    transform(books, "itemFulfillment")
    transform(books, "invoice", {"externalId": "bill-2"})
    assert rows(books, "bill-2") == [("2016", 1, 3.33, 1), ("2017", 1, 7, 2)]
    assert state(books) == ("G", "Billed")


def test_lines_of_ones_own_replace_the_copied_ones(books: Books) -> None:
    order(books, line("2001", amount=30), line("2002", amount=5))
    body = {"externalId": "bill-1", "item": {"items": [{"orderLine": 2, "amount": 6}, {"line": 1, "amount": 31}, line("2004", amount=1)]}}
    assert transform(books, "invoice", body, query="?replace=item").status_code == 204
    assert rows(books, "bill-1") == [("2002", None, 6, 2), ("2001", None, 31, 1), ("2004", None, 1, None)]
    assert state(books) == ("G", "Billed")
    books.put("bill-1", invoice({"line": 1, "amount": 7}, {"line": 2, "amount": 1}))
    assert rows(books, "bill-1") == [("2002", None, 7, 2), ("2001", None, 1, 1)]


def test_an_order_that_is_sent_twice_is_one_order(books: Books) -> None:
    assert [order(books, line(amount=amount)).status_code for amount in (5, 6)] == [204, 204]
    assert [(stored["total"], stored["externalId"]) for stored in books.state("salesOrder")] == [(6, "so-1")]
    transform(books, "invoice", {"externalId": "bill-1"})
    assert order(books, line(amount=7), line(amount=1)).status_code == 204
    assert state(books) == ("F", "Pending Billing")
    order(books, line("2015", quantity=2, amount=1), key="so-2")
    transform(books, "itemFulfillment", source="salesOrder/eid:so-2")
    assert "fulfilled or billed" in detail(order(books, line("2015", quantity=1, amount=1), key="so-2"))[2]


def test_a_person_ships_and_closes(books: Books) -> None:
    order(books, line("2015", quantity=2, amount=40))
    books.records("itemFulfillment", {"createdFrom": {"externalId": "so-1"}})
    assert state(books) == ("F", "Pending Billing")
    books.records("salesOrder", {"externalId": "so-1", "orderStatus": "H"})
    assert state(books) == ("H", "Closed")
    assert detail(transform(books, "invoice"))[1] == "INVALID_INITIALIZE_REF"


def test_any_item_may_be_one_that_is_shipped(books: Books) -> None:
    books.records("nonInventorySaleItem", {"id": "2009", "isFulfillable": True})
    order(books, line("2009", amount=1))
    assert state(books) == ("B", "Pending Fulfillment")
    flags = books.query("SELECT id, isfulfillable FROM item WHERE id IN (2009, 2010, 2015) ORDER BY id")
    assert [row["isfulfillable"] for row in flags] == ["T", "F", "T"]


def test_one_query_tells_which_orders_are_shipped(books: Books) -> None:
    order(books, line("2015", amount=1))
    order(books, line("2001", amount=1), key="so-2")
    found = books.query(FILLED, "so-1", "so-2")
    assert [(row["externalid"], row["status"], row["name"]) for row in found] == [
        ("so-1", "B", "Sales Order : Pending Fulfillment"),
        ("so-2", "F", "Sales Order : Pending Billing"),
    ]


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("salesOrder/eid:so-9", "invoice", "NONEXISTENT_ID"),
        ("salesOrder/eid:so-1", "customer", "INVALID_REQUEST"),
        ("salesOrder/eid:so-1", "dragon", "NONEXISTENT_RECORD_TYPE"),
        ("invoice/eid:so-1", "invoice", "NONEXISTENT_ID"),
    ],
)
def test_what_cannot_be_made(books: Books, source: str, target: str, code: str) -> None:
    order(books)
    assert detail(transform(books, target, source=source))[1] == code


def test_a_transform_is_checked_like_any_document(books: Books) -> None:
    order(books)
    assert detail(transform(books, "invoice", {"meno": "x"}))[3] == "meno"
    books.configure(closed_before="2026-10-01")
    assert detail(transform(books, "invoice", {"tranDate": "2026-09-30"}))[1] == "VALID_PRD_REQD"
    books.configure(required_fields=["Department"])
    assert "Please enter value(s) for: Department" in detail(transform(books, "invoice", {"tranDate": "2026-10-01"}))[2]
    assert books.state() == []


def test_an_order_may_have_to_be_approved_first(books: Books) -> None:
    books.configure(orders_need_approval=True)
    order(books)
    order(books, key="so-2", orderStatus={"id": "B"})
    assert (state(books), state(books, "so-2")) == (("A", "Pending Approval"), ("F", "Pending Billing"))
    assert detail(transform(books, "invoice"))[1] == "INVALID_INITIALIZE_REF"
    books.records("salesOrder", {"externalId": "so-1", "orderStatus": "B"})
    assert transform(books, "invoice").status_code == 204


def test_a_transform_may_be_answered_later_and_once(books: Books) -> None:
    order(books)
    path, headers = "record/v1/salesOrder/eid:so-1/!transform/invoice", {"Prefer": "respond-async", "X-NetSuite-Idempotency-Key": "k-1"}
    first = books.call("POST", path, {"externalId": "bill-1"}, **headers)
    again = books.call("POST", path, {"externalId": "bill-1"}, **headers)
    assert (first.status_code, again.status_code, first.headers["Location"]) == (202, 400, again.headers["Location"])
    result = books.call("GET", f"{first.headers['Location'].partition('/services/rest/')[2]}/task/1/result")
    assert result.headers["Location"].endswith("/invoice/88002") and len(books.state()) == 1
