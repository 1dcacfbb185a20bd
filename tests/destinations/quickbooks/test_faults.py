"""Every row of the error cookbook, from what QuickBooks says to what a person reads."""

import json
from typing import Any

import pytest

from integrations.contract import Answer, Fault, Request
from integrations.destinations.quickbooks.answers import fault_of
from integrations.destinations.quickbooks.faults import TABLE
from integrations.destinations.quickbooks.oauth import _refusal
from runs.models import Status

BODY = {
    "DocNumber": "INV-7",
    "TxnDate": "2026-10-31",
    "CustomerRef": {"value": "58"},
    "CurrencyRef": {"value": "EUR"},
    "Line": [{"SalesItemLineDetail": {"ItemRef": {"value": "21"}}}, {"SalesItemLineDetail": {"ItemRef": {"value": "22"}}}],
}
URL = "https://quickbooks.api.intuit.com/v3/company/9130/invoice?minorversion=75"
INVOICE = Request(method="POST", url=URL, body=json.dumps(BODY).encode())
INACTIVE = "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items."


def business(code: str, detail: str, element: str = "") -> dict[str, Any]:
    """The accounting service's shape."""
    error = {"Message": "m", "Detail": detail, "code": code, "element": element}
    return {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-10-01T08:00:01-07:00"}


def gateway(name: str, code: str, status: int) -> dict[str, Any]:
    """The gateway's."""
    message = f"message={name}; errorCode={code}; statusCode={status}"
    error = {"message": message, "detail": "", "code": code, "element": None}
    return {"warnings": None, "fault": {"error": [error], "type": "X"}, "time": 1790000000000}


def refused(status: int, content: Any) -> Fault:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return fault_of(INVOICE, Answer(status=status, headers={}, body=body, milliseconds=1))


CASES = [
    ("Q1", 401, gateway("AuthenticationFailed", "003200", 401), "AUTH_FAILED", "auth", "refused our login"),
    ("Q1", 401, gateway("AuthenticationFailed", "3200", 401), "AUTH_FAILED", "auth", "refused our login"),
    ("Q3", 403, business("120", "AuthorizationFailure: You have no access"), "NOT_ALLOWED", "auth", "no longer lets us"),
    ("Q3", 403, gateway("ApplicationAuthorizationFailed", "003100", 403), "NOT_ALLOWED", "auth", "no longer lets us"),
    ("Q4", 400, business("6190", "Subscription period has ended"), "SUBSCRIPTION_ENDED", "person", "subscription has ended"),
    ("Q5", 400, business("6240", "The name supplied already exists. : Another customer"), "DUPLICATE_NAME", "person", "of this name"),
    ("Q6", 400, business("6140", "Duplicate Document Number Error : You must"), "DUPLICATE_NUMBER", "person", "the number INV-7"),
    ("Q6", 400, business("6210", "Duplicate Document Number Error : You must"), "DUPLICATE_NUMBER", "person", "the number INV-7"),
    ("Q7", 400, business("5010", "Stale Object Error : You and .. were working"), "STALE", "retry", "invoice INV-7"),
    ("Q8", 400, business("610", INACTIVE), "INACTIVE", "person", "customer 58 or one of its items"),
    ("Q9", 400, business("610", "Object Not Found : Another user has deleted this transaction."), "RECORD_GONE", "person", "no longer has"),
    ("Q10", 400, business("2500", "Invalid Reference Id : Names element id 99 not found"), "CUSTOMER_UNKNOWN", "person", "the id 99."),
    ("Q10", 400, business("2500", "Invalid Reference Id : Items element id 77 not found"), "ITEM_UNKNOWN", "person", "the id 77."),
    ("Q10", 400, business("2500", "Invalid Reference Id : Accounts element"), "REFERENCE_UNKNOWN", "person", "a record that"),
    ("Q11", 400, business("6210", "Account Period Closed, Cannot Update"), "ACCOUNTING_PERIOD_CLOSED", "person", "31 Oct 2026"),
    ("Q11", 400, business("5010", "Account Period Closed, Cannot Update"), "ACCOUNTING_PERIOD_CLOSED", "person", "31 Oct 2026"),
    ("Q12", 400, business("6540", "This transaction has been deposited."), "DEPOSITED", "person", "bank deposit"),
    ("Q13", 400, business("6000", "Business Validation Error: something new"), "BUSINESS_RULE", "person", "one of its own rules"),
    ("Q13", 400, business("6000", "Business Validation Error: Discounts are not enabled"), "DISCOUNTS_OFF", "person", "discounts are"),
    ("Q13", 400, business("6000", "Make sure all your transactions have a valid tax code."), "TAX_CODE", "person", "tax code"),
    ("Q14", 400, business("6000", "The currency of the transaction is invalid for the customer."), "CURRENCY", "person", "58 in EUR"),
    ("Q15", 400, business("2020", "Required parameter Line.Amount is missing", "Line.Amount"), "MISSING_FIELD", "person", "Line.Amount"),
    ("Q15", 400, business("2010", "Property Name:foo specified is unsupported or invalid"), "UNKNOWN_PROPERTY", "person", "in foo of"),
    ("amount", 400, business("6070", "Amount is not equal to UnitPrice * Qty."), "AMOUNT_REFUSED", "person", "another amount"),
    ("length", 400, business("2050", "String length is longer", "DocNumber"), "VALUE_TOO_LONG", "person", "DocNumber"),
    ("batch", 400, business("1040", "Batch size exceeds allowed limit"), "BATCH_TOO_LARGE", "person", "fewer documents"),
    ("Q16", 429, gateway("ThrottleExceeded", "003001", 429), "THROTTLED", "rate", "slow down"),
    ("Q17", 500, business("10000", "An application error has occurred"), "UNEXPECTED_ERROR", "unknown", "whether it is there"),
    ("Q17", 503, b"<html>Service Unavailable</html>", "UNEXPECTED_ERROR", "unknown", "whether it is there"),
    ("Q17", 500, business("9999", "never seen"), "UNEXPECTED_ERROR", "unknown", "whether it is there"),
    ("Q18", 403, business("9998", "Your app has reached its Builder tier limit"), "APP_BLOCKED", "person", "calls of this month"),
    ("request", 400, business("600", "Duplicate Request ID"), "REQUEST_KNOWN", "unknown", "had this request before"),
    ("address", 404, b"", "WRONG_ADDRESS", "person", "does not know this address"),
    ("unreadable", 200, b"<html>Maintenance</html>", "UNREADABLE_ANSWER", "unknown", "cannot be read"),
    ("else", 400, business("9999", "never seen"), "REFUSED", "person", "do not know yet"),
    ("else", 200, business("9999", "never seen"), "REFUSED", "person", "do not know yet"),
]


@pytest.mark.parametrize(("row", "status", "content", "code", "step", "words"), CASES)
def test_a_refusal_in_finances_words(row: str, status: int, content: Any, code: str, step: str, words: str) -> None:
    fault = refused(status, content)
    assert (fault.code, fault.next) == (code, step) and words in fault.title, fault
    assert code in {each.code for each in TABLE if each.id == row}


def test_the_whole_cookbook_is_here() -> None:
    assert {row.id for row in TABLE} >= {f"Q{number}" for number in range(1, 19)}
    assert {case[0] for case in CASES} | {"Q2"} == {row.id for row in TABLE}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.code)
def test_each_row_says_what_happened_why_and_what_to_do(row: Any) -> None:
    assert row.title.endswith(".") and row.why and row.remedy.endswith(".")
    assert row.status in set(Status)
    assert row.next != "person" or row.who
    assert not {"please", "oops", "!"} & set(f"{row.title} {row.why} {row.remedy}".lower().split())


def test_the_detail_keeps_quickbooks_own_words() -> None:
    assert refused(400, business("6000", "Business Validation Error: Oh")).detail == "6000: Business Validation Error: Oh"


def test_a_connection_that_has_ended_is_a_reconnect() -> None:
    error = _refusal(Answer(status=400, headers={}, body=b'{"error":"invalid_grant"}', milliseconds=1))
    assert error.code == "CONNECTION_EXPIRED" and "Reconnect" in error.sentence
