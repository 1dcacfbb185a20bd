"""Which lines go, in which order, with which amounts; and what the guard refuses."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.bill import Band, Bill, Line, Party, Ref
from billing.money import agrees
from integrations.contract import Document, Missing, Plan
from integrations.guard import guard, missing_fault
from integrations.lines import NOT_COUNTED, LinePlan, Split, money_text, plan_lines
from integrations.missing import LINE_TYPE, first_missing, merge_missing
from tests import strategies

D = Decimal


def a_line(key: str = "l1", amount: str = "1.00", **changes: Any) -> Line:
    return Line(**{"key": key, "type": "USAGE", "description": key, "amount": D(amount)} | changes)


def a_bill(total: str, *lines: Line, currency: str = "USD") -> Bill:
    return Bill(
        source_id="b-1",
        account=Party(id="acc-1"),
        currency=currency,
        total=D(total),
        bill_date=dt.date(2026, 10, 31),
        status="APPROVED",
        lines=lines,
    )


def a_plan(bill: Bill, found: LinePlan, **changes: Any) -> Plan:
    lines = tuple(line.document_line(None) for line in found.lines)
    facts: dict[str, Any] = {"slot": "main", "kind": "invoice", "key": "b-1", "tag": "", "body": {}, "total": found.target}
    document = Document(**{**facts, "lines": lines, "currency": bill.currency} | changes)
    return Plan(documents=(document,), target=found.target, left_out=found.left_out)


def planned(bill: Bill, **options: Any) -> Plan:
    return a_plan(bill, plan_lines(bill, options))


# --- the lines ---------------------------------------------------------------------------------------------------------------------------


@given(bill=strategies.bills(), split=st.sampled_from(Split), data=st.data())
def test_lines_and_left_out_ones_are_the_bill(bill: Bill, split: Split, data: st.DataObject) -> None:
    """Every line once or by bands, in one order or the other; amounts add up; what a reader computed is never lost."""
    excluded = data.draw(st.lists(st.sampled_from(sorted({line.type for line in bill.lines}) or ["USAGE"]), unique=True, max_size=1))
    found = plan_lines(
        bill, {"excludedLineItemTypes": excluded, "sortLineItemsBy": data.draw(st.sampled_from(["NONE", "SUBTOTAL"]))}, split
    )
    assert {each.line.key for each in found.lines} | {left.line_key for left in found.left_out} == {line.key for line in bill.lines}
    assert {each.line.key for each in found.lines} & {left.line_key for left in found.left_out} == set()
    unrounded = [each.share.amount for each in found.lines]
    if unrounded and agrees(unrounded, found.target, bill.currency):
        assert sum(each.share.rounded for each in found.lines) == found.target
    if split != Split.BAND:
        assert len(found.lines) + len(found.left_out) == len(bill.lines)


def test_lines_with_the_same_key_are_judged_one_by_one() -> None:
    found = plan_lines(a_bill("1.00", a_line("l1"), a_line("l1", "5.00", counted=False)), {})
    assert [each.share.rounded for each in found.lines] == [D("1.00")]
    assert [(left.amount, left.reason) for left in found.left_out] == [(D("5.00"), NOT_COUNTED)]


@pytest.mark.parametrize(
    ("quantity", "unit_price", "amount", "sent"),
    [
        ("100", "0.1", "10.00", ("100", "0.1")),
        ("100", None, "10.00", ("100", "0.10")),
        ("100", "0.1", "25.00", ("100", "0.25")),
        ("3", "0.333333333333", "1.00", ("3", "0.3333333333")),
        ("3", None, "1.00", ("3", "0.3333333333")),
        ("7", "2", "-14.00", ("7", "-2.00")),
        ("0", "0.08", "0.00", ("0", "0.08")),
        ("0", "0.08", "5.00", ("1", "5.00")),
        (None, None, "5.00", ("1", "5.00")),
        (None, None, "0.00", (None, None)),
        ("1E+3", "0.000000000001", "0.00", ("1E+3", "0")),
        ("0.123456789012", "1", "0.12", ("0.123456789", "1")),
    ],
)
def test_quantity_and_rate_inform_and_give_the_amount(
    quantity: str | None, unit_price: str | None, amount: str, sent: tuple[Any, Any]
) -> None:
    line = a_line(amount=amount, quantity=quantity and D(quantity), unit_price=unit_price and D(unit_price))
    (found,) = plan_lines(a_bill(amount, line), {}).lines
    assert tuple(value if value is None else str(value) for value in (found.quantity, found.rate)) == sent


@pytest.mark.parametrize(("second", "parts"), [("0.50", 2), ("0.504", 2), ("0.505", 1), ("0.495", 1), ("0.51", 1)])
def test_bands_split_a_line_only_when_they_are_the_line(second: str, parts: int) -> None:
    bands = (Band(ref=Ref(id="b-1"), amount=D("0.50")), Band(ref=Ref(id="b-2"), amount=D(second)))
    found = plan_lines(a_bill("1.00", a_line(bands=bands)), {}, Split.BAND)
    assert (len(found.lines), len(found.notes)) == (parts, 2 - parts)
    assert sum(each.share.rounded for each in found.lines) == D("1.00")


def test_an_unknown_currency_leaves_amounts_as_they_are() -> None:
    found = plan_lines(a_bill("1.005", a_line(amount="1.005"), currency="QQQ"), {})
    assert (found.target, found.lines[0].share.rounded) == (D("1.005"), D("1.005"))


# --- the guard ---------------------------------------------------------------------------------------------------------------------------


def refusal(bill: Bill, plan: Plan | None = None) -> tuple[str, str]:
    fault = guard(bill, plan or planned(bill))
    assert fault is not None and fault.next == "person"
    return fault.code, fault.title


@given(bill=strategies.bills())
def test_a_bill_that_adds_up_is_let_through(bill: Bill) -> None:
    plan = planned(bill)
    assert guard(bill, plan) is None or not plan.documents[0].lines


def test_lines_that_disagree_with_the_total_are_refused() -> None:
    bill = a_bill("210.06", a_line("l1", "110.02"), a_line("l2", "100.02"))
    assert refusal(bill) == ("AMOUNT_MISMATCH", "Nothing was sent: the lines add up to 210.04 USD, the Bill says 210.06 USD.")


@pytest.mark.parametrize(("total", "refused"), [("2.01", False), ("2.02", True), ("1.99", False), ("1.98", True)])
def test_half_a_minor_unit_per_line_and_for_the_total_is_rounding(total: str, refused: bool) -> None:
    bill = a_bill(total, a_line("l1", "1.00"), a_line("l2", "1.00"))
    assert (guard(bill, planned(bill)) is not None) is refused


def test_excluding_cannot_hide_a_disagreement() -> None:
    lines = [a_line(f"l{number}", "1.00", type="AD_HOC") for number in range(9)]
    bill = a_bill("10.04", a_line("kept", "1.00"), *lines)
    code, title = refusal(bill, planned(bill, excludedLineItemTypes=["AD_HOC"]))
    assert code == "AMOUNT_MISMATCH"
    assert title == "Nothing was sent: the lines add up to 1.00 USD, the Bill's total without what is left out is 1.04 USD."


def test_unknown_line_types_are_named() -> None:
    bill = a_bill("2.00", a_line("l1", type="TELEPATHY"), a_line("l2", type="MAGIC"), a_line("l3", type="SPELL", counted=False))
    assert refusal(bill) == ("INVALID_BILL", "Nothing was sent: the Bill has line types that we do not know, MAGIC, TELEPATHY.")


@pytest.mark.parametrize(
    ("bill", "why"),
    [
        (a_bill("1.00", a_line(), currency="QQQ"), "“QQQ” is not a currency code"),
        (a_bill("NaN", a_line()), "is not an amount of money"),
        (a_bill("1.00", a_line(amount="1E+80")), "more digits than an amount of money"),
    ],
)
def test_what_is_no_money_is_refused(bill: Bill, why: str) -> None:
    code, title = refusal(bill)
    assert code == "INVALID_BILL" and why in title


def test_nothing_left_to_send_is_refused() -> None:
    bill = a_bill("1.00", a_line())
    assert "every line of this Bill is left out" in refusal(bill, planned(bill, excludedLineItemTypes=["USAGE"]))[1]
    assert "this Bill has no lines" in refusal(a_bill("0.00"))[1]


def test_a_document_in_another_currency_or_with_another_sum_is_refused() -> None:
    bill = a_bill("1.00", a_line())
    found = plan_lines(bill, {})
    assert refusal(bill, a_plan(bill, found, currency="EUR"))[0] == "INVALID_BILL"
    assert refusal(bill, a_plan(bill, found, total=D("1.01")))[0] == "AMOUNT_MISMATCH"
    assert refusal(bill, replace(a_plan(bill, found), target=D("1.01")))[0] == "AMOUNT_MISMATCH"
    short = a_plan(bill, found).documents[0].lines[0]
    assert refusal(bill, a_plan(bill, found, lines=(replace(short, amount=D("0.99")),)))[0] == "AMOUNT_MISMATCH"


def test_amounts_in_sentences() -> None:
    assert (money_text(D("-1284310.55"), "USD"), money_text(D("1E+3"), "JPY")) == ("−1,284,310.55 USD", "1,000 JPY")


# --- what is missing ---------------------------------------------------------------------------------------------------------------------


def missing(*found: Missing) -> str:
    return missing_fault(Plan(documents=(), target=D(0), missing=found), "NetSuite").title


def test_what_is_missing_is_a_sentence() -> None:
    product = Missing(entity="Product", ref=Ref(id="p-1", name="GPU hours"), table="Item", lines=("l1",))
    account = Missing(entity="Account", ref=Ref(id="acc-1", code="BOR"), table="Customer")
    kind = Missing(entity=LINE_TYPE, ref=Ref(id="AD_HOC", name="Ad-hoc"), table="Item", lines=("l2",))
    assert missing(product) == 'Nothing was sent: the product "GPU hours" has no item in NetSuite.'
    assert missing(account, product) == "Nothing was sent: NetSuite has no customer for the Account BOR. 1 more is missing too."
    assert missing(kind, product, account) == "Nothing was sent: AD_HOC lines have no item in NetSuite. 2 more are missing too."
    fault = missing_fault(Plan(documents=(), target=D(0), missing=(product, account)), "NetSuite")
    assert (fault.code, fault.entity, fault.field) == ("MISSING_MAPPING", "Product:p-1", "Item")
    assert fault.detail == 'the product "GPU hours" has no item in NetSuite; NetSuite has no customer for the Account BOR'


def test_each_entity_is_missing_once_with_all_its_lines() -> None:
    refs = {"Product": Ref(id="p-1")}
    bill = a_bill("3.00", a_line("l1", refs=refs), a_line("l2", refs=refs), a_line("l3", type="AD_HOC"))
    found = merge_missing(first_missing(line, "Item") for line in plan_lines(bill, {}).lines)
    assert [(each.entity, each.ref.id, each.lines) for each in found] == [("Product", "p-1", ("l1", "l2")), (LINE_TYPE, "AD_HOC", ("l3",))]
