"""The client against the emulator: what is written, what is read back, and what every refusal becomes."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from integrations import errors
from integrations.contract import CatalogueRow, Held, Sought
from integrations.destinations.netsuite import DESTINATION, suiteql
from tests.destinations.netsuite.books import Books, a_document

D = Decimal


def lines_of(invoice: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(line["item"]["id"], line["amount"], line["custcol_m3ter_external_line_item"]) for line in invoice["item"]["items"]]


# --- writing -----------------------------------------------------------------------------------------------------------------------------


def test_a_document_becomes_an_invoice(books: Books) -> None:
    outcome = books.send(a_document())
    (invoice,) = books.records("invoice")
    assert outcome.fault is None
    assert (outcome.external_id, outcome.url) == (
        invoice["id"],
        f"https://1234567-sb1.app.netsuite.com/app/accounting/transactions/custinvc.nl?id={invoice['id']}&c=1234567_SB1",
    )
    assert (invoice["externalId"], invoice["tranId"], invoice["memo"], invoice["total"]) == ("bill-1", "INV-bill-1", "bill-1 r2 g3", 16.0)
    assert lines_of(invoice) == [("2001", 15.0, "l1"), ("2002", 1.0, "l2")]


def test_the_request_is_an_upsert_that_names_every_property(books: Books) -> None:
    books.send(a_document(source_id="bill 1"))
    (request,) = books.sent
    assert (request.method, request.url) == (
        "PUT",
        "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/invoice/eid:bill_x0020_1?replace=item",
    )
    assert request.headers["X-NetSuite-PropertyNameValidation"] == "Error"
    assert (request.key, request.members, request.safe) == ("key", ("bill_x0020_1",), False)
    assert b'"amount":15.00' in request.body, "numbers go as they are written, never through a float"


def test_sending_twice_changes_nothing(books: Books) -> None:
    first = books.send(a_document())
    (before,) = books.records("invoice")
    assert books.send(a_document(), update=True).external_id == first.external_id
    (after,) = books.records("invoice")
    assert lines_of(after) == lines_of(before) and after["total"] == before["total"]


def test_a_revision_replaces_the_lines_in_place(books: Books) -> None:
    books.send(a_document("16.00"))
    (before,) = books.records("invoice")
    books.send(a_document("20.50", options={"sortLineItemsBy": "SUBTOTAL"}), update=True)
    (after,) = books.records("invoice")
    assert (after["id"], after["total"], lines_of(after)) == (before["id"], 20.5, [("2002", 1.0, "l2"), ("2001", 19.5, "l1")])


def test_a_negative_bill_becomes_a_credit_memo(books: Books) -> None:
    document = a_document("-16.00")
    outcome = books.send(document)
    (memo,) = books.records("creditMemo")
    assert memo["total"] == 16.0 and books.records("invoice") == []
    assert outcome.url.endswith(f"custcred.nl?id={memo['id']}&c=1234567_SB1")
    held = books.client.held([Sought("creditMemo", document.key)])[document.key]
    assert held.total == document.total == D("-16.00")


@pytest.mark.parametrize(("currency", "total"), [("KWD", "1.235"), ("JPY", "1235"), ("EUR", "1.01")])
def test_every_minor_unit_arrives_exactly(books: Books, currency: str, total: str) -> None:
    document = a_document(total, currency=currency)
    assert books.send(document).fault is None
    held = books.client.held([Sought("invoice", document.key)])[document.key]
    assert (held.total, held.currency) == (D(total), currency)


def test_the_given_amount_wins_over_quantity_times_rate(books: Books) -> None:
    line = {"key": "l1", "type": "USAGE", "description": "a", "amount": "0.0049", "quantity": "3", "refs": {"Product": {"id": "p-1"}}}
    other = {"key": "l2", "type": "USAGE", "description": "b", "amount": "0.0051", "quantity": "7", "refs": {"Product": {"id": "p-1"}}}
    books.send(a_document("0.01", lines=[line, other]))
    (invoice,) = books.records("invoice")
    assert ([line["amount"] for line in invoice["item"]["items"]], invoice["total"]) == ([0.0, 0.01], 0.01)


# --- reading back ------------------------------------------------------------------------------------------------------------------------


def test_what_is_held_is_read_in_one_query(books: Books) -> None:
    document = a_document(source_id="bill-9")
    outcome = books.send(document)
    books.send(a_document(source_id="bill-8"))
    books.hub.calls.clear()
    asked = [("invoice", "bill-9"), ("invoice", "bill-8"), ("invoice", "bill-7"), ("creditMemo", "bill-8")]
    held = books.client.held([Sought(kind, key) for kind, key in asked])
    assert held["bill-9"] == Held(
        key="bill-9",
        external_id=outcome.external_id,
        url=outcome.url,
        number="INV-bill-9",
        tag="bill-9 r2 g3",
        total=D("16.00"),
        currency="USD",
        status="Open",
        date=dt.date(2026, 10, 31),
        period="Oct 2026",
        subsidiary="1",
        customer="Borealis AI",
    )
    assert set(held) == {"bill-9", "bill-8"}
    assert books.hub.calls.report()["total"] == 1


def test_a_credit_memo_is_not_taken_for_an_invoice(books: Books) -> None:
    books.send(a_document("-16.00"))
    assert books.client.held([Sought("invoice", "bill-1")]) == {}


def test_paid_and_closed_are_told(books: Books) -> None:
    outcome = books.send(a_document())
    books.send(a_document("0.00", source_id="bill-0"))
    books.enter("invoice", {"id": outcome.external_id, "status": "Paid In Full"})
    books.configure(netsuite={"closed_before": "2026-11-01"})
    held = books.client.held([Sought("invoice", "bill-1"), Sought("invoice", "bill-0")])
    assert (held["bill-1"].paid, held["bill-1"].status, held["bill-1"].period_closed) == (True, "Paid In Full", True)
    assert held["bill-0"].paid is False, "a zero invoice owes nothing, but nobody paid it"


def test_many_keys_are_asked_in_chunks(books: Books) -> None:
    keys = [f"bill-{number}" for number in range(suiteql.KEYS_PER_QUERY + 1)]
    books.send(a_document(source_id=keys[-1]))
    books.hub.calls.clear()
    assert set(books.client.held([Sought("invoice", key) for key in keys])) == {keys[-1]}
    assert books.hub.calls.report()["total"] == 2
    assert books.client.held([]) == {}


@pytest.mark.parametrize("table", [table.name for table in DESTINATION.tables])
def test_every_declared_table_can_be_listed(books: Books, table: str) -> None:
    rows = list(books.client.catalogue(table))
    assert rows and all(row.id and row.name for row in rows)


def test_the_catalogue_names_people_use(books: Books) -> None:
    books.enter("serviceSaleItem", {"id": "2099", "itemId": "OLD", "displayName": "Old service", "isInactive": True})
    items = {row.id: row for row in books.client.catalogue("Item")}
    assert items["2001"] == CatalogueRow(id="2001", name="API Usage", code="API Usage", kind="Service")
    assert (items["2099"].active, items["2099"].code) == (False, "OLD")
    customers = {row.id: row for row in books.client.catalogue("Customer")}
    assert (customers["1002"].name, customers["1002"].email) == ("Borealis AI", "ap-1002@example.test")
    assert {row.code: row.id for row in books.client.catalogue("Currency")}["GBP"] == "2"


def test_a_long_table_is_read_page_by_page(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suiteql, "PAGE", 7)
    assert len(list(books.client.catalogue("Customer"))) == 20
    assert len({row.id for row in books.client.catalogue("Customer")}) == 20


def test_a_question_that_fails_says_what_happens_next(books: Books) -> None:
    books.busy()
    with pytest.raises(errors.Retry, match="slow down") as caught:
        books.client.held([Sought("invoice", "bill-1")])
    assert caught.value.rate


# --- refusals ----------------------------------------------------------------------------------------------------------------------------


def refused(books: Books, document: Any = None, update: bool = False) -> tuple[str, str, str, str]:
    fault = books.send(document or a_document(), update).fault
    assert fault is not None
    return fault.code, fault.next, fault.status, fault.title


def test_a_closed_period_stops_a_new_invoice(books: Books) -> None:
    books.configure(netsuite={"closed_before": "2026-11-01"})
    assert refused(books) == (
        "ACCOUNTING_PERIOD_CLOSED",
        "person",
        "ACCOUNTING_PERIOD_CLOSED",
        "October 2026 is closed in NetSuite, so this invoice dated 31 Oct 2026 cannot post.",
    )
    assert books.records("invoice") == []


def test_a_closed_period_stops_a_change(books: Books) -> None:
    books.send(a_document())
    books.configure(netsuite={"closed_before": "2026-11-01"})
    code, _, status, title = refused(books, a_document("17.00"), update=True)
    assert (code, status) == ("ACCOUNTING_PERIOD_CLOSED", "ACCOUNTING_PERIOD_CLOSED")
    assert title == "October 2026 is closed in NetSuite, so the invoice of 31 Oct 2026 cannot be changed."


def test_a_paid_invoice_keeps_its_total(books: Books) -> None:
    outcome = books.send(a_document())
    books.enter("invoice", {"id": outcome.external_id, "status": "Paid In Full"})
    code, _, status, title = refused(books, a_document("17.00"), update=True)
    assert (code, status, title) == (
        "INVOICE_ALREADY_PAID",
        "INVOICE_ALREADY_PAID",
        "Invoice INV-bill-1 is paid, so it was not written over.",
    )


def test_a_field_that_the_form_insists_on_is_named(books: Books) -> None:
    books.configure(netsuite={"required_fields": ["Department"]})
    assert refused(books)[0::3] == ("MISSING_FIELD", "NetSuite's form insists on Department, which the invoice does not carry.")


def test_an_inactive_item_and_an_unknown_one(books: Books) -> None:
    books.enter("serviceSaleItem", {"id": "2001", "isInactive": True})
    assert refused(books)[0::3] == ("ITEM_INACTIVE", "NetSuite refused the invoice because item 2001 is inactive.")
    document = a_document()
    document.body["item"]["items"][0]["item"] = {"id": "9999"}
    assert refused(books, document)[0] == "ITEM_UNKNOWN"


def test_an_inactive_customer_and_an_unknown_one(books: Books) -> None:
    books.enter("customer", {"id": "1002", "isInactive": True})
    assert refused(books)[0::3] == (
        "CUSTOMER_INACTIVE",
        "NetSuite refused the invoice because customer 1002 is inactive, or out of the integration's sight.",
    )
    document = a_document()
    document.body["entity"] = {"id": "acct-77"}
    assert refused(books, document)[0::3] == ("CUSTOMER_UNKNOWN", "NetSuite has no customer with the id acct-77.")


def test_a_number_that_is_taken(books: Books) -> None:
    books.send(a_document(number="INV-7"))
    assert refused(books, a_document(source_id="bill-2", number="INV-7"))[0::3] == (
        "DUPLICATE",
        "NetSuite already has another invoice with the number INV-7.",
    )


def test_a_custom_field_that_does_not_exist_is_named(books: Books) -> None:
    document = a_document(options={"netsuiteExternalLineItemField": "custcol_gone"})
    assert refused(books, document)[0::3] == ("UNKNOWN_PROPERTY", "NetSuite does not know the field custcol_gone on this invoice.")


def test_a_text_that_is_too_long(books: Books) -> None:
    assert refused(books, a_document(number="7" * 46))[0::3] == (
        "VALUE_TOO_LONG",
        "NetSuite refused the invoice because its tranId is longer than 45 characters.",
    )
    line = {"key": "l1", "type": "USAGE", "description": "long " * 1000, "amount": "16.00", "refs": {"Product": {"id": "p-1"}}}
    assert books.send(a_document(lines=[line])).fault is None, "a description is cut"


def test_too_many_requests_at_once(books: Books) -> None:
    books.login.headers()
    books.busy()
    assert refused(books)[:3] == ("CONCURRENCY_LIMIT_EXCEEDED", "rate", "RATE_LIMIT_RETRY")


@pytest.mark.parametrize(("status", "code", "following"), [(500, "UNEXPECTED_ERROR", "unknown"), (503, "UNEXPECTED_ERROR", "unknown")])
def test_an_error_inside_netsuite_leaves_it_unknown(books: Books, status: int, code: str, following: str) -> None:
    books.fault("status", status=status)
    assert refused(books)[:3] == (code, following, "UNKNOWN")
    assert books.send(a_document()).fault is None


def test_a_right_that_the_role_lacks(books: Books) -> None:
    books.fault("status", status=403)
    assert refused(books)[:2] == ("PERMISSION", "person")


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset"])
def test_a_cut_connection_is_unknown_and_the_same_bytes_are_safe_to_send_again(books: Books, kind: str) -> None:
    books.fault(kind)
    with pytest.raises(errors.Unknown):
        books.send(a_document())
    assert books.send(a_document()).fault is None
    assert len(books.records("invoice")) == 1


def test_an_old_token_is_renewed_without_anybody_noticing(books: Books) -> None:
    books.login.token = dataclasses.replace(_token(books), value="stale")
    assert books.send(a_document()).fault is None
    assert books.login.renewals == 1


def test_a_login_that_stays_refused_asks_for_an_administrator(books: Books) -> None:
    _token(books)
    books.configure(netsuite={"faults": [{"match": "/", "kind": "status", "status": 401, "times": 5}]})
    assert refused(books)[:3] == ("AUTH_FAILED", "auth", "AUTH_FAILED")


def _token(books: Books) -> Any:
    books.login.headers()
    return books.login.token
