import pytest

from billing.bill import LINE_TYPES
from integrations import options
from integrations.contract import Destination
from integrations.options import OptionErrors

pytestmark = pytest.mark.django_db

DEFAULTS = {
    "triggerType": "EVENT",
    "accountIds": [],
    "restrictedAccountIds": [],
    "integrationDisabledNotificationUsers": [],
    "syncStartDate": "",
    "scheduleMinutes": 60,
    "runAfterIntegrationId": "",
    "accountFilter": "",
    "onlySendBillOnApproval": False,
    "useExternalMappingAccountCode": False,
    "enforceExternalMappingsForConfig": False,
    "sendZeroTotalBills": True,
    "excludedLineItemTypes": [],
    "excludedProducts": [],
    "excludedAggregations": [],
    "sortLineItemsBy": "NONE",
    "voidPolicy": "NOTHING",
    "customFieldMapping": {"Account": "ledger_customer", "Product": "ledger_item"},
    "splitLines": "PRODUCT",
    "defaultItemId": "",
    "itemMapping": {},
    "bccEmail": "",
    "lineFields": {},
    "batchLimit": 20,
}
CHOSEN = {
    "triggerType": "SCHEDULE",
    "scheduleMinutes": 120,
    "accountIds": ["acc-1", "acc-2"],
    "restrictedAccountIds": ["acc-3"],
    "integrationDisabledNotificationUsers": ["priya@example.com"],
    "syncStartDate": "2026-11-01",
    "accountFilter": "customFields.country == US",
    "onlySendBillOnApproval": True,
    "useExternalMappingAccountCode": True,
    "enforceExternalMappingsForConfig": True,
    "sendZeroTotalBills": False,
    "excludedLineItemTypes": ["AD_HOC", "CREDIT_MEMO"],
    "excludedProducts": ["p-1"],
    "excludedAggregations": ["a-1"],
    "sortLineItemsBy": "AGGREGATION_ID",
    "voidPolicy": "CREDIT_MEMO",
    "customFieldMapping": {"Account": "other", "Product": "ledger_item", "Contract": "deal"},
    "splitLines": "BAND",
    "defaultItemId": "2020",
    "itemMapping": {"USAGE": "2001"},
    "bccEmail": "books@example.com",
    "lineFields": {"start": "custcol_start"},
    "batchLimit": 5,
}


def test_defaults_are_every_option_of_the_contract(ledger: Destination) -> None:
    assert options.defaults(ledger, "Bill") == DEFAULTS
    assert options.clean({}, ledger, "Bill") == DEFAULTS
    assert options.clean(dict.fromkeys(DEFAULTS), ledger, "Bill") == DEFAULTS


def test_what_is_chosen_is_kept_and_cleaning_twice_changes_nothing(ledger: Destination) -> None:
    cleaned = options.clean(CHOSEN, ledger, "Bill")
    assert cleaned == DEFAULTS | CHOSEN
    assert options.clean(cleaned, ledger, "Bill") == cleaned


def test_an_emptied_custom_field_stays_empty(ledger: Destination) -> None:
    cleaned = options.clean({"customFieldMapping": {"Account": "", "Contract": ""}}, ledger, "Bill")
    assert cleaned["customFieldMapping"] == {"Account": "", "Product": "ledger_item"}
    assert options.clean(cleaned, ledger, "Bill") == cleaned


def test_ids_may_be_numbers_and_repeated_entries_count_once(ledger: Destination) -> None:
    cleaned = options.clean({"defaultItemId": 2020, "itemMapping": {"USAGE": 7}, "accountIds": ["a", "a", 5]}, ledger, "Bill")
    assert (cleaned["defaultItemId"], cleaned["itemMapping"], cleaned["accountIds"]) == ("2020", {"USAGE": "7"}, ["a", "5"])


def test_every_mistake_is_told_at_once(ledger: Destination) -> None:
    wrong = {
        "onlySendBillOnAproval": True,
        "triggerType": "EVEN",
        "accountIds": "acc-1",
        "integrationDisabledNotificationUsers": ["nobody"],
        "syncStartDate": "1 Nov 2026",
        "scheduleMinutes": 0,
        "runAfterIntegrationId": "nope",
        "accountFilter": "customFields.country UK",
        "sendZeroTotalBills": "yes",
        "excludedLineItemTypes": ["ADHOC"],
        "itemMapping": {"USAG": "1"},
        "defaultItemId": True,
        "batchLimit": "20",
        "customFieldMapping": ["x"],
        "lineFields": {"start": 5},
    }
    with pytest.raises(OptionErrors) as caught:
        options.clean(wrong, ledger, "Bill")
    assert caught.value.errors == {
        "onlySendBillOnAproval": "There is no option onlySendBillOnAproval; did you mean onlySendBillOnApproval?",
        "triggerType": 'Trigger type: expected EVENT or SCHEDULE, not "EVEN"; did you mean EVENT?',
        "accountIds": 'Account ids: expected a list, not "acc-1".',
        "integrationDisabledNotificationUsers": 'Integration disabled notification users: "nobody" is not an e-mail address.',
        "syncStartDate": 'Sync start date: expected a day written as 2026-11-01, not "1 Nov 2026".',
        "scheduleMinutes": "Schedule minutes is from 1 to 10080, a week.",
        "runAfterIntegrationId": 'Run after integration: there is no integration "nope".',
        "accountFilter": "Position 22: expected == or IN after “customFields.country”",
        "sendZeroTotalBills": 'Send zero total bills: expected on or off (true or false), not "yes".',
        "excludedLineItemTypes": 'Excluded line item types: there is no "ADHOC"; did you mean AD_HOC?',
        "itemMapping": 'Item mapping: there is no "USAG"; did you mean USAGE?',
        "defaultItemId": "Default item id: expected a text, not true.",
        "batchLimit": 'Batch limit: expected a whole number, not "20".',
        "customFieldMapping": 'Custom field mapping: expected names with values, not ["x"].',
        "lineFields": "Line fields: expected a text, not 5.",
    }


def test_every_line_type_can_be_left_out(ledger: Destination) -> None:
    assert options.clean({"excludedLineItemTypes": list(LINE_TYPES)}, ledger, "Bill")["excludedLineItemTypes"] == list(LINE_TYPES)


def test_defaults_are_never_shared_between_integrations(ledger: Destination) -> None:
    first = options.defaults(ledger, "Bill")
    first["accountIds"].append("acc-1")
    first["customFieldMapping"]["Contract"] = "x"
    assert options.defaults(ledger, "Bill") == DEFAULTS
