"""The client against the emulator: what is written, what is read back, and what every refusal becomes."""

import dataclasses
import datetime as dt
import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations import errors
from integrations.contract import Answer, CatalogueRow, Sending, Sought
from integrations.destinations.quickbooks import DESTINATION, query
from integrations.http import Wire
from tests.destinations.quickbooks.books import REALM, Books, a_document, many, sought

D = Decimal


# --- writing -----------------------------------------------------------------------------------------------------------------------------


def test_one_document_is_one_call_whose_answer_is_the_proof(books: Books) -> None:
    document = a_document()
    books.calls()
    (outcome,) = books.send(document, key="5d1f6c6e-0f0c-5f2e-9a57-3a2d1c9b7e11")
    (invoice,) = books.records()
    assert outcome.fault is None and outcome.external_id == invoice["Id"]
    assert outcome.url == f"https://app.qbo.intuit.com/app/invoice?txnId={invoice['Id']}&deeplinkcompanyid={REALM}"
    assert outcome.held is not None
    assert (outcome.held.key, outcome.held.tag, outcome.held.total, outcome.held.currency) == ("bill-1", "bill-1 r1 g1", D("16.00"), "USD")
    assert (invoice["TotalAmt"], invoice["DocNumber"], invoice["PrivateNote"]) == (D("16.00"), "INV-bill-1", "bill-1 r1 g1")
    assert books.calls() == {"bearer": 1, "invoice": 1}
    (request,) = books.sent
    parts = urlsplit(request.url)
    assert (parts.hostname, parts.path) == ("quickbooks.api.intuit.com", f"/v3/company/{REALM}/invoice")
    assert parse_qs(parts.query) == {"minorversion": ["75"], "requestid": ["5d1f6c6e-0f0c-5f2e-9a57-3a2d1c9b7e11"]}


def test_the_trace_id_of_a_call_is_kept(books: Books) -> None:
    (request,) = books.client.pack([_sending()], lambda members, body: "k")
    assert books.client.send(request).trace.startswith("1-")


def _sending() -> Sending:
    return Sending(document=a_document(), update=False)


def test_many_documents_go_thirty_to_a_batch(books: Books) -> None:
    outcomes = books.send(*many(61))
    assert [outcome.fault for outcome in outcomes] == [None] * 61
    assert [outcome.member for outcome in outcomes] == [document.key for document in many(61)]
    assert len(books.records()) == 61 and books.calls() == {"bearer": 1, "batch": 2, "invoice": 1}
    parts = json.loads(books.sent[0].body)["BatchItemRequest"]
    assert len(parts) == 30 and all(len(part["bId"]) <= 10 and part["operation"] == "create" for part in parts)


def test_the_batch_size_is_an_option(books: Books) -> None:
    books.client = DESTINATION.connect(Wire(books.login, "QuickBooks"), REALM, {"batchSize": 7})
    books.send(*many(15))
    assert books.calls() == {"bearer": 1, "batch": 2, "invoice": 1}


def test_a_batch_may_hold_invoices_and_credit_memos_and_fail_in_part(books: Books) -> None:
    wrong = a_document(source_id="bill-2", account={"id": "nobody"})
    first, second, third = books.send(a_document(), wrong, a_document("-5.00", "bill-3"))
    assert first.fault is None and third.fault is None
    assert second.fault is not None and (second.fault.code, second.fault.entity) == ("CUSTOMER_UNKNOWN", "Customer:nobody")
    (memo,) = books.records("CreditMemo")
    assert memo["TotalAmt"] == D("5.00") and third.held is not None and third.held.total == D("-5.00")
    assert "/app/creditmemo?" in third.url


@pytest.mark.parametrize("count", [1, 3])
def test_the_same_request_again_makes_nothing_twice(books: Books, count: int) -> None:
    books.send(*many(count))
    (request,) = books.sent
    again = books.client.outcomes(request, books.client.send(request))
    assert [outcome.fault for outcome in again] == [None] * count and len(books.records()) == count
    assert [outcome.external_id for outcome in again] == [record["Id"] for record in books.records()]


def test_an_update_names_the_version_and_replaces_all_lines(books: Books) -> None:
    books.send(a_document())
    one_line = [{"key": "l1", "type": "USAGE", "description": "API calls", "amount": "20.00", "refs": {"Product": {"id": "p-1"}}}]
    (outcome,) = books.send(a_document("20.00", revision=2, lines=one_line), update=True)
    (invoice,) = books.records()
    assert outcome.fault is None and (invoice["SyncToken"], invoice["TotalAmt"], len(invoice["Line"])) == ("1", D("20.00"), 1)
    body = json.loads(books.sent[-1].body)
    assert (body["Id"], body["SyncToken"], body["sparse"]) == (invoice["Id"], "0", True)
    assert outcome.held is not None and (outcome.held.tag, outcome.held.version) == ("bill-1 r2 g2", "1")


def test_updates_go_in_batches_too(books: Books) -> None:
    books.send(*many(3))
    books.calls()
    outcomes = books.send(*many(3), update=True)
    assert [outcome.fault for outcome in outcomes] == [None] * 3 and books.calls() == {"query": 1, "batch": 1}
    assert {record["SyncToken"] for record in books.records()} == {"1"}


def test_somebody_else_was_faster(books: Books) -> None:
    books.send(a_document())
    held = books.client.held([sought(a_document())])
    books.enter("Invoice", {"DocNumber": "INV-bill-1", "CustomerMemo": {"value": "Thank you"}})
    sending = Sending(document=a_document(revision=2), update=True, external_id=held["bill-1"].external_id, version=held["bill-1"].version)
    (request,) = books.client.pack([sending], lambda members, body: "late")
    (outcome,) = books.client.outcomes(request, books.client.send(request))
    assert outcome.fault is not None and (outcome.fault.code, outcome.fault.next) == ("STALE", "retry")


@pytest.mark.parametrize(("currency", "total"), [("USD", "90071992547.93"), ("JPY", "1108178"), ("KWD", "812.394")])
def test_every_minor_unit_arrives_exactly(books: Books, currency: str, total: str) -> None:
    (outcome,) = books.send(a_document(total, currency=currency))
    assert outcome.held is not None and (outcome.held.total, outcome.held.currency) == (D(total), currency)


# --- refusals ----------------------------------------------------------------------------------------------------------------------------


def test_a_fault_under_http_200_is_a_fault(books: Books) -> None:
    document = a_document()
    (request,) = books.client.pack([_sending()], lambda members, body: "k")
    fault = {"Fault": {"Error": [{"Message": "m", "Detail": "d", "code": "9999"}], "type": "ValidationFault"}}
    (outcome,) = books.client.outcomes(request, Answer(status=200, headers={}, body=json.dumps(fault).encode(), milliseconds=1))
    assert outcome.fault is not None and (outcome.fault.code, outcome.fault.next) == ("REFUSED", "person")
    both = {"Invoice": {"Id": "7"}, **fault}
    (outcome,) = books.client.outcomes(request, Answer(status=200, headers={}, body=json.dumps(both).encode(), milliseconds=1))
    assert outcome.fault is not None and outcome.member == document.key


def test_a_part_that_the_batch_does_not_answer_is_unknown(books: Books) -> None:
    books.send(*many(2))
    (request,) = books.sent
    answer = {"BatchItemResponse": [{"bId": "b2", "Invoice": {"Id": "7", "TotalAmt": 1}}]}
    first, second = books.client.outcomes(request, Answer(status=200, headers={}, body=json.dumps(answer).encode(), milliseconds=1))
    assert first.fault is not None and first.fault.next == "unknown"
    assert second.fault is None and second.external_id == "7"


def test_a_number_that_is_taken_is_looked_into(books: Books) -> None:
    books.enter("Invoice", {"DocNumber": "INV-bill-1", "CustomerRef": {"value": "1001"}, "Line": [_entered()]})
    (outcome,) = books.send(a_document())
    assert outcome.fault is not None and (outcome.fault.code, outcome.fault.look) == ("DUPLICATE_NUMBER", True)
    assert books.client.held([sought(a_document())]) == {}, "it is somebody else's"


def _entered() -> dict[str, object]:
    return {"DetailType": "SalesItemLineDetail", "Amount": 5, "SalesItemLineDetail": {"ItemRef": {"value": "2001"}}}


@pytest.mark.parametrize(
    ("settings", "changes", "code"),
    [
        ({"closed_before": "2026-11-01"}, {}, "ACCOUNTING_PERIOD_CLOSED"),
        ({"multicurrency": False}, {"currency": "EUR"}, "CURRENCY"),
        ({"required_fields": ["DepartmentRef"]}, {}, "MISSING_FIELD"),
        ({"requests_per_minute": 0}, {}, "THROTTLED"),
    ],
)
def test_what_the_company_forbids_is_told_in_our_words(
    books: Books, settings: dict[str, object], changes: dict[str, object], code: str
) -> None:
    books.configure(**settings)
    (outcome,) = books.send(a_document(**changes))
    assert outcome.fault is not None and outcome.fault.code == code


def test_a_customer_in_another_currency(books: Books) -> None:
    books.enter("Customer", {"Id": "1002", "CurrencyRef": {"value": "EUR"}})
    (outcome,) = books.send(a_document())
    assert outcome.fault is not None and outcome.fault.title == "QuickBooks cannot bill customer 1002 in USD."


def test_inactive_records(books: Books) -> None:
    books.enter("Item", {"Id": "2001", "Active": False})
    (outcome,) = books.send(a_document())
    assert outcome.fault is not None and outcome.fault.code == "INACTIVE"


def test_an_expired_token_is_renewed_once(books: Books) -> None:
    books.login.headers()
    books.configure(token_seconds=0)
    (request,) = books.client.pack([_sending()], lambda members, body: "k")
    (outcome,) = books.client.outcomes(request, books.client.send(request))
    assert outcome.fault is not None and outcome.fault.next == "auth" and books.login.renewals == 1


# --- reading -----------------------------------------------------------------------------------------------------------------------------


def test_what_is_held_is_read_by_id_whatever_its_note_and_number_say(books: Books) -> None:
    (outcome,) = books.send(a_document())
    books.enter("Invoice", {"Id": outcome.external_id, "DocNumber": "RENAMED", "PrivateNote": "mine", "Balance": 0})
    books.calls()
    (held,) = books.client.held([sought(a_document(), outcome.external_id)]).values()
    assert (held.key, held.number, held.tag, held.paid, held.status, held.version) == ("bill-1", "RENAMED", "mine", True, "Paid", "1")
    assert books.calls() == {"query": 1}


def test_what_has_no_id_yet_is_read_by_number_and_note(books: Books) -> None:
    documents = [a_document(), a_document(source_id="bill-2"), a_document("-3.00", "bill-3")]
    books.send(*documents)
    books.calls()
    held = books.client.held([sought(document) for document in [*documents, a_document(source_id="bill-4")]])
    assert {key: each.total for key, each in held.items()} == {"bill-1": D("16.00"), "bill-2": D("16.00"), "bill-3": D("-3.00")}
    assert books.calls() == {"query": 2}, "one for each kind"


def test_where_quickbooks_numbers_documents_they_are_found_by_time(books: Books) -> None:
    books.configure(custom_numbers=False)
    since = dt.datetime.now(dt.UTC)
    (outcome,) = books.send(a_document())
    assert outcome.held is not None and outcome.held.number == "1001"
    asked = dataclasses.replace(sought(a_document()), since=since)
    assert books.client.held([asked])["bill-1"].external_id == outcome.external_id
    assert books.client.held([dataclasses.replace(asked, since=since + dt.timedelta(days=1))]) == {}


def test_voided_and_deleted_documents(books: Books) -> None:
    first, second = books.send(a_document(), a_document(source_id="bill-2"))
    books.enter("Invoice", {"Id": first.external_id, "void": True}, {"Id": second.external_id, "deleted": True})
    held = books.client.held([sought(a_document(), first.external_id), sought(a_document(source_id="bill-2"), second.external_id)])
    assert {key: (each.status, each.total) for key, each in held.items()} == {"bill-1": ("Voided", D(0))}


def test_apostrophes_and_long_lists_are_asked_safely(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "ASKED_AT_ONCE", 2)
    books.send(*[a_document(source_id=f"o'brien-{number}") for number in range(3)])
    books.calls()
    assert len(books.client.held([sought(a_document(source_id=f"o'brien-{number}")) for number in range(3)])) == 3
    assert books.calls() == {"query": 2} and books.client.held([]) == {}


def test_documents_under_a_number(books: Books) -> None:
    (outcome,) = books.send(a_document())
    assert [held.external_id for held in books.client.by_number("Invoice", "INV-bill-1")] == [outcome.external_id]
    assert [held.number for held in books.client.by_number("Invoice", outcome.external_id)] == ["INV-bill-1"]
    assert books.client.by_number("CreditMemo", "INV-bill-1") == []


@pytest.mark.parametrize(("closed_before", "day"), [("2026-11-01", "2026-11-01"), (None, "2026-10-16")])
def test_the_first_open_day(books: Books, closed_before: str | None, day: str) -> None:
    books.configure(closed_before=closed_before)
    assert books.client.first_open_day(dt.date(2026, 10, 15)) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("closed_before", "told"),
    [
        (None, [("Sep 2026", 1, 30, True), ("Oct 2026", 1, 31, True)]),
        ("2026-10-01", [("Sep 2026", 1, 30, False), ("Oct 2026", 1, 31, True)]),
        ("2026-10-16", [("Sep 2026", 1, 30, False), ("Oct 2026", 1, 15, False), ("Oct 2026", 16, 31, True)]),
    ],
)
def test_the_months_up_to_the_closing_date_are_closed(
    books: Books, closed_before: str | None, told: list[tuple[str, int, int, bool]]
) -> None:
    books.configure(closed_before=closed_before)
    found = books.client.periods(dt.date(2026, 9, 12), dt.date(2026, 10, 3))
    assert [(each.name, each.start.day, each.end.day, each.open) for each in found] == told


def test_the_catalogue_is_read_page_by_page_inactive_records_too(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "PAGE", 8)
    books.enter("Customer", {"Id": "1020", "Active": False})
    rows = list(books.client.catalogue("Customer"))
    assert len(rows) == 20 and rows[0] == CatalogueRow(id="1001", name="Acme Cloud", email="ap-1001@example.test")
    assert [row.id for row in rows if not row.active] == ["1020"]
    assert books.calls()["query"] == 3
    assert {table.name: len(list(books.client.catalogue(table.name))) > 0 for table in DESTINATION.tables} == {
        "Customer": True, "Item": True, "TaxCode": True, "Class": True,
    }  # fmt: skip


def test_only_what_changed_is_read(books: Books) -> None:
    assert list(books.client.catalogue("Item", dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))) == []


def test_a_question_that_is_refused_says_why(books: Books) -> None:
    books.configure(requests_per_minute=0)
    with pytest.raises(errors.Retry, match="slow down") as busy:
        books.client.held([Sought("Invoice", "bill-1", number="INV-1")])
    assert busy.value.rate


def test_the_sandbox_is_another_host(books: Books) -> None:
    books.client = DESTINATION.connect(Wire(books.login, "QuickBooksSandbox"), REALM, {})
    (outcome,) = books.send(a_document())
    assert outcome.url.startswith("https://app.sandbox.qbo.intuit.com/")
    assert urlsplit(books.sent[0].url).hostname == "sandbox-quickbooks.api.intuit.com"
