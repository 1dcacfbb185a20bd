"""Every option of an integration, by what it does to the invoices in the emulator's books."""

from decimal import Decimal
from typing import Any

import pytest

from tests.end_to_end.conftest import Installation
from tests.end_to_end.emulators import Record, lines
from tests.end_to_end.raw import Raw, a_bill, a_line


def post(installation: Installation, *bills: Raw, others: Any = None, **options: Any) -> dict[str, Record]:
    """The invoices that come of these Bills, twice synced."""
    installation.integration(**options)
    installation.customers(acc_1="1001", acc_2="1002")
    installation.bills(*bills, **(others or {}))
    installation.sync()
    before = installation.emulators.writes()
    assert installation.sync() == {}
    assert installation.emulators.writes() == before
    return installation.emulators.by_bill()


def items(document: Record) -> list[str]:
    return [line["item"]["id"] for line in lines(document)]


def amounts(document: Record) -> list[Decimal]:
    return [line["amount"] for line in lines(document)]


def keys(document: Record) -> list[str]:
    return [line["custcol_m3ter_external_line_item"] for line in lines(document)]


def refused(installation: Installation) -> dict[str, str]:
    """The error code of each failed run, by Bill."""
    return {run["bill"]: run["error_code"] for run in installation.runs("--status", "ERROR")}


# --- lines -----------------------------------------------------------------------------------------------------------------------------

BANDS = [
    {"pricingBandId": "band-1", "lowerLimit": 0, "unitPrice": 0.5, "bandQuantity": 100, "bandSubtotal": 50, "convertedBandSubtotal": 50},
    {"pricingBandId": "band-2", "lowerLimit": 100, "unitPrice": 0.25, "bandQuantity": 40, "bandSubtotal": 10, "convertedBandSubtotal": 10},
]
METERED = {"aggregationId": "agg-1", "usagePerPricingBand": BANDS, "quantity": 140}


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("ITEM_PER_PRODUCT", [("2001", Decimal(60), "u", 140)]),
        ("ITEM_PER_AGGREGATION", [("2002", Decimal(60), "u", 140)]),
        ("ITEM_PER_USAGE_BAND", [("2003", Decimal(50), "u:band-1", 100), ("2004", Decimal(10), "u:band-2", 40)]),
    ],
)
def test_usage_is_split_as_the_option_says(installation: Installation, split: str, expected: list[tuple[Any, ...]]) -> None:
    installation.mappings(
        ("Product", "p-1", "Item", "2001"), ("Aggregation", "agg-1", "Item", "2002"),
        ("PricingBand", "band-1", "Item", "2003"), ("PricingBand", "band-2", "Item", "2004"),
    )  # fmt: skip
    invoice = post(installation, a_bill("b-1", [a_line("u", 60, **METERED)]), splitUsageLineItems=split)["b-1"]
    assert [
        (line["item"]["id"], line["amount"], line["custcol_m3ter_external_line_item"], line["quantity"]) for line in lines(invoice)
    ] == expected
    assert invoice["total"] == 60


def test_excluded_line_types_products_and_aggregations_are_left_out(installation: Installation) -> None:
    bill = a_bill("b-1", [
        a_line("usage", 10), a_line("ad-hoc", 20, "AD_HOC"), a_line("product", 30, productId="p-out"),
        a_line("booked elsewhere", 40, productId="p-out", accountingProductId="ap-1"),
        a_line("booked out", 50, accountingProductId="p-out"),
        a_line("meter", 60, aggregationId="agg-out"), a_line("compound", 70, compoundAggregationId="comp-out"),
    ])  # fmt: skip
    options = {"excludedLineItemTypes": ["AD_HOC"], "excludedProducts": ["p-out"], "excludedAggregations": ["agg-out", "comp-out"]}
    invoice = post(installation, bill, **options)["b-1"]
    assert keys(invoice) == ["usage", "booked elsewhere"]
    assert invoice["total"] == 50


def test_a_bill_of_which_nothing_is_left_is_refused(installation: Installation) -> None:
    bill = a_bill("b-1", [a_line("l", 10, "AD_HOC")])
    assert post(installation, bill, a_bill("b-2"), excludedLineItemTypes=["AD_HOC"]).keys() == {"b-2"}
    [run] = installation.runs("--status", "ERROR")
    assert run["error_code"] == "INVALID_BILL" and run["error"].startswith("Nothing was sent: every line of this Bill is left out")


@pytest.mark.parametrize(
    ("by", "expected"),
    [("NONE", ["c", "a", "tie", "b"]), ("SUBTOTAL", ["b", "a", "tie", "c"]), ("AGGREGATION_ID", ["b", "c", "a", "tie"])],
)
def test_lines_are_sorted_as_the_option_says(installation: Installation, by: str, expected: list[str]) -> None:
    bill = a_bill("b-1", [
        a_line("c", 30, aggregationId="agg-2"), a_line("a", 20), a_line("tie", 20), a_line("b", 10, compoundAggregationId="agg-1"),
    ])  # fmt: skip
    assert keys(post(installation, bill, sortLineItemsBy=by)["b-1"]) == expected


def test_the_service_period_goes_to_the_fields_that_are_named_with_its_last_day(installation: Installation) -> None:
    fields = {"servicePeriodStart": "custcol_service_start", "servicePeriodEnd": "custcol_service_end"}
    invoice = post(installation, a_bill("b-1"), netsuiteItemCustomFieldMapping=fields, netsuiteExternalLineItemField="custcol_src_line")[
        "b-1"
    ]
    [line] = lines(invoice)
    assert (line["custcol_service_start"], line["custcol_service_end"], line["custcol_src_line"]) == ("2026-10-01", "2026-10-31", "b-1-l1")
    assert "custcol_m3ter_external_line_item" not in line


def test_nothing_is_sent_to_fields_that_nobody_named(installation: Installation) -> None:
    [line] = lines(post(installation, a_bill("b-1"), netsuiteExternalLineItemField="")["b-1"])
    assert not [name for name in line if name.startswith("custcol")]


# --- items -----------------------------------------------------------------------------------------------------------------------------


def test_each_line_gets_its_item_by_the_first_rule_that_knows_one(installation: Installation) -> None:
    installation.mappings(("Product", "mapped", "Item", "2001"), ("AccountingProduct", "booked", "Item", "2002"))
    bill = a_bill("b-1", [
        a_line("1 product", 1, productId="mapped"),
        a_line("2 accounting product first", 1, productId="mapped", accountingProductId="booked"),
        a_line("3 commitment before type", 1, "COMMITMENT_FEE", productId="new"),
        a_line("4 minimum before type", 1, "MINIMUM_SPEND", productId="new"),
        a_line("5 mapping before setting", 1, "COMMITMENT_CONSUMED", productId="mapped"),
        a_line("6 refund", 1, "MINIMUM_SPEND_REFUND", productId="new"),
        a_line("7 type", 1, "STANDING_CHARGE", productId="new"), a_line("8 default", 1, "OVERAGE_USAGE", productId="new"),
    ])  # fmt: skip
    by_type = {"COMMITMENT_FEE": "2019", "MINIMUM_SPEND": "2019", "STANDING_CHARGE": "2004"}
    options = {"netsuiteCommitmentItemId": "2005", "netsuiteMinimumSpendId": "2006", "netsuiteItemMapping": by_type}
    assert items(post(installation, bill, **options)["b-1"]) == ["2001", "2002", "2005", "2006", "2001", "2006", "2004", "2020"]


def test_the_line_types_item_stands_in_for_an_empty_setting(installation: Installation) -> None:
    bill = a_bill("b-1", [a_line("fee", 1, "COMMITMENT_FEE"), a_line("spend", 1, "MINIMUM_SPEND")])
    options = {"netsuiteItemMapping": {"COMMITMENT_FEE": "2005"}}
    assert items(post(installation, bill, **options)["b-1"]) == ["2005", "2020"]


def test_without_any_item_nothing_is_sent_and_all_of_it_is_named(installation: Installation) -> None:
    bill = a_bill("b-1", [a_line("a", 1), a_line("b", 1, productId="p-2", productName="Storage")])
    assert post(installation, bill, netsuiteDefaultItemId="") == {}
    [run] = installation.runs()
    assert (run["status"], run["error_code"]) == ("ERROR", "MISSING_MAPPING")
    assert "API" in run["error"] and "1 more is missing too." in run["error"]


def test_custom_fields_carry_ids_when_no_mapping_does(installation: Installation) -> None:
    others = {
        "accounts": [{"id": "acc-9", "name": "Nine", "code": "NINE", "customFields": {"netsuite_internal_customer_id": "1009"}}],
        "products": [{"id": "p-1", "name": "API", "code": "api", "customFields": {"netsuite_internal_item_id": "2009", "erp": "2010"}}],
    }
    invoice = post(installation, a_bill("b-1", account="acc-9"), others=others)["b-1"]
    assert (invoice["entity"]["id"], items(invoice)) == ("1009", ["2009"])


def test_the_custom_fields_names_are_an_option(installation: Installation) -> None:
    others = {
        "products": [{"id": "p-1", "name": "API", "code": "api", "customFields": {"netsuite_internal_item_id": "2009", "erp": "2010"}}]
    }
    assert items(post(installation, a_bill("b-1"), others=others, customFieldMapping={"Product": "erp"})["b-1"]) == ["2010"]


def test_a_linked_mapping_wins_over_an_unlinked_one(installation: Installation) -> None:
    linked = installation.integration(accountIds=["acc-1"])
    installation.mappings(
        ("Product", "p-1", "Item", "2001"), ("Product", "p-1", "Item", "2002", linked), ("Account", "acc-1", "Customer", "1001")
    )
    installation.bills(a_bill("b-1"))
    installation.sync()
    assert items(installation.emulators.by_bill()["b-1"]) == ["2002"]


def test_enforced_mappings_leave_the_others_unread(installation: Installation) -> None:
    enforced = installation.integration(enforceExternalMappingsForConfig=True, netsuiteDefaultItemId="")
    installation.mappings(("Account", "1001", "Customer", "1002"), ("Product", "p-1", "Item", "2001"))
    installation.bills(a_bill("b-1", account="1001"))
    assert installation.sync() == {"ERROR": 1}
    installation.mappings(("Product", "p-1", "Item", "2002", enforced))
    installation.call("replay", "--failed")
    installation.sync()
    invoice = installation.emulators.by_bill()["b-1"]
    assert (invoice["entity"]["id"], items(invoice)) == ("1001", ["2002"])


# --- the customer and the header -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mapped_only", "posted"), [(False, {"b-1", "b-2"}), (True, {"b-2"})])
def test_an_account_without_mapping_goes_by_its_own_id_unless_told_otherwise(
    installation: Installation, mapped_only: bool, posted: set[str]
) -> None:
    bills = a_bill("b-1", account="1003"), a_bill("b-2")
    found = post(installation, *bills, useExternalMappingAccountCode=mapped_only)
    assert found.keys() == posted
    assert found["b-2"]["entity"]["id"] == "1001"
    assert refused(installation) == ({"b-1": "MISSING_MAPPING"} if mapped_only else {})


@pytest.mark.parametrize(("sent", "due"), [(True, "2026-11-30"), (False, "2026-12-01")])
def test_the_due_date_is_the_bills_or_follows_from_the_customers_terms(installation: Installation, sent: bool, due: str) -> None:
    assert post(installation, a_bill("b-1"), netsuiteSendDueDate=sent)["b-1"]["dueDate"] == due


def test_the_header_says_what_the_bill_says(installation: Installation) -> None:
    bare = a_bill("b-2", sequentialInvoiceNumber=None, externalInvoiceDate=None, purchaseOrderNumber=None)
    found = post(installation, a_bill("b-1", currency="EUR", lineItems=[a_line("l", 100, currency="EUR")]), bare)
    header = ("tranId", "tranDate", "otherRefNum", "memo")
    assert [found["b-1"][name] for name in header] == ["INV-b-1", "2026-11-01", "PO-1", "b-1 r1 g1"]
    assert found["b-1"]["currency"]["refName"] == "EUR"
    assert (found["b-2"]["tranDate"], found["b-2"]["memo"], found["b-2"].get("otherRefNum")) == ("2026-10-31", "b-2 r1 g1", None)
    assert found["b-2"]["tranId"].startswith("INV")


# --- which Bills go --------------------------------------------------------------------------------------------------------------------

ACCOUNTS = [
    {"id": "acc-1", "name": "Acme", "code": "ACME", "currency": "USD", "address": {"country": "US"}, "customFields": {"tier": "gold"}},
    {"id": "acc-2", "name": "Borealis", "code": "BOR", "currency": "EUR", "address": {"country": "NO"}, "customFields": {}},
]


@pytest.mark.parametrize(
    ("options", "posted"),
    [
        ({}, {"b-1", "b-2"}),
        ({"accountIds": ["acc-1"]}, {"b-1"}),
        ({"restrictedAccountIds": ["acc-1"]}, {"b-2"}),
        ({"accountIds": ["acc-1", "acc-2"], "restrictedAccountIds": ["acc-2"]}, {"b-1"}),
        ({"accountFilter": "address.country == NO"}, {"b-2"}),
        ({"accountFilter": "customFields != null AND customFields.tier = = gold"}, {"b-1"}),
        ({"accountFilter": 'accountName in ("Acme", "Borealis") && !(accountCode == BOR)'}, {"b-1"}),
        ({"accountFilter": "emailAddress == null AND currency != null"}, {"b-1", "b-2"}),
        ({"accountFilter": "address.nowhere == 3 OR customFields.nothing > 4"}, set()),
    ],
)
def test_only_the_accounts_that_are_meant_go(installation: Installation, options: dict[str, Any], posted: set[str]) -> None:
    bills = a_bill("b-1"), a_bill("b-2", account="acc-2")
    assert post(installation, *bills, others={"accounts": ACCOUNTS}, **options).keys() == posted
    assert len(installation.runs()) == len(posted)


def test_a_pending_bill_waits_for_its_approval_when_that_is_asked(installation: Installation) -> None:
    assert post(installation, a_bill("b-1", status="PENDING"), onlySendBillOnApproval=True) == {}
    installation.bills(a_bill("b-1", version=2))
    assert installation.sync() == {"COMPLETE": 1}
    assert installation.emulators.by_bill().keys() == {"b-1"}


def test_a_pending_bill_goes_at_once_when_it_is_not_and_its_approval_sends_nothing(installation: Installation) -> None:
    assert post(installation, a_bill("b-1", status="PENDING")).keys() == {"b-1"}
    installation.bills(a_bill("b-1", version=2))
    assert installation.sync() == {}
    assert installation.emulators.writes() == 1


@pytest.mark.parametrize(("sent", "posted"), [(True, {"nothing", "discounted", "b-1"}), (False, {"discounted", "b-1"})])
def test_a_bill_of_nothing_stays_here_when_asked_but_a_discounted_one_goes(
    installation: Installation, sent: bool, posted: set[str]
) -> None:
    nothing = a_bill("nothing", [a_line("free", 0)])
    discounted = a_bill("discounted", [a_line("price", 10), a_line("credit", -10, "CREDIT_MEMO")])
    found = post(installation, nothing, discounted, a_bill("b-1"), sendZeroTotalBills=sent)
    assert found.keys() == posted
    assert found["discounted"]["total"] == 0 and amounts(found["discounted"]) == [10, -10]


def test_bills_before_the_start_date_stay_here(installation: Installation) -> None:
    bills = a_bill("old", billDate="2026-09-30"), a_bill("first", billDate="2026-10-01")
    assert post(installation, *bills, syncStartDate="2026-10-01").keys() == {"first"}


def test_only_the_chosen_sources_bills_go_and_two_sources_never_meet(installation: Installation) -> None:
    installation.integration()
    installation.customers(acc_1="1001")
    file = installation.file("bills.json", [a_bill("b-1")])
    installation.call("import_bills", "--source", "m3ter", file)
    installation.call(
        "import_bills",
        "--source",
        "m3ter-eu",
        "--platform",
        "m3ter",
        installation.file("eu.json", [a_bill("b-1", sequentialInvoiceNumber="EU-1")]),
    )
    assert installation.sync() == {"COMPLETE": 2}
    assert installation.emulators.by_bill().keys() == {"b-1", "m3ter-eu_x003A_b-1"}


def test_many_new_bills_go_as_one_job(installation: Installation) -> None:
    found = post(installation, *(a_bill(f"b-{number}") for number in range(6)), bulkThreshold=5)
    assert found.keys() == {f"b-{number}" for number in range(6)}
    assert {document["total"] for document in found.values()} == {Decimal(100)}


def test_a_second_integration_into_the_same_books_is_refused(installation: Installation) -> None:
    credential = installation.credential()
    installation.integration(credential)
    installation.integration(credential, name="NetSuite EU")
    installation.customers(acc_1="1001")
    installation.bills(a_bill("b-1"))
    assert installation.sync() == {"COMPLETE": 1, "ERROR": 1}
    assert refused(installation) == {"b-1": "OVERLAP"}
    assert len(installation.emulators.documents()) == 1
