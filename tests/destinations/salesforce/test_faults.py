"""What Salesforce says, and what people read: every row of the error cookbook, and the answers that are none."""

import json
from string import Formatter

import pytest

from integrations.contract import Answer
from integrations.destinations.salesforce.answers import fault_among, fault_of, known, part, usage
from integrations.destinations.salesforce.faults import TABLE
from integrations.faults import Said

COOKBOOK = [
    ("S1", 401, "INVALID_SESSION_ID", "Session expired or invalid", "SESSION_ENDED", "auth"),
    ("S3", 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "DAILY_LIMIT", "rate"),
    ("S3", 403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "TOO_MANY_AT_ONCE", "rate"),
    ("S4", 400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: 001", "RECORD_LOCKED", "retry"),
    ("S4", 500, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", "RECORD_LOCKED", "retry"),
    ("S5", 400, "DUPLICATE_VALUE", "duplicate value found: Number__c duplicates value on record with id: a01", "DUPLICATE_VALUE", "person"),
    ("S6", 400, "DUPLICATES_DETECTED", "Use one of these records?", "DUPLICATES_DETECTED", "person"),
    ("S8", 400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Region__c]", "REQUIRED_FIELD_MISSING", "person"),
    ("S9", 400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Totals are never odd.", "VALIDATION_RULE", "person"),
    ("S10", 400, "INVALID_FIELD", "No such column 'Total__c' on sobject of type Invoice__c", "FIELD_NOT_VISIBLE", "person"),
    ("S10", 404, "NOT_FOUND", "The requested resource does not exist", "NOT_FOUND", "person"),
    ("S11", 400, "STRING_TOO_LONG", "Name: data value too large: x (max length=80)", "VALUE_DOES_NOT_FIT", "person"),
    ("S11", 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Status: bad value", "VALUE_DOES_NOT_FIT", "person"),
    ("S12", 400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "PARENT_NOT_VISIBLE", "person"),
    ("S12", 400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights", "PARENT_NOT_VISIBLE", "person"),
    ("S13", 400, "ENTITY_IS_LOCKED", "This record is locked.", "RECORD_IN_APPROVAL", "person"),
    ("S14", 400, "PROCESSING_HALTED", "The transaction was rolled back", "HALTED", "retry"),
    ("S15", 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "InvoiceTrigger: execution of BeforeInsert", "AUTOMATION_FAILED", "person"),
    ("S16", 403, "API_CURRENTLY_DISABLED", "API is currently disabled", "API_DISABLED", "auth"),
    ("S16", 403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization", "API_DISABLED", "auth"),
    ("new", 400, "SOMETHING_NEW", "Salesforce has a new idea.", "REFUSED", "person"),
]


@pytest.mark.parametrize(("row", "status", "vendor_code", "words", "code", "step"), COOKBOOK)
def test_the_cookbook(row: str, status: int, vendor_code: str, words: str, code: str, step: str) -> None:
    body = json.dumps([{"errorCode": vendor_code, "message": words, "fields": []}]).encode()
    fault = fault_of(Answer(status=status, headers={}, body=body, milliseconds=3))
    assert (fault.code, fault.next) == (code, step)
    assert fault.detail == f"{vendor_code}: {words}"
    assert fault.title.endswith((".", words)) and "{" not in fault.title + fault.why + fault.remedy


def test_several_records_under_one_id_are_named() -> None:
    (said,) = part(300, ["/services/data/v62.0/sobjects/Invoice__c/a01", "/services/data/v62.0/sobjects/Invoice__c/a02"])
    fault = fault_among([said])
    assert fault.code == "SEVERAL_UNDER_ONE_ID" and "Invoice__c/a01" in fault.why


def test_the_cause_goes_before_what_it_stopped() -> None:
    said = [Said(code="PROCESSING_HALTED", words="rolled back"), Said(code="STRING_TOO_LONG", words="too long", path="Name")]
    fault = fault_among(said)
    assert (fault.code, fault.field) == ("VALUE_DOES_NOT_FIT", "Name")


def test_every_text_can_be_filled() -> None:
    """From what the caller knows, or from a group of the row's own patterns."""
    given = {*known(Said()), "words", "vendor_code", "path"}
    for row in TABLE:
        own = {name for name in ("fields", "record", "label") if f"?P<{name}>" in row.says + row.narrow}
        for text in (row.title, row.why, row.remedy, row.who, row.field, row.entity):
            assert {name for _, name, _, _ in Formatter().parse(text) if name} <= given | own, row.id


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("api-usage=118/100000", (118, 100_000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=x)", (25, 5000)),
        ("", None),
        ("x", None),
    ],
)
def test_the_allowance_is_read_from_the_header(header: str, read: tuple[int, int] | None) -> None:
    assert usage(Answer(status=200, headers={"sforce-limit-info": header}, body=b"", milliseconds=1)) == read
