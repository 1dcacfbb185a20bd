"""Maxio's shapes, whole: what goes in and the Bill that comes out, and the sentence for each thing that is wrong."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from billing.bill import Bill, Line, Movement, Party, Period, Ref
from billing.money import adds_up
from integrations.contract import Item
from integrations.sources.maxio.reader import read_bill, read_item, read_named, read_party
from runs.intake.json_stream import parse
from tests.sources.maxio.invoices import REFERENCE, Raw, invoice, line

JULY = Period(start=dt.date(2026, 7, 1), end=dt.date(2026, 8, 1))
JUNE = Period(start=dt.date(2026, 6, 1), end=dt.date(2026, 7, 1))
SHARED = {"Plan": Ref(id="5", name="Team"), "Contract": Ref(id="900")}


def movement(kind: Any, uid: str, day: int, amount: str, memo: str = "") -> Movement:
    return Movement(uid=uid, kind=kind, date=dt.date(2026, 7, day), currency="USD", amount=D(amount), memo=memo)


def test_the_references_invoice_whole() -> None:
    assert read_bill(parse(REFERENCE)) == Bill(
        source_id="inv_demo1",
        number="1042",
        account=Party(
            id="77",
            code="acct-77",
            name="Northwind Demo",
            email="ap@northwind.example",
            address={"addressLine1": "1 Main St", "locality": "Austin", "region": "TX", "postCode": "78701", "country": "US"},
            custom_fields={"netsuite_internal_customer_id": "1004"},
        ),
        currency="USD",
        total=D("1166.40"),
        bill_date=dt.date(2026, 7, 1),
        due_date=dt.date(2026, 7, 31),
        status="APPROVED",
        updated_at=dt.datetime(2026, 7, 3, 14, tzinfo=dt.UTC),
        lines=(
            Line(
                key="li_1",
                type="STANDING_CHARGE",
                description="Team plan",
                amount=D("1000.00"),
                quantity=D(1),
                unit_price=D(1000),
                refs={"Product": Ref(id="5", name="Team plan"), **SHARED},
                period=JULY,
                tax=D("72.00"),
            ),
            Line(key="d_1.li_1", type="DISCOUNT", description="Launch (LAUNCH10)", amount=D("-100.00"), referenced_line="li_1"),
            Line(
                key="li_2",
                type="USAGE",
                description="API calls",
                amount=D("200.00"),
                quantity=D(40000),
                unit_price=D("0.005"),
                refs={"Product": Ref(id="component-31", name="API calls"), **SHARED},
                period=JUNE,
                tax=D("14.40"),
            ),
            Line(key="d_1.li_2", type="DISCOUNT", description="Launch (LAUNCH10)", amount=D("-20.00"), referenced_line="li_2"),
            Line(
                key="li_3",
                type="USAGE",
                description="Free seat",
                amount=D(0),
                quantity=D(0),
                unit_price=D(0),
                refs={"Product": Ref(id="component-0", name="Free seat"), **SHARED},
            ),
            Line(
                key="t_1",
                type="TAX",
                description="State tax 8 %",
                amount=D("86.40"),
                refs={"Tax": Ref(id="State tax", name="State tax")},
            ),
        ),
        movements=(
            movement("payment", "pmt_1", 4, "500.00"),
            movement("refund", "601", 9, "50.00", "Half back"),
            movement("credit", "cr_1", 5, "10.00", "Sorry"),
            movement("credit", "db_1", 6, "-3.00"),
        ),
    )


def test_an_invoice_names_its_subscriptions_custom_fields() -> None:
    (item,) = read_named(parse(REFERENCE))
    assert item == Item(kind="Contract", ref=Ref(id="900"), custom_fields={"netsuite_sales_order_id": "31"})
    assert list(read_named(invoice())) == []


def test_as_little_as_an_invoice_can_have_and_its_wrapper() -> None:
    raw = {"uid": "i", "customer_id": 7, "currency": "EUR", "total_amount": 0, "issue_date": "2026-07-01"}
    bill = Bill(source_id="i", account=Party(id="7"), currency="EUR", total=D(0), bill_date=dt.date(2026, 7, 1), status="APPROVED")
    assert read_bill(raw) == read_bill({"invoice": raw}) == bill


@pytest.mark.parametrize(
    ("status", "ours", "withheld"),
    [
        ("open", "APPROVED", ""),
        ("paid", "APPROVED", ""),
        ("processing", "APPROVED", ""),
        ("draft", "PENDING", "It is a draft at Maxio."),
        ("pending", "PENDING", "It is pending at Maxio and not issued yet."),
        ("voided", "VOID", ""),
        ("canceled", "VOID", ""),
    ],
)
def test_open_and_paid_invoices_go_others_say_why_not(status: str, ours: str, withheld: str) -> None:
    read = read_bill(invoice(line(), status=status))
    assert (read.status, read.withheld) == (ours, withheld)


@pytest.mark.parametrize("role", ["backport", "backport-balance-reconciliation"])
def test_what_is_brought_in_from_older_books_stays(role: str) -> None:
    assert read_bill(invoice(line(), role=role)).withheld == "Maxio made it only to bring an older invoice into its own books."


@pytest.mark.parametrize(
    ("more", "kind", "product"),
    [
        ({}, "STANDING_CHARGE", "5"),
        ({"component_id": 31}, "USAGE", "component-31"),
        ({"component_id": 31, "kind": "quantity_based_component"}, "STANDING_CHARGE", "component-31"),
        ({"component_id": 31, "kind": "prepaid_usage_component"}, "COMMITMENT_FEE", "component-31"),
        ({"kind": "setup"}, "AD_HOC", "5"),
        ({"custom_item": True, "component_id": None}, "AD_HOC", None),
        ({"custom_item": True, "product_id": None}, "AD_HOC", None),
        ({"product_id": None}, "STANDING_CHARGE", None),
    ],
)
def test_what_a_line_is_and_is_mapped_by(more: Raw, kind: str, product: str | None) -> None:
    (read,) = read_bill(invoice(line(**more))).lines
    assert (read.type, read.refs["Product"].id if "Product" in read.refs else None) == (kind, product)


def test_a_consolidated_invoice_has_the_lines_of_its_segments() -> None:
    discount = {"uid": "d", "title": "Ten", "discount_amount": "10.00", "line_item_breakouts": [{"uid": "a", "discount_amount": "10.00"}]}
    tax = {"uid": "t", "title": "VAT", "tax_amount": "19.00"}
    segments = [
        invoice(line("a"), uid="inv_2", consolidation_level="child", parent_invoice_uid="inv_1", discounts=[discount]),
        invoice(line("b", "200.00"), uid="inv_3", consolidation_level="child", parent_invoice_uid="inv_1", taxes=[tax]),
    ]
    sums = {"discount_amount": "10.00", "tax_amount": "19.00", "total_amount": "309.00"}
    parent = read_bill(invoice(consolidation_level="parent", segments=segments, **sums))
    child = read_bill(segments[0])
    assert (parent.consolidation_level, parent.parent_bill) == ("parent", "")
    assert (child.consolidation_level, child.parent_bill) == ("child", "inv_1")
    assert [(found.key, found.amount) for found in parent.lines] == [("a", 100), ("d.a", -10), ("b", 200), ("t", 19)]
    assert adds_up([found.amount for found in parent.lines], parent.total, "USD")


def test_a_parent_without_its_segments_has_no_lines_but_says_what_it_is() -> None:
    read = read_bill(invoice(consolidation_level="parent"))
    assert (read.lines, read.consolidation_level, read.total) == ((), "parent", D(100))


def test_discount_and_tax_that_only_the_sums_know_are_lines_too() -> None:
    sums = {"discount_amount": "10.00", "tax_amount": "7.20", "total_amount": "97.20"}
    read = read_bill(invoice(line(), **sums))
    assert [(found.key, found.type, found.amount) for found in read.lines] == [
        ("li_1", "STANDING_CHARGE", D(100)),
        ("discount", "DISCOUNT", D("-10.00")),
        ("tax", "TAX", D("7.20")),
    ]


def test_a_discount_that_no_line_has_stands_below_all_lines() -> None:
    discount = {"uid": "d", "title": "Ten", "code": "TEN", "discount_amount": "10.00"}
    other = {"uid": "e", "title": "Off", "discount_amount": "5.00", "line_item_breakouts": [{"uid": "gone", "discount_amount": "3.00"}]}
    read = read_bill(invoice(line(), discounts=[discount, other], discount_amount="15.00", total_amount="85.00"))
    assert [(found.key, found.amount, found.referenced_line) for found in read.lines[1:]] == [
        ("d", D(-10), ""),
        ("e", D(-2), ""),
        ("e.gone", D(-3), ""),
    ]


def test_taxes_that_the_prices_contain_do_not_count() -> None:
    tax = {"uid": "t", "title": "VAT", "percentage": "19.0", "tax_amount": "15.97"}
    read = read_bill(invoice(line(tax_included=True), taxes=[tax], tax_amount="15.97"))
    assert [(found.key, found.counted) for found in read.lines] == [("li_1", True), ("t", False)]


def test_lines_that_disagree_with_the_total_are_left_for_the_guard_to_see() -> None:
    tax = {"uid": "t", "title": "VAT", "tax_amount": "5.00"}
    read = read_bill(invoice(line(), taxes=[tax], total_amount="90.00"))
    assert all(found.counted for found in read.lines)
    assert not adds_up([found.amount for found in read.lines], read.total, "USD")


def test_a_uid_that_comes_twice_gets_a_number() -> None:
    assert [found.key for found in read_bill(invoice(line(), line(), line())).lines] == ["li_1", "li_1#2", "li_1#3"]


def test_long_decimals_stay_exact() -> None:
    long = "123456789012345678.123456789012345678901234567890"
    tax = {"uid": "t", "title": "VAT", "tax_amount": long}
    paid = {"uid": "p", "applied_amount": long}
    read = read_bill(invoice(line(amount=long), taxes=[tax], debits=[paid], discounts=[{"uid": "d", "discount_amount": long}]))
    assert [str(found.amount) for found in read.lines] == [long, f"-{long}", long]
    assert str(read.movements[0].amount) == f"-{long}"


@pytest.mark.parametrize(
    ("refund", "day"),
    [
        ({"transaction_id": 9, "payment_id": 501, "applied_amount": "1"}, 4),
        ({"transaction_id": 9, "payment_id": 777, "applied_amount": "1"}, 1),
        ({"transaction_id": 9, "applied_amount": "1", "transaction_time": "2026-07-20T01:00:00Z"}, 20),
    ],
)
def test_the_day_of_a_refund_is_told_else_its_payments_else_the_invoices(refund: Raw, day: int) -> None:
    payment = {"transaction_id": 501, "applied_amount": "5", "transaction_time": "2026-07-04T00:00:00Z"}
    read = read_bill(invoice(line(), payments=[payment], refunds=[refund]))
    assert [(found.uid, found.date.day) for found in read.movements] == [("501", 4), ("9", day)]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (invoice(uid=None), "uid is missing."),
        (invoice(customer_id=None), "customer_id is missing."),
        (invoice(currency="usd"), "currency: “usd” is not a currency code of ISO 4217."),
        (invoice(total_amount=""), "total_amount is missing."),
        (invoice(issue_date=None), "issue_date is missing."),
        (invoice(status="unknown"), "status is unknown, not one of draft, pending, open, processing, paid, voided, canceled."),
        (invoice(consolidation_level="both"), "consolidation_level is both, not one of none, parent, child."),
        (invoice(line(uid=None)), "line 1: uid is missing."),
        (invoice(line(amount=None)), "line 1: subtotal_amount is missing."),
        (invoice(line(amount="12,50")), "line 1: subtotal_amount is 12,50, not a number."),
        (
            invoice(line(period_range_start="2026-07-02", period_range_end="2026-07-01")),
            "line 1: period_range_end is before period_range_start.",
        ),
        (invoice(discounts=[{"uid": "d"}]), "discount 1: discount_amount is missing."),
        (invoice(taxes=[{"uid": "t"}]), "tax 1: tax_amount is missing."),
        (invoice(payments=[{"uid": "p"}]), "payment 1: applied_amount is missing."),
        (invoice(refunds=[{"applied_amount": "1"}]), "refund 1: transaction_id is missing."),
        (invoice(segments=[7]), "segment 1: this is not a JSON object."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(raw: Raw, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_bill(raw)
    assert str(refused.value) == sentence


def test_customers() -> None:
    raw: Raw = {"id": 77, "first_name": "Ada", "last_name": "Byron", "email": "ada@x.test", "reference": "a-77"}
    raw |= {"address": "1 St", "city": "Bath"}
    party = Party(id="77", code="a-77", name="Ada Byron", email="ada@x.test", address={"addressLine1": "1 St", "locality": "Bath"})
    assert read_party({"customer": raw}) == read_party(raw) == party
    assert read_party(raw | {"organization": "Byron Ltd"}).name == "Byron Ltd"


def test_products_and_components_are_told_apart() -> None:
    product = {"id": 5, "name": "Team", "handle": "team", "product_family": {"id": 1}}
    component = {"id": 5, "name": "Calls", "handle": "calls", "pricing_scheme": "per_unit"}
    assert read_item("Product", {"product": product}).ref == read_item("Product", product).ref == Ref(id="5", code="team", name="Team")
    assert read_item("Product", {"component": component}).ref == Ref(id="component-5", code="calls", name="Calls")
    assert read_item("Product", component).ref.id == "component-5"
