"""What the set-up asks for orders, payments, customers and taxes."""

import re

import pytest

from integrations import options
from integrations.contract import Option
from integrations.destinations.netsuite import DESTINATION
from integrations.destinations.netsuite.order_options import ORDER_OPTIONS

DESIGNED = {
    "documentFlow": "INVOICE",
    "billConsolidation": "CHILD",
    "taxItemId": "",
    "lineTaxCustomField": "",
    "discountItemId": "",
    "revenueRecognitionFields": {},
    "customerMatch": "MAPPING",
    "createMissingCustomers": False,
    "customFields": {},
    "paymentInstruments": False,
    "paymentMethodId": "",
    "refundAccountId": "",
    "refundReceivableAccountId": "",
    "salesOrderCustomForm": "",
    "departmentId": "",
    "subsidiaryId": "",
    "locationId": "",
    "classId": "",
}
CHOICES = {
    "documentFlow": {"INVOICE", "SALES_ORDER_TO_INVOICE", "SALES_ORDER_FULFILMENT", "AUTO"},
    "billConsolidation": {"PARENT", "CHILD"},
    "revenueRecognitionFields": {"start", "end"},
    "customerMatch": {"MAPPING", "EMAIL", "EXTERNAL_ID"},
    "customFields": {"customerId", "customerSubdomain", "orderSubdomain", "orderInvoiceNumber"},
}


def test_keys_defaults_and_choices_are_the_designs() -> None:
    found = options.defaults(DESTINATION, "Bill")
    assert {key: found[key] for key in DESIGNED} == DESIGNED
    assert {option.key for option in ORDER_OPTIONS} == set(DESIGNED)
    assert {option.key: {code for code, _ in option.choices} for option in ORDER_OPTIONS if option.choices} == CHOICES


@pytest.mark.parametrize("option", ORDER_OPTIONS, ids=lambda option: option.key)
def test_each_says_in_a_sentence_what_it_does_and_drop_downs_have_a_table(option: Option) -> None:
    assert option.help.endswith(".")
    assert option.choices or re.search(r"\b(Empty|Off):", option.help)
    assert not option.table or option.table in {table.name for table in DESTINATION.tables}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"lineTaxCustomField": "custbody_tax"}, "begins with custcol"),
        ({"customFields": {"customerId": "custbody_id"}}, "begins with custentity"),
        ({"customFields": {"orderSubdomain": "custentity_sub"}}, "begins with custbody"),
        ({"revenueRecognitionFields": {"start": "tranDate"}}, "is not a date of a line"),
        ({"documentFlow": "ORDER"}, "expected INVOICE or"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(given: dict[str, object], says: str) -> None:
    with pytest.raises(options.OptionErrors) as caught:
        options.clean(given, DESTINATION, "Bill")
    assert says in next(iter(caught.value.errors.values()))


def test_what_can_be_is_kept() -> None:
    given = {
        "lineTaxCustomField": "custcol_line_tax",
        "customFields": {"customerId": "custentity_customer_id", "orderInvoiceNumber": "custbody_order_invoice_number"},
        "revenueRecognitionFields": {"start": "revRecStartDate", "end": "custcol_rev_rec_end"},
        "paymentMethodId": "7",
    }
    cleaned = options.clean(given, DESTINATION, "Bill")
    assert {key: cleaned[key] for key in given} == given
