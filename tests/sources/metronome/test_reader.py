"""Metronome's shapes, whole: what goes in and the Bill that comes out, and the sentence for each thing that is wrong."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from billing.bill import Band, Bill, Line, Party, Period, Ref
from integrations.contract import Item
from integrations.sources.metronome.reader import read_bill, read_item, read_named, read_party
from runs.intake.json_stream import parse
from tests.sources.metronome.invoices import CREDITS, EUR, REFERENCE, Raw, applied, invoice, usage

JUNE = Period(start=dt.date(2026, 6, 1), end=dt.date(2026, 7, 1))


def test_the_references_invoice_whole() -> None:
    read = read_bill(parse(REFERENCE))
    keys = [line.key for line in read.lines]
    assert len(set(keys)) == 3
    assert read == Bill(
        source_id="inv-1",
        account=Party(id="cus-1", custom_fields={"netsuite_internal_customer_id": "4410"}),
        currency="USD",
        total=D("1000.00"),
        bill_date=dt.date(2026, 7, 2),
        due_date=dt.date(2026, 8, 1),
        status="APPROVED",
        period=JUNE,
        lines=(
            Line(
                key=keys[0],
                type="USAGE",
                description="Tokens (eu)",
                amount=D("1500.00"),
                quantity=D(3000000),
                unit_price=D("0.0005"),
                refs={"Product": Ref(id="prd-9", name="Tokens"), "Contract": Ref(id="con-1")},
                period=JUNE,
            ),
            Line(
                key=keys[1],
                type="COMMITMENT_CONSUMED",
                description="Prepaid commit applied",
                amount=D("-500.00"),
                refs={"Commitment": Ref(id="com-2"), "Contract": Ref(id="con-1")},
            ),
            Line(
                key=keys[2],
                type="COMMITMENT_CONSUMED",
                description="Annual commit, in arrears",
                amount=D("-90.00"),
                counted=False,
                refs={"Contract": Ref(id="con-1")},
            ),
        ),
    )


def test_what_an_invoice_says_of_its_products_and_contract() -> None:
    assert list(read_named(parse(REFERENCE))) == [
        Item(kind="Contract", ref=Ref(id="con-1"), custom_fields={"netsuite_sales_order_id": "77"}),
        Item(kind="Product", ref=Ref(id="prd-9", name="Tokens"), custom_fields={"netsuite_internal_item_id": "88"}),
    ]


def test_as_little_as_an_invoice_can_have() -> None:
    assert read_bill({"id": "i", "customer_id": "c", "credit_type": EUR, "end_timestamp": "2026-07-01T00:00:00Z", "total": 7}) == Bill(
        source_id="i", account=Party(id="c"), currency="EUR", total=D(7), bill_date=dt.date(2026, 7, 1), status="APPROVED"
    )


@pytest.mark.parametrize(
    ("unit", "total", "currency", "money"),
    [
        ({"id": "2714e483-4ff1-48e4-9e25-ac732e8f24f2"}, "123456", "USD", "1234.56"),
        ({"id": "x", "name": "USD (cents)"}, "0.5", "USD", "0.01"),
        ({"id": "x", "name": "EUR"}, "1234.56", "EUR", "1234.56"),
        ({"id": "x", "name": "GBP (cents)"}, "-250", "GBP", "-2.50"),
        ({"id": "x", "name": "JPY"}, "1204000", "JPY", "1204000"),
        ({"id": "x", "name": "KWD"}, "1.2345", "KWD", "1.235"),
    ],
)
def test_units_are_worth_what_the_table_says(unit: Raw, total: str, currency: str, money: str) -> None:
    read = read_bill(invoice(credit_type=unit, total=D(total)))
    assert (read.currency, str(read.total)) == (currency, str(D(money)))


@pytest.mark.parametrize("unit", [CREDITS, {"id": "x", "name": "XXX"}, {"id": "x", "name": "eur"}, {"id": "x"}, None, {}])
def test_an_unknown_unit_is_refused_with_a_sentence(unit: Raw | None) -> None:
    with pytest.raises(ValueError, match=r"credit_type is .+, and what one such unit is worth in money is not known: invoice it in"):
        read_bill(invoice(usage(), credit_type=unit))


def test_lines_in_pricing_units_of_ones_own_inform_and_their_conversion_counts() -> None:
    credits = usage(500, credit_type=CREDITS, quantity=5, unit_price=100)
    conversion = usage(2500, name="AI credits to USD", type="cpu_conversion", product_id=..., quantity=500, unit_price=5)
    one, two = read_bill(invoice(credits, conversion, total=2500)).lines
    assert (one.description, one.amount, one.counted) == ("Tokens", 0, False)
    assert (one.quantity, one.unit, one.unit_price) == (500, "AI credits", None)
    assert (two.type, two.amount, two.counted, two.unit_price) == ("USAGE", D("25.00"), True, D("0.05"))


@pytest.mark.parametrize(
    ("line", "kind", "counted"),
    [
        (usage(), "USAGE", True),
        (usage(type="subscription"), "STANDING_CHARGE", True),
        (usage(type="scheduled"), "AD_HOC", True),
        (usage(type="commit_purchase"), "COMMITMENT_FEE", True),
        (usage(type="something_new"), "something_new", True),
        (applied("PREPAID"), "COMMITMENT_CONSUMED", True),
        (applied("CREDIT"), "CREDIT_DEDUCTION", True),
        (applied("POSTPAID"), "COMMITMENT_CONSUMED", False),
        (applied("", commit_type="PostpaidCommit"), "COMMITMENT_CONSUMED", False),
        (applied("", commit_type="PrepaidCommit"), "COMMITMENT_CONSUMED", True),
    ],
)
def test_line_types(line: Raw, kind: str, counted: bool) -> None:
    (read,) = read_bill(invoice(line)).lines
    assert (read.type, read.counted) == (kind, counted)


def test_tiers_of_sub_lines_and_a_lines_own_tier_are_bands() -> None:
    tiers = [
        {"starting_at": 0, "quantity": 100, "price": 5, "subtotal": 500},
        {"starting_at": 1000, "quantity": 1, "price": D("2.5"), "subtotal": D("2.5")},
    ]
    parts = [
        {"name": "Calls", "charge_id": "ch-1", "quantity": 101, "subtotal": D("502.5"), "tiers": tiers},
        {"name": "Seats", "quantity": 2, "price": 50, "subtotal": 100},
    ]
    (whole,) = read_bill(invoice(usage(D("602.5"), sub_line_items=parts))).lines
    assert whole.bands == (
        Band(ref=Ref(id="ch-1.1", name="Calls, from 0"), amount=D(5), quantity=D(100), unit_price=D("0.05"), lower_limit=D(0)),
        Band(ref=Ref(id="ch-1.2", name="Calls, from 1,000"), amount=D("0.025"), quantity=D(1), unit_price=D("0.025"), lower_limit=D(1000)),
        Band(ref=Ref(id=f"{whole.key}.2", name="Seats"), amount=D(1), quantity=D(2), unit_price=D("0.5")),
    )
    (own,) = read_bill(invoice(usage(50, quantity=1, unit_price=50, tier={"level": 2, "starting_at": "1000.0", "size": None}))).lines
    assert own.bands == (
        Band(ref=Ref(id="prd-9.2", name="Tokens, from 1,000.0"), amount=D("0.5"), quantity=D(1), unit_price=D("0.5"), lower_limit=D(1000)),
    )


def test_adjustments_of_an_invoice_are_credits() -> None:
    adjustment = {"name": "Goodwill", "total": -1000, "credit_type": {"id": "2714e483-4ff1-48e4-9e25-ac732e8f24f2"}, "credit_grant_id": "g"}
    read = read_bill(invoice(usage(), total=149000, invoice_adjustments=[adjustment, adjustment | {"credit_type": CREDITS}]))
    assert [(line.type, line.description, line.amount, line.counted) for line in read.lines[1:]] == [
        ("CREDIT_DEDUCTION", "Goodwill", D(-10), True),
        ("CREDIT_DEDUCTION", "Goodwill", D(0), False),
    ]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, ""),
        ({"external_invoice": {"billing_provider_type": "custom", "external_status": "SENT"}}, ""),
        ({"external_invoice": {"billing_provider_type": "stripe", "external_status": "SKIPPED"}}, ""),
        (
            {"external_invoice": {"billing_provider_type": "netsuite", "external_status": "QUEUED"}},
            "Metronome delivers it itself, through netsuite (QUEUED); sent from here it would be there twice.",
        ),
        (
            {"external_invoice": {"billing_provider_type": "stripe"}},
            "Metronome delivers it itself, through stripe; sent from here it would be there twice.",
        ),
        (
            {"revenue_system_invoices": [{"revenue_system_provider": "netsuite", "revenue_system_external_entity_id": "9"}]},
            "Metronome has put it into netsuite itself, as 9; sent from here it would be there twice.",
        ),
        ({"revenue_system_invoices": [{"revenue_system_provider": "netsuite", "sync_status": "FAILED"}]}, ""),
        ({"billable_status": "unbillable"}, "Metronome marks it as not billable."),
        ({"billable_status": {"any": "thing"}}, ""),
        ({"payer": {"customer_id": "cus-1"}}, ""),
        (
            {"payer": {"customer_id": "cus-9", "contract_id": "x"}},
            "The customer cus-9 pays for it: its lines are on that customer's consolidated invoice.",
        ),
        ({"status": "DRAFT"}, "It is a draft at Metronome, whose amounts still change."),
    ],
)
def test_what_nobody_else_may_send_says_why(more: Raw, reason: str) -> None:
    assert read_bill(invoice(usage(), **more)).withheld == reason


@pytest.mark.parametrize(("given", "status"), [("FINALIZED", "APPROVED"), ("VOID", "VOID"), ("DRAFT", "PENDING"), (None, "APPROVED")])
def test_statuses(given: str | None, status: str) -> None:
    assert read_bill(invoice(usage(), status=given)).status == status


def test_where_an_invoice_comes_from() -> None:
    assert read_bill(invoice(usage(), regenerated_from_invoice_id="inv-0")).note == "It was regenerated from the invoice inv-0."
    record = {"corrected_invoice_id": "inv-0", "memo": "wrong price", "reason": "other"}
    assert read_bill(invoice(usage(), correction_record=record)).note == "It corrects the invoice inv-0: wrong price."


def test_totals_that_are_missing_or_finer_than_money() -> None:
    read = read_bill(invoice(usage(D("1000.4")), applied("POSTPAID"), total=None))
    assert (str(read.total), read.note) == ("10.00", "The source gave no total; this is the sum of the lines that count, rounded.")
    read = read_bill(invoice(usage(), total=D("312480.5")))
    assert (str(read.total), read.note) == ("3124.81", "The source's total, 3124.805 USD, was rounded to 3124.81.")


def test_keys_stay_when_amounts_change_and_tell_equal_lines_apart() -> None:
    first = read_bill(invoice(usage(), usage(pricing_group_values={"region": "eu"}), usage(), usage(id="li-1"))).lines
    again = read_bill(invoice(usage(1, quantity=1), usage(2, pricing_group_values={"region": "eu"}), usage(3), usage(4, id="li-1"))).lines
    assert [line.key for line in first] == [line.key for line in again]
    assert first[2].key == f"{first[0].key}#2" and first[3].key == "li-1"
    assert len({line.key for line in first}) == 4


def test_a_consolidated_line_names_the_contract_that_it_comes_from() -> None:
    (line,) = read_bill(invoice(usage(origin={"contract_id": "con-7", "line_item_id": "li-9"}), contract_id="con-1")).lines
    assert line.refs["Contract"] == Ref(id="con-7")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (invoice(id=None), "id is missing."),
        (invoice(customer_id=""), "customer_id is missing."),
        (invoice(issued_at=None), "issued_at and end_timestamp are missing."),
        (invoice(total=None, line_items=None), "total is missing and there are no line_items to add up."),
        (invoice(status="PAID"), "status is PAID, not one of DRAFT, FINALIZED, VOID."),
        (invoice(usage(None)), "line 1: total is missing."),
        (invoice(usage(), usage(type=None)), "line 2: type is missing."),
        (invoice(usage(ending_before="2026-05-01")), "line 1: ending_before is before starting_at."),
        (invoice(usage(sub_line_items=[{"name": "x"}])), "line 1, sub-line 1: subtotal is missing."),
        (invoice(usage(D("NaN"))), "line 1: total is NaN, not a number."),
        (invoice(net_payment_terms_days=10**9), "net_payment_terms_days is 1000000000, which is past the end of the calendar."),
        (invoice(net_payment_terms_days=-1), "net_payment_terms_days is -1, not a whole number from 0."),
        (invoice(line_items={}), "line_items is not a list."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(raw: Raw, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_bill(raw)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("raw", "party"),
    [
        (
            {"id": "c", "name": "Halcyon", "ingest_aliases": ["hal", "hal-2"], "custom_fields": {"netsuite_internal_customer_id": "4410"}},
            Party(id="c", code="hal", name="Halcyon", custom_fields={"netsuite_internal_customer_id": "4410"}),
        ),
        ({"id": "c", "external_id": "hal"}, Party(id="c", code="hal")),
        ({"id": "c", "ingest_aliases": []}, Party(id="c")),
    ],
)
def test_customers(raw: Raw, party: Party) -> None:
    assert read_party(raw) == party


def test_products() -> None:
    custom = {"netsuite_internal_item_id": "1"}
    raw: dict[str, Any] = {"id": "p", "initial": {"name": "Old"}, "current": {"name": "Tokens"}, "custom_fields": custom}
    assert read_item("Product", raw) == Item(kind="Product", ref=Ref(id="p", name="Tokens"), custom_fields=custom)
