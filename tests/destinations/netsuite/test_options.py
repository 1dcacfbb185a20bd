"""The form of an integration with NetSuite."""

import pytest

from billing.bill import LINE_TYPES
from integrations import options
from integrations.contract import Kind
from integrations.destinations.netsuite import DESTINATION
from integrations.destinations.netsuite.options import OPTIONS

BY_KEY = {option.key: option for option in OPTIONS}


def test_the_keys_and_defaults_are_the_designs() -> None:
    wanted = {
        "splitUsageLineItems": "ITEM_PER_PRODUCT",
        "netsuiteSendDueDate": False,
        "netsuiteCommitmentItemId": "",
        "netsuiteMinimumSpendId": "",
        "netsuiteDefaultItemId": "",
        "netsuiteItemMapping": {},
        "netsuiteItemCustomFieldMapping": {},
        "netsuiteExternalLineItemField": "custcol_m3ter_external_line_item",
    }
    found = options.defaults(DESTINATION, "Bill")
    assert {key: found[key] for key in wanted} == wanted
    assert found["customFieldMapping"] == {
        "Account": "netsuite_internal_customer_id",
        "Product": "netsuite_internal_item_id",
        "Contract": "netsuite_sales_order_id",
    }


def test_items_are_chosen_from_the_catalogue() -> None:
    kinds = {"netsuiteDefaultItemId": Kind.EXTERNAL, "netsuiteItemMapping": Kind.EXTERNAL_BY_KEY}
    assert {key: (BY_KEY[key].kind, BY_KEY[key].table) for key in kinds} == {key: (kind, "Item") for key, kind in kinds.items()}
    assert dict(BY_KEY["netsuiteItemMapping"].choices) == LINE_TYPES


def test_every_tile_says_what_it_does() -> None:
    option = BY_KEY["splitUsageLineItems"]
    assert set(option.effects) == {code for code, _ in option.choices}


@pytest.mark.parametrize("value", ["custcol_m3ter_external_line_item", "custcol1", ""])
def test_a_line_field_is_taken(value: str) -> None:
    cleaned = options.clean({"netsuiteExternalLineItemField": value}, DESTINATION, "Bill")
    assert cleaned["netsuiteExternalLineItemField"] == value


@pytest.mark.parametrize("value", ["custom_m3ter_external_line_item", "custbody_x", "custcol", "custcol_ä", "Custcol_X", "custcol_a b"])
@pytest.mark.parametrize("key", ["netsuiteExternalLineItemField", "netsuiteItemCustomFieldMapping"])
def test_what_is_no_line_field_is_refused_with_a_sentence(key: str, value: str) -> None:
    given = value if key == "netsuiteExternalLineItemField" else {"servicePeriodStart": "custcol_ok", "servicePeriodEnd": value}
    with pytest.raises(options.OptionErrors) as caught:
        options.clean({key: given}, DESTINATION, "Bill")
    assert "begins with custcol_" in caught.value.errors[key]
