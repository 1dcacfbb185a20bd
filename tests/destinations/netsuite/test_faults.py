"""Every row of the error cookbook, from what NetSuite says to what a person reads."""

import json
import re
from collections.abc import Sequence

import pytest

from integrations.contract import Answer, Fault, Request
from integrations.destinations.netsuite.answers import fault_of
from integrations.destinations.netsuite.faults import TABLE
from runs.models import Status

BODY = {
    "tranId": "INV-7",
    "tranDate": "2026-10-31",
    "entity": {"id": "1002"},
    "item": {"items": [{"item": {"id": "2001"}}, {"item": {"id": "2014"}}]},
}
INVOICE = Request(
    method="PUT",
    url="https://x.suitetalk.api.netsuite.com/services/rest/record/v1/invoice/eid:b-7?replace=item",
    body=json.dumps(BODY).encode(),
)
PREFIX = "Error while accessing a resource. "


def refused(status: int, *details: Sequence[str]) -> Fault:
    """What becomes of an answer with (code, words, path) details."""
    named = [dict(zip(("o:errorCode", "detail", "o:errorPath"), detail, strict=False)) for detail in details]
    content = {"type": "https://www.rfc-editor.org/rfc9110.html", "title": "Bad Request", "status": status, "o:errorDetails": named}
    return fault_of(INVOICE, Answer(status=status, headers={}, body=json.dumps(content).encode(), milliseconds=1))


CASES = [
    ("N1", 400, "USER_ERROR", PREFIX + "Please enter value(s) for: Department.", "MISSING_FIELD", "insists on Department,"),
    ("N1", 400, "USER_ERROR", "Please enter value(s) for: Location, Class", "MISSING_FIELD", "insists on Location, Class,"),
    (
        "N2",
        400,
        "VALID_PRD_REQD",
        "There is no valid open tax period for date 10/31/2026",
        "TAX_PERIOD_MISSING",
        "tax period for 31 Oct 2026",
    ),
    ("N2", 400, "USER_ERROR", "no valid open tax period for date 10/31/2026", "TAX_PERIOD_MISSING", "tax period for 31 Oct 2026"),
    ("N3", 400, "VALID_PRD_REQD", "You must enter a valid posting period", "ACCOUNTING_PERIOD_CLOSED", "October 2026 is closed"),
    (
        "N3",
        400,
        "USER_ERROR",
        "There is no open accounting period for this date.",
        "ACCOUNTING_PERIOD_CLOSED",
        "dated 31 Oct 2026 cannot post",
    ),
    (
        "N4",
        400,
        "CLOSED_TRAN_PRD",
        "The G/L impact of a transaction in a closed period cannot be changed",
        "ACCOUNTING_PERIOD_CLOSED",
        "cannot be changed",
    ),
    ("N4", 400, "USER_ERROR", "A transaction cannot move to or from a closed period.", "ACCOUNTING_PERIOD_CLOSED", "cannot be changed"),
    ("N5", 400, "DATE_PRD_MISMATCH", "The date is not in the period", "PERIOD_MISMATCH", "31 Oct 2026, is not in its posting period"),
    ("paid", 400, "USER_ERROR", "cannot be changed because payments are applied to it", "INVOICE_ALREADY_PAID", "Invoice INV-7 is paid"),
    ("N6", 400, "INVALID_KEY_OR_REF", PREFIX + "Invalid subsidiary reference key 4.", "SUBSIDIARY_INACTIVE", "subsidiary 4 is inactive"),
    (
        "N7",
        400,
        "INVALID_KEY_OR_REF",
        "Invalid subsidiary reference key 4 for entity 1207.",
        "CUSTOMER_SUBSIDIARY",
        "customer 1207 does not belong to subsidiary 4",
    ),
    ("N8", 400, "USER_ERROR", "Invalid entity reference key 1207", "CUSTOMER_INACTIVE", "customer 1207 is inactive"),
    (
        "N8",
        400,
        "INVALID_KEY_OR_REF",
        "Invalid entity reference key 1207 for subsidiary 4.",
        "CUSTOMER_SUBSIDIARY",
        "customer 1207 does not belong to subsidiary 4",
    ),
    (
        "N8",
        400,
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value acct-9 for the following field: entity.",
        "CUSTOMER_UNKNOWN",
        "the id acct-9.",
    ),
    ("N9", 400, "INVALID_KEY_OR_REF", "Invalid item reference key 2014.", "ITEM_INACTIVE", "item 2014 is inactive"),
    (
        "N9",
        400,
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 9999 for the following field: item.",
        "ITEM_UNKNOWN",
        "item 9999 does not exist",
    ),
    ("N10", 400, "DUP_RCRD", "This record already exists", "DUPLICATE", "the number INV-7"),
    ("N10", 400, "USER_ERROR", "This entity already exists.", "DUPLICATE", "already has another invoice"),
    ("N11", 403, "INSUFFICIENT_PERMISSION", "You need a higher permission", "PERMISSION", "role may not write invoices"),
    ("N11", 400, "USER_ERROR", "Your current role does not have permission to perform this action.", "PERMISSION", "role may not"),
    (
        "N11",
        400,
        "USER_ERROR",
        "Your search contains a reference to join for which you do not have a permission: item",
        "PERMISSION",
        "role may not",
    ),
    ("N12", 400, "USER_ERROR", "This record has been locked by a user defined workflow.", "RECORD_LOCKED", "holds invoice INV-7"),
    ("N13", 401, "INVALID_LOGIN", "Invalid login attempt.", "AUTH_FAILED", "refused our login"),
    ("N14", 400, "invalid_request", "", "LOGIN_REFUSED", "refused the login (invalid_request)"),
    (
        "N15",
        429,
        "CONCURRENCY_LIMIT_EXCEEDED",
        "Concurrent request limit exceeded. Request blocked.",
        "CONCURRENCY_LIMIT_EXCEEDED",
        "slow down",
    ),
    ("N15", 400, "SSS_REQUEST_LIMIT_EXCEEDED", "", "CONCURRENCY_LIMIT_EXCEEDED", "slow down"),
    ("N16", 500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: abcdefgh12", "UNEXPECTED_ERROR", "failed while it worked"),
    (
        "N17",
        400,
        "IDEMPOTENCY_ERROR",
        "A request with the same idempotency key is already submitted.",
        "IDEMPOTENCY_ERROR",
        "already working",
    ),
    ("N18", 404, "NONEXISTENT_ID", "Record does not exist.", "RECORD_GONE", "no longer has invoice INV-7"),
    (
        "N19",
        400,
        "INVALID_CONTENT",
        "The field custcol_x does not exist on the record type invoice.",
        "UNKNOWN_PROPERTY",
        "the field custcol_x",
    ),
    (
        "N19",
        400,
        "INVALID_CONTENT",
        "Invalid Field Value soon for the following field: custcol_start.",
        "INVALID_VALUE",
        "soon is no value for its field custcol_start",
    ),
    ("N20", 400, "RCRD_HAS_BEEN_CHANGED", "Record has been changed", "RECORD_CHANGED", "at the same moment"),
    ("N21", 400, "UNKNWN_EXCHANGE_RATE", "There is no exchange rate", "CURRENCY", "cannot bill customer 1002"),
    ("N21", 400, "INVALID_KEY_OR_REF", "Invalid currency reference key 3 for entity 1002.", "CURRENCY", "in this currency on 31 Oct 2026"),
    (
        "N21",
        400,
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 3 for the following field: currency.",
        "CURRENCY",
        "cannot bill",
    ),
    ("N22", 400, "USER_ERROR", "Invalid sales order 55: it was already billed.", "ALREADY_BILLED", "already invoiced by hand"),
    ("N23", 400, "VALID_LINE_ITEM_REQD", "You must enter at least one line item for this transaction.", "NO_LINES", "has no lines"),
    ("else", 400, "USER_ERROR", "The moon is in the wrong house.", "REFUSED", "a reason that we do not know yet"),
]


@pytest.mark.parametrize(("row", "status", "vendor_code", "words", "code", "said"), CASES, ids=[f"{case[0]} {case[2]}" for case in CASES])
def test_a_refusal_becomes_a_sentence(row: str, status: int, vendor_code: str, words: str, code: str, said: str) -> None:
    fault = refused(status, (vendor_code, words))
    assert (fault.code, said in fault.title) == (code, True), fault.title
    assert vendor_code in fault.detail and PREFIX not in fault.detail
    assert any(known.id == row and known.code == code for known in TABLE)


def test_every_row_of_the_cookbook_is_there_and_tried() -> None:
    assert {f"N{number}" for number in range(1, 24)} <= {row.id for row in TABLE}
    tried = {(case[0], case[4]) for case in CASES}
    assert {(row.id, row.code) for row in TABLE} - tried == {
        ("address", "WRONG_ADDRESS"),
        ("unreadable", "UNREADABLE_ANSWER"),
        ("length", "VALUE_TOO_LONG"),
    }


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.id} {row.code}")
def test_a_row_speaks_as_the_product_does(row) -> None:
    assert row.title.endswith(".") and row.why.endswith((".", "}")) and row.remedy.endswith(".")
    assert not re.search(r"!|please|oops", f"{row.title} {row.why} {row.remedy}", re.IGNORECASE)
    assert row.status in Status.values
    steps = {"retry": "AWAITING_RETRY", "rate": "RATE_LIMIT_RETRY", "auth": "AUTH_FAILED", "unknown": "UNKNOWN"}
    assert row.next == "person" or row.status == steps[row.next]


@pytest.mark.parametrize(
    ("status", "body", "code", "following"),
    [
        (302, b"", "WRONG_ADDRESS", "person"),
        (200, b"<html>maintenance</html>", "UNREADABLE_ANSWER", "unknown"),
        (401, b"", "AUTH_FAILED", "auth"),
        (403, b"<html>no</html>", "PERMISSION", "person"),
        (404, b"<html>no</html>", "REFUSED", "person"),
        (429, b"", "CONCURRENCY_LIMIT_EXCEEDED", "rate"),
        (502, b"<html>bad gateway</html>", "UNEXPECTED_ERROR", "unknown"),
        (503, b'{"o:errorDetails":[{"o:errorCode":"SOMETHING_NEW","detail":"?"}]}', "UNEXPECTED_ERROR", "unknown"),
        (503, b'{"o:errorDetails":[{"o:errorCode":"SSS_REQUEST_LIMIT_EXCEEDED"}]}', "CONCURRENCY_LIMIT_EXCEEDED", "rate"),
        (400, b"\xff\xfe{", "REFUSED", "person"),
        (400, b'{"o:errorDetails":[null,{"detail":null}]}', "REFUSED", "person"),
    ],
)
def test_an_answer_without_a_known_code_goes_by_its_status(status: int, body: bytes, code: str, following: str) -> None:
    fault = fault_of(INVOICE, Answer(status=status, headers={}, body=body, milliseconds=1))
    assert (fault.code, fault.next) == (code, following)


def test_the_complaint_that_we_know_is_the_headline_and_all_are_kept() -> None:
    fault = refused(400, ("USER_ERROR", "Something odd."), ("USER_ERROR", "Please enter value(s) for: Class."))
    assert fault.code == "MISSING_FIELD"
    assert fault.detail == "USER_ERROR: Something odd.; USER_ERROR: Please enter value(s) for: Class."


def test_a_path_names_the_item_where_the_words_do_not() -> None:
    fault = refused(400, ("INVALID_KEY_OR_REF", "Invalid item reference key 2014.", "item.items[1].item"))
    assert (fault.field, fault.entity) == ("item", "Item:2014")


def test_a_markup_answer_is_told_in_its_words() -> None:
    fault = fault_of(INVOICE, Answer(status=404, headers={}, body=b"<html><h1>Not\n here</h1></html>", milliseconds=1))
    assert fault.detail == "HTTP_404: Not here" and fault.why == "NetSuite says: Not here"


def test_a_credit_memo_is_called_one() -> None:
    memo = Request(method="PUT", url=INVOICE.url.replace("invoice", "creditMemo"), body=INVOICE.body)
    answer = Answer(status=400, headers={}, body=b'{"o:errorDetails":[{"o:errorCode":"CLOSED_TRAN_PRD"}]}', milliseconds=1)
    assert fault_of(memo, answer).title == "October 2026 is closed in NetSuite, so the credit memo of 31 Oct 2026 cannot be changed."


def test_a_missing_tax_period_follows_the_policy_of_closed_periods() -> None:
    fault = refused(400, ("VALID_PRD_REQD", "There is no valid open tax period for date 10/31/2026"))
    assert (fault.code, fault.status) == ("TAX_PERIOD_MISSING", "ACCOUNTING_PERIOD_CLOSED")
