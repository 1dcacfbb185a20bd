"""The record API: what NetSuite stores, refuses and gives back."""

from decimal import Decimal
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from integrations.emulation import jsons
from integrations.emulation.contract import Request
from integrations.emulation.hub import Hub
from tests.emulation.books import HOST, Books, detail, invoice, line

PREFIX = "Error while accessing a resource. "


def test_an_invoice_comes_back_whole(books: Books) -> None:
    sent = invoice(
        line("2001", quantity=1200, rate=0.015, amount=18.0, description="API calls", custcol_m3ter_external_line_item="L1"),
        line("2011", rate=-2, amount=-2, custcol_service_start="2026-09-01"),
        **{"currency": {"id": "2"}, "tranId": "B-1", "memo": "b1 r1 g1", "department": {"id": "4"}, "class": {"id": "1"}},
    )
    answer = books.put("bill-1", sent)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Location"] == f"{HOST}/services/rest/record/v1/invoice/88001"
    stored = books.get("bill-1")
    assert stored.pop("createdDate") <= stored.pop("lastModifiedDate")
    assert _plain(stored) == {
        "id": "88001",
        "externalId": "bill-1",
        "entity": ("1001", "Acme Cloud"),
        "subsidiary": ("1", "Parent Company"),
        "currency": ("2", "GBP"),
        "department": ("4", "Usage Billing"),
        "class": ("1", "Enterprise"),
        "tranDate": "2026-09-30",
        "dueDate": "2026-10-30",
        "tranId": "B-1",
        "memo": "b1 r1 g1",
        "postingPeriod": ("202609", "Sep 2026"),
        "subtotal": 16,
        "discountTotal": 0,
        "taxTotal": 0,
        "total": 16,
        "amountPaid": 0,
        "amountRemaining": 16,
        "status": ("Open", "Open"),
        "item": {
            "totalResults": 2,
            "items": [
                {
                    "line": 1,
                    "lineUniqueKey": 1,
                    "item": ("2001", "API Usage"),
                    "quantity": 1200,
                    "rate": 0.015,
                    "amount": 18,
                    "description": "API calls",
                    "custcol_m3ter_external_line_item": "L1",
                },
                {
                    "line": 2,
                    "lineUniqueKey": 2,
                    "item": ("2011", "Service Credit"),
                    "rate": -2,
                    "amount": -2,
                    "custcol_service_start": "2026-09-01",
                },
            ],
        },
    }


def _plain(value: Any) -> Any:
    """Without links; a reference as (id, name)."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        if "refName" in value:
            return value["id"], value["refName"]
        return {name: _plain(entry) for name, entry in value.items() if name != "links"}
    return value


def test_lines_are_links_unless_they_are_asked_for(books: Books) -> None:
    books.put("bill-1", invoice(line(amount=1), line(amount=2)))
    plain = books.call("GET", "record/v1/invoice/eid:bill-1").json()
    assert plain["item"] == {"links": [{"rel": "self", "href": f"{HOST}/services/rest/record/v1/invoice/88001/item"}]}
    assert [row["amount"] for row in books.call("GET", "record/v1/invoice/88001/item").json()["items"]] == [1, 2]
    assert books.call("GET", "record/v1/invoice/88001/item/2").json()["amount"] == 2
    few = books.call("GET", "record/v1/invoice/88001?fields=tranDate,total").json()
    assert set(few) == {"links", "id", "tranDate", "total"}


def test_an_upsert_with_replace_is_idempotent_and_without_it_adds_lines(books: Books) -> None:
    body = invoice(line(amount=10), line("2002", amount=5))
    for _ in range(2):
        books.put("bill-1", body)
    assert [(row["line"], row["amount"]) for row in books.get("bill-1")["item"]["items"]] == [(1, 10), (2, 5)]
    books.put("bill-1", body, replace="")
    assert [row["line"] for row in books.get("bill-1")["item"]["items"]] == [1, 2, 3, 4]
    assert books.get("bill-1")["total"] == 30
    books.put("bill-1", {"item": {"items": [{"line": 2, "amount": 6}]}}, replace="")
    assert [(row["item"]["id"], row["amount"]) for row in books.get("bill-1")["item"]["items"]][1] == ("2002", 6)
    books.put("bill-1", {"item": {"items": [{"line": 2}, line("2004", amount=1)]}})
    assert [(row["line"], row["item"]["id"], row["amount"]) for row in books.get("bill-1")["item"]["items"]] == [
        (1, "2002", 6),
        (2, "2004", 1),
    ]


def test_what_an_update_leaves_out_stays_and_null_clears(books: Books) -> None:
    books.put("bill-1", invoice(memo="old", tranId="B-1", otherRefNum="PO"))
    assert books.call("PATCH", "record/v1/invoice/88001", {"memo": "new", "otherRefNum": None}).status_code == 204
    stored = books.get("bill-1")
    assert (stored["memo"], stored["tranId"], "otherRefNum" in stored, stored["total"]) == ("new", "B-1", False, 10)


def test_post_creates_and_delete_removes(books: Books) -> None:
    created = books.call("POST", "record/v1/invoice", invoice(externalId="bill-1"))
    number = created.headers["Location"].rpartition("/")[2]
    again = books.call("POST", "record/v1/invoice", invoice(externalId="bill-1"))
    assert detail(again) == (400, "DUP_RCRD", "This record already exists", "externalId")
    assert books.call("DELETE", f"record/v1/invoice/{number}").status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert detail(books.call(method, f"record/v1/invoice/{number}", {})) == (404, "NONEXISTENT_ID", "Record does not exist.", "")
    assert books.put("bill-1", invoice()).headers["Location"].rpartition("/")[2] != number


def test_an_external_id_belongs_to_one_record(books: Books) -> None:
    for number in (1, 2):
        books.put(f"bill-{number}", invoice())
    taken = detail(books.put("bill-1", invoice(externalId="bill-2")))
    assert taken == (400, "DUP_RCRD", "This record already exists", "externalId")
    assert books.put("bill-1", invoice(externalId="bill-3")).status_code == 204
    assert [stored["externalId"] for stored in books.state()] == ["bill-3", "bill-2"]
    assert books.put("bill-1", invoice()).headers["Location"].endswith("/88003")
    assert detail(books.put("bill%7C1", invoice()))[3] == "externalId"


def test_customers_and_items_can_be_made(books: Books) -> None:
    assert books.call("PUT", "record/v1/customer/eid:acct-9", {"companyName": "Northwind", "subsidiary": {"id": "1"}}).status_code == 204
    taken = books.call("POST", "record/v1/customer", {"companyName": "N", "subsidiary": {"id": "1"}, "externalId": "acct-9"})
    assert detail(taken)[1:3] == ("USER_ERROR", PREFIX + "This entity already exists.")
    item = {"itemId": "API calls", "incomeAccount": {"id": "54"}, "subsidiary": {"items": [{"id": "1"}]}, "taxSchedule": {"id": "1"}}
    assert books.call("PUT", "record/v1/serviceSaleItem/eid:item-api", item).status_code == 204
    by_external_id = {"entity": {"externalId": "acct-9"}, "item": {"items": [{"item": {"externalId": "item-api"}, "amount": 3}]}}
    assert books.put("bill-1", by_external_id).status_code == 204
    stored = books.get("bill-1")
    assert (stored["entity"]["refName"], stored["item"]["items"][0]["item"]["refName"]) == ("Northwind", "API calls")


REFUSED = [
    (
        invoice(line("9999")),
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 9999 for the following field: item.",
        "item.items[0].item",
    ),
    (invoice(line(), line("2005")), "INVALID_KEY_OR_REF", "Invalid item reference key 2005.", "item.items[1].item"),
    (
        invoice(entity={"id": "9999"}),
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 9999 for the following field: entity.",
        "entity",
    ),
    (invoice(entity={"id": "1005"}), "INVALID_KEY_OR_REF", "Invalid entity reference key 1005.", "entity"),
    (invoice(entity={"id": "1006"}), "INVALID_KEY_OR_REF", "Invalid entity reference key 1006 for subsidiary 1.", "entity"),
    (invoice(subsidiary={"id": "2"}), "INVALID_KEY_OR_REF", "Invalid entity reference key 1001 for subsidiary 2.", "entity"),
    (invoice(subsidiary={"id": "7"}), "INVALID_KEY_OR_REF", "Invalid subsidiary reference key 7.", "subsidiary"),
    (invoice(entity={"id": "1007"}), "INVALID_KEY_OR_REF", "Invalid currency reference key 1 for entity 1007.", "currency"),
    (
        invoice(currency={"id": "99"}),
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 99 for the following field: currency.",
        "currency",
    ),
    (
        invoice(department={"id": "99"}),
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 99 for the following field: department.",
        "department",
    ),
    (
        invoice(location={"id": "99"}),
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 99 for the following field: location.",
        "location",
    ),
    (
        invoice(**{"class": {"id": "99"}}),
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 99 for the following field: class.",
        "class",
    ),
    (
        invoice(tranDate="30/09/2026"),
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 30/09/2026 for the following field: tranDate.",
        "tranDate",
    ),
    (invoice(memo=5), "INVALID_CONTENT", "You have entered an Invalid Field Value 5 for the following field: memo.", "memo"),
    (invoice(entity="1001"), "INVALID_CONTENT", "You have entered an Invalid Field Value 1001 for the following field: entity.", "entity"),
    (invoice(meno="x"), "INVALID_CONTENT", "The field meno does not exist on the record type invoice.", "meno"),
    (
        invoice(line(custcol_missing="x")),
        "INVALID_CONTENT",
        "The field custcol_missing does not exist on the record type invoice.",
        "item.items[0].custcol_missing",
    ),
    (
        invoice(line(custom_m3ter_external_line_item="x")),
        "INVALID_CONTENT",
        "The field custom_m3ter_external_line_item does not exist on the record type invoice.",
        "item.items[0].custom_m3ter_external_line_item",
    ),
    (
        invoice(line(amount=1.005)),
        "INVALID_CONTENT",
        "The amount 1.005 has more decimal places than its currency allows, which is a step of 0.01.",
        "item.items[0].amount",
    ),
    (
        invoice(line(amount=1.5), currency={"id": "4"}),
        "INVALID_CONTENT",
        "The amount 1.5 has more decimal places than its currency allows, which is a step of 1.",
        "item.items[0].amount",
    ),
    (invoice(line(amount=-1)), "USER_ERROR", "The total of this transaction may not be negative.", ""),
    (invoice({"item": {"id": "2001"}}), "USER_ERROR", "Please enter value(s) for: Amount.", ""),
    (invoice({"amount": 1}), "USER_ERROR", "Please enter value(s) for: Item.", ""),
    ({"item": {"items": [line()]}}, "USER_ERROR", "Please enter value(s) for: Customer.", ""),
    (
        invoice(externalId="bill|1"),
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value bill|1 for the following field: externalId.",
        "externalId",
    ),
]


@pytest.mark.parametrize(("body", "code", "sentence", "path"), REFUSED, ids=[f"{at}-{row[1]}" for at, row in enumerate(REFUSED)])
def test_refusals(books: Books, body: dict[str, Any], code: str, sentence: str, path: str) -> None:
    books.records(
        "customer",
        {"id": "1005", "isInactive": True},
        {"id": "1006", "subsidiary": "2"},
        {"id": "1007", "currencyList": [{"currency": "2"}]},
    )
    books.records("serviceSaleItem", {"id": "2005", "isInactive": True})
    subject = {**body, "subsidiary": {"id": "1"}} if body.get("entity") == {"id": "1006"} else body
    answer = books.put("bill-1", subject) if "externalId" not in body else books.call("POST", "record/v1/invoice", body)
    assert detail(answer) == (400, code, PREFIX + sentence, path)
    assert books.state() == []


def test_no_lines(books: Books) -> None:
    for body in (invoice() | {"item": {"items": []}}, {"entity": {"id": "1001"}}):
        assert detail(books.put("bill-1", body))[1] == "VALID_LINE_ITEM_REQD"


def test_an_internal_id_is_nobodys_to_set(books: Books) -> None:
    assert detail(books.put("bill-1", invoice(id="5")))[1] == "CANT_SET_INTERNALID"
    assert detail(books.call("POST", "record/v1/invoice", invoice(id="5")))[1] == "CANT_SET_INTERNALID"
    assert detail(books.call("PUT", "record/v1/invoice/88001", invoice()))[1] == "INVALID_REQUEST"
    books.put("bill-1", invoice())
    assert detail(books.call("PATCH", "record/v1/invoice/88001", {"id": "88002"}))[1] == "CANT_SET_INTERNALID"
    assert books.call("PATCH", "record/v1/invoice/88001", {"id": "88001", "memo": "ok"}).status_code == 204


@pytest.mark.parametrize("mode", ["Warning", "Ignore", None])
def test_unknown_properties_vanish_unless_errors_are_asked_for(books: Books, mode: str | None) -> None:
    books.session.headers["X-NetSuite-PropertyNameValidation"] = mode
    assert books.put("bill-1", invoice(line(custcol_missing="x"), meno="x")).status_code == 204
    stored = books.get("bill-1")
    assert "meno" not in stored and "custcol_missing" not in stored["item"]["items"][0]


def test_a_custom_field_exists_once_a_person_made_it(books: Books) -> None:
    books.records("customField", {"scriptId": "custcol_new", "type": "date"}, {"scriptId": "custbody_new"})
    assert books.put("bill-1", invoice(line(custcol_new="2026-09-01"), custbody_new="x")).status_code == 204
    assert detail(books.put("bill-2", invoice(line(custcol_new="soon"))))[3] == "item.items[0].custcol_new"
    assert books.query("SELECT custbody_new FROM transaction WHERE externalid = ?", "bill-1") == [{"custbody_new": "x"}]


@pytest.mark.parametrize(
    ("currency", "lines", "total"),
    [
        ("1", [{"quantity": 3, "rate": 0.335}], "1.01"),
        ("1", [{"quantity": 1, "rate": 0.005}, {"quantity": 1, "rate": -0.005}], "0.00"),
        ("1", [{"quantity": 3, "rate": 0.335, "amount": 1.00}], "1.00"),
        ("4", [{"quantity": 3, "rate": 33.5}], "101"),
        ("5", [{"rate": 0.0125}, {"amount": 0.001}], "0.014"),
        ("1", [{"amount": 0.1}] * 3, "0.30"),
        ("1", [{"amount": 100}, {"amount": -100}], "0.00"),
        ("1", [{"amount": 10, "tax1Amt": 2.1}], "12.10"),
    ],
)
def test_totals_are_exact(books: Books, currency: str, lines: list[dict[str, Any]], total: str) -> None:
    assert books.put("bill-1", invoice(*(line(**fields) for fields in lines), currency={"id": currency})).status_code == 204
    raw = books.call("GET", "record/v1/invoice/eid:bill-1").content
    assert str(jsons.load(raw)["total"]) == total
    assert f'"total":{total},'.encode() in raw


def test_form_fields_that_the_account_insists_on(books: Books) -> None:
    books.configure(required_fields=["department", "Location"])
    assert detail(books.put("bill-1", invoice()))[2] == PREFIX + "Please enter value(s) for: Department, Location."
    assert detail(books.put("bill-1", invoice(location={"id": "1"})))[2] == PREFIX + "Please enter value(s) for: Department."
    assert books.put("bill-1", invoice(location={"id": "1"}, department={"id": "1"})).status_code == 204


def test_closed_periods_take_no_new_document_and_no_change(books: Books) -> None:
    books.put("bill-1", invoice())
    books.configure(closed_before="2026-10-01")
    sentence = "There is no valid open posting period for the date 9/30/2026: Sep 2026 is closed."
    assert detail(books.put("bill-2", invoice())) == (400, "VALID_PRD_REQD", sentence, "tranDate")
    sentence = "The G/L impact of a transaction in a closed period cannot be changed: Sep 2026 is closed."
    assert detail(books.put("bill-1", invoice(memo="x"))) == (400, "CLOSED_TRAN_PRD", sentence, "tranDate")
    assert detail(books.put("bill-1", invoice(tranDate="2026-10-01")))[1] == "CLOSED_TRAN_PRD"
    assert detail(books.call("DELETE", "record/v1/invoice/88001"))[1] == "CLOSED_TRAN_PRD"
    assert books.put("bill-2", invoice(tranDate="2026-10-01")).status_code == 204
    assert detail(books.put("bill-2", invoice(tranDate="2026-09-01")))[1] == "CLOSED_TRAN_PRD"
    assert detail(books.put("bill-3", invoice(tranDate="2001-01-01")))[1] == "VALID_PRD_REQD"
    closed = books.query("SELECT id FROM accountingperiod WHERE closed = 'T' ORDER BY id DESC")
    assert closed[0] == {"id": "202609"}
    books.configure(closed_before=None)
    books.records("accountingPeriod", {"id": "202609", "closed": True})
    assert detail(books.put("bill-3", invoice()))[1] == "VALID_PRD_REQD"


def test_the_posting_period_follows_the_date(books: Books) -> None:
    books.put("bill-1", invoice())
    books.put("bill-1", invoice(tranDate="2026-11-02"))
    assert (books.get("bill-1")["postingPeriod"]["id"], books.get("bill-1")["dueDate"]) == ("202611", "2026-10-30")


def test_document_numbers_are_unique_until_the_account_allows_otherwise(books: Books) -> None:
    books.put("bill-1", invoice(tranId="B-1"))
    assert detail(books.put("bill-2", invoice(tranId="B-1"))) == (400, "DUP_RCRD", "This record already exists", "tranId")
    assert books.put("bill-2", invoice()).status_code == 204
    assert books.get("bill-2")["tranId"] == "INV1001"
    books.configure(unique_tran_id=False)
    assert books.put("bill-3", invoice(tranId="B-1")).status_code == 204


def pay(books: Books, amount: object, external_id: str = "pay-1", **fields: Any) -> requests.Response:
    apply = {"items": [{"doc": {"externalId": "bill-1"}, "apply": True, "amount": amount}]}
    body = {"customer": {"id": "1001"}, "payment": amount, "currency": {"id": "1"}, "tranDate": "2026-10-05", "apply": apply, **fields}
    return books.call("PUT", f"record/v1/customerPayment/eid:{external_id}", body)


def test_a_paid_invoice_keeps_its_total(books: Books) -> None:
    books.put("bill-1", invoice(line(amount=40)))
    assert pay(books, 15).status_code == 204
    assert (books.get("bill-1")["amountRemaining"], books.get("bill-1")["status"]["id"]) == (25, "Open")
    assert detail(books.put("bill-1", invoice(line(amount=14))))[1] == "USER_ERROR"
    assert books.put("bill-1", invoice(line(amount=30))).status_code == 204
    assert pay(books, 15, "pay-2").status_code == 204
    assert (books.get("bill-1")["amountRemaining"], books.get("bill-1")["status"]["id"]) == (0, "Paid In Full")
    assert books.put("bill-1", invoice(line(amount=30), memo="ok")).status_code == 204
    refused = detail(books.put("bill-1", invoice(line(amount=31))))
    assert refused[2].endswith("payments are applied to it (Paid In Full).")
    assert detail(pay(books, 1, "pay-3"))[3] == "apply.items[0].amount"
    assert "linked to" in detail(books.call("DELETE", "record/v1/invoice/eid:bill-1"))[2]
    assert books.call("DELETE", "record/v1/customerPayment/eid:pay-2").status_code == 204
    assert books.get("bill-1")["amountRemaining"] == 15


def test_a_payment_sent_twice_pays_once(books: Books) -> None:
    books.put("bill-1", invoice(line(amount=40)))
    assert [pay(books, 15).status_code for _ in range(2)] == [204, 204]
    assert books.get("bill-1")["amountPaid"] == 15
    assert len(books.get("pay-1", "customerPayment")["apply"]["items"]) == 1


def test_a_zero_invoice_owes_nothing_and_may_still_grow(books: Books) -> None:
    books.put("bill-1", invoice(line(amount=0)))
    assert books.get("bill-1")["status"]["id"] == "Paid In Full"
    assert books.put("bill-1", invoice(line(amount=5))).status_code == 204
    assert books.get("bill-1")["status"]["id"] == "Open"


def test_other_documents(books: Books) -> None:
    sale = {"entity": {"id": "1001"}, "tranDate": "2026-09-30", "item": {"items": [line("2015", amount=7)]}}
    for kind, prefix in (("creditMemo", "CM"), ("salesOrder", "SO"), ("cashSale", "CS")):
        assert books.call("PUT", f"record/v1/{kind}/eid:x-1", sale).status_code == 204
        stored = books.get("x-1", kind)
        assert (stored["total"], stored["tranId"][:2]) == (7, prefix)
    order = books.get("x-1", "salesOrder")["id"]
    deposit = {"customer": {"id": "1001"}, "salesOrder": {"id": order}, "payment": 50, "account": {"id": "25"}}
    assert books.call("PUT", "record/v1/customerDeposit/eid:dep-1", deposit).status_code == 204
    assert books.get("dep-1", "customerDeposit")["total"] == 50
    shipped = {"entity": {"id": "1001"}, "createdFrom": {"id": order}, "item": {"items": [{"orderLine": 1, "itemReceive": True}]}}
    assert books.call("PUT", "record/v1/itemFulfillment/eid:if-1", shipped).status_code == 204
    credited = {**sale, "apply": {"items": [{"doc": {"externalId": "bill-1"}}]}}
    books.put("bill-1", invoice(line(amount=10)))
    assert books.call("PUT", "record/v1/creditMemo/eid:cm-2", credited).status_code == 204
    assert books.get("bill-1")["amountRemaining"] == 3


@pytest.mark.parametrize(
    "path", ["record/v1/dragon/1", "record/v1/invoice/1/dragons", "nowhere/at/all", "async/v1/job/7", "record/v1/dragon"]
)
def test_what_is_not_there(books: Books, path: str) -> None:
    assert detail(books.call("GET", path))[0] == 404


def test_bodies_that_are_no_records(books: Books) -> None:
    for body in (
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"7",
        b'{"item": [1]}',
        b'{"item": {"items": [1]}}',
        b'{"entity": {"id": {}}}',
        b'{"total": 1e400}',
    ):
        answer = books.session.put(f"{HOST}/services/rest/record/v1/invoice/eid:b", data=body)
        assert detail(answer)[0] == 400
    books.session.headers["X-NetSuite-PropertyNameValidation"] = "Maybe"
    assert detail(books.put("bill-1", invoice()))[1] == "INVALID_REQUEST"


words = st.sampled_from(
    ["entity", "item", "amount", "tranDate", "memo", "id", "line", "rate", "quantity", "externalId", "apply", "custcol_service_start"]
)
leaves = (
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(max_size=5) | st.just("2001")
)
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4), max_leaves=20)
_HUB = Hub()


@given(content=anything, kind=st.sampled_from(["invoice", "customer", "customerPayment", "creditMemo"]))
def test_no_content_breaks_it(content: Any, kind: str) -> None:
    account = _HUB.emulators["netsuite"].account("1234567_SB1")
    base = invoice() | {"customer": {"id": "1001"}, "payment": 1} if isinstance(content, dict) else {}
    body = jsons.dump({**base, **content} if isinstance(content, dict) else content)
    request = Request.build("PUT", f"{HOST}/services/rest/record/v1/{kind}/eid:any", {}, body)
    _HUB.emulators["netsuite"].doorkeeper.verifiers["bearer"] = lambda *_: True
    answer = _HUB.handle(Request.build("PUT", f"{HOST}{request.path}", {"Authorization": "Bearer x"}, body))
    assert answer.status in (204, 400)
    assert jsons.dump(account.state())


@given(amounts=st.lists(st.decimals(-(10**9), 10**12, places=2), min_size=1, max_size=30))
def test_the_total_is_the_sum_of_the_lines(amounts: list[Decimal]) -> None:
    emulator = _HUB.emulators["netsuite"]
    emulator.doorkeeper.verifiers["bearer"] = lambda *_: True
    body = jsons.dump(invoice(*(line(amount=amount) for amount in amounts)))
    path = "/services/rest/record/v1/invoice/eid:sum"
    answer = _HUB.handle(Request.build("PUT", f"{HOST}{path}?replace=item", {"Authorization": "Bearer x"}, body))
    assert answer.status == (204 if sum(amounts) >= 0 else 400)
    if answer.status == 204:
        read = _HUB.handle(Request.build("GET", f"{HOST}{path}", {"Authorization": "Bearer x"}))
        assert jsons.load(read.body)["total"] == sum(amounts)
