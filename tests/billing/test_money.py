"""Rounding: whole minor units, and lines that add up to their total exactly, in every currency."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from billing.money import Share, adds_up, agrees, minor_unit, round_half_up, share_out, total_of

CURRENCIES = sorted(currency.code for currency in Currency if currency.exponent is not None)
ONE_PER_EXPONENT = ["JPY", "USD", "KWD", "CLF"]


def decimals(*values: str) -> list[Decimal]:
    return [Decimal(value) for value in values]


def rounded(shares: list[Share]) -> list[str]:
    return [str(share.rounded) for share in shares]


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[Decimal]]:
    """A currency and unrounded lines: whole, exact, fine, negative and zero ones."""
    currency = draw(st.sampled_from(ONE_PER_EXPONENT) | st.sampled_from(CURRENCIES))
    exponent = minor_unit(currency)
    line = (
        st.just(Decimal(0))
        | st.decimals(-(10**9), 10**9, places=exponent, allow_nan=False)
        | st.decimals(-(10**6), 10**6, places=exponent + 6, allow_nan=False)
        | st.integers(-30, 30).map(lambda tenths: Decimal(tenths).scaleb(-exponent - 1))
    )
    return currency, draw(st.lists(line, max_size=30))


@st.composite
def agreeing(draw: st.DrawFn) -> tuple[str, list[Decimal], Decimal]:
    """A document and any target that agrees with it, not only the rounded sum."""
    currency, lines = draw(documents())
    unit = Decimal(1).scaleb(-minor_unit(currency))
    off = draw(st.integers(-len(lines) - 2, len(lines) + 2))
    target = total_of(lines, currency) + off * unit
    return currency, lines, target if agrees(lines, target, currency) else total_of(lines, currency)


def test_exponents() -> None:
    assert {code: minor_unit(code) for code in ("JPY", "USD", "KWD", "CLF", "UYW")} == {"JPY": 0, "USD": 2, "KWD": 3, "CLF": 4, "UYW": 4}


@pytest.mark.parametrize("code", ["", "usd", "US", "DOLLAR", "USD (cents)", "HRK"])
def test_an_unknown_currency_is_a_sentence(code: str) -> None:
    with pytest.raises(ValueError, match="is not a currency code of ISO 4217") as caught:
        minor_unit(code)
    assert str(caught.value) == f"“{code}” is not a currency code of ISO 4217."


def test_gold_has_no_minor_unit() -> None:
    with pytest.raises(ValueError, match="“XAU” has no minor unit"):
        round_half_up(Decimal(1), "XAU")


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("617.405", "USD", "617.41"),
        ("617.4049999", "USD", "617.40"),
        ("-617.405", "USD", "-617.41"),
        ("-0.004", "USD", "0.00"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
        ("1.00005", "CLF", "1.0001"),
        ("1E+3", "USD", "1000.00"),
        ("123456789012345678901234567890.125", "USD", "123456789012345678901234567890.13"),
    ],
)
def test_round_half_up(amount: str, currency: str, expected: str) -> None:
    assert str(round_half_up(Decimal(amount), currency)) == expected


def test_total_is_rounded_once() -> None:
    assert str(total_of(decimals("0.004", "0.004", "0.004"), "USD")) == "0.01"
    assert str(total_of([], "USD")) == "0.00"


def test_a_total_of_many_digits_loses_none() -> None:
    wide = Decimal("99999999999999999999999999999.99")
    assert total_of([wide, Decimal("0.004"), Decimal("0.006")], "USD") == Decimal(10) ** 29


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+60", "1E-61"])
def test_what_is_no_amount_of_money_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="amount of money"):
        share_out([Decimal(value)], Decimal(0), "USD")
    with pytest.raises(ValueError, match="amount of money"):
        share_out([], Decimal(value), "USD")


def test_the_invoice_of_the_preview_page() -> None:
    lines = decimals("1500.00", "2002.45232", "617.4028", "70.35", "0.00")
    shares = share_out(lines, Decimal("4190.21"), "USD")
    assert shares == [
        Share(lines[0], Decimal("1500.00"), Decimal("1500.00"), Decimal(0)),
        Share(lines[1], Decimal("2002.45"), Decimal("2002.45"), Decimal("0.232")),
        Share(lines[2], Decimal("617.40"), Decimal("617.41"), Decimal("0.28")),
        Share(lines[3], Decimal("70.35"), Decimal("70.35"), Decimal(0)),
        Share(lines[4], Decimal("0.00"), Decimal("0.00"), Decimal(0)),
    ]
    assert [str(share.adjustment) for share in shares] == ["0.00", "0.00", "0.01", "0.00", "0.00"]


@pytest.mark.parametrize(
    ("lines", "target", "currency", "expected"),
    [
        (["617.406"], "617.41", "USD", ["617.41"]),
        (["617.404"], "617.40", "USD", ["617.40"]),
        (["-617.405"], "-617.41", "USD", ["-617.41"]),
        (["0.333333", "0.333333", "0.333334"], "1.00", "USD", ["0.33", "0.33", "0.34"]),
        (["0.005", "0.005"], "0.01", "USD", ["0.01", "0.00"]),
        (["-0.005", "-0.005"], "-0.01", "USD", ["-0.01", "0.00"]),
        (["10.006", "-3.006", "-3.006"], "3.99", "USD", ["10.01", "-3.01", "-3.01"]),
        (["5.005", "-5.005"], "0.00", "USD", ["5.01", "-5.01"]),
        (["-5.005", "5.005"], "0.00", "USD", ["-5.01", "5.01"]),
        (["0.5", "0.5", "0.5"], "2", "JPY", ["1", "1", "0"]),
        (["1.0004", "1.0004"], "2.001", "KWD", ["1.001", "1.000"]),
        (["0.00006", "0.00006"], "0.0001", "CLF", ["0.0001", "0.0000"]),
        (["100.00", "0.00", "0.333"], "100.33", "USD", ["100.00", "0.00", "0.33"]),
        (["100.00", "0.00", "0.333"], "100.35", "USD", ["100.01", "0.00", "0.34"]),
        (["0.00", "100.00", "50.001"], "149.99", "USD", ["0.00", "100.00", "49.99"]),
        (["0.00"], "0.01", "USD", ["0.01"]),
        ([], "0", "USD", []),
    ],
)
def test_share_out(lines: list[str], target: str, currency: str, expected: list[str]) -> None:
    assert rounded(share_out(decimals(*lines), Decimal(target), currency)) == expected


def test_a_target_finer_than_the_currency_is_refused() -> None:
    with pytest.raises(ValueError) as caught:
        share_out(decimals("1.005"), Decimal("1.005"), "USD")
    assert str(caught.value) == "The target 1.005 USD is finer than the currency's minor unit, 0.01."


@pytest.mark.parametrize(("total", "agree"), [("3.02", True), ("2.98", True), ("3.021", False), ("3.03", False), ("2.97", False)])
def test_lines_may_miss_the_total_by_half_a_unit_each(total: str, agree: bool) -> None:
    assert agrees(decimals("1", "1", "1"), Decimal(total), "USD") is agree


@pytest.mark.parametrize(
    ("lines", "total", "whole"),
    [
        (["100"], "100.00", True), (["100"], "100.01", False), (["100.005"], "100.01", True), (["100.004"], "100.01", False),
        (["0.005", "0.005"], "0.02", True), (["0.5", "0.5"], "1.02", False), ([], "0", True), ([], "0.01", False),
    ],
)  # fmt: skip
def test_a_bill_that_is_a_cent_off_does_not_add_up(lines: list[str], total: str, whole: bool) -> None:
    """What the lines of a Bill may miss its total by is their own rounding and nothing beyond."""
    assert adds_up(decimals(*lines), Decimal(total), "USD") is whole


def test_lines_too_far_from_the_target_are_refused() -> None:
    with pytest.raises(ValueError) as caught:
        share_out(decimals("1.00", "2.00"), Decimal("3.02"), "USD")
    assert str(caught.value) == "The lines come to 3.00 USD, too far from 3.02 to be a matter of rounding."


def test_one_line_is_plain_rounding_in_every_currency() -> None:
    for currency in CURRENCIES:
        amount = Decimal("12.345678")
        [share] = share_out([amount], round_half_up(amount, currency), currency)
        assert share.rounded == amount.quantize(Decimal(1).scaleb(-minor_unit(currency)), ROUND_HALF_UP)


@given(documents())
def test_lines_add_up_to_their_rounded_sum_each_within_a_unit(document: tuple[str, list[Decimal]]) -> None:
    currency, lines = document
    unit = Decimal(1).scaleb(-minor_unit(currency))
    shares = share_out(lines, total_of(lines, currency), currency)
    assert sum((share.rounded for share in shares), Decimal(0)) == total_of(lines, currency)
    assert [share.amount for share in shares] == lines
    for share in shares:
        assert abs(share.rounded - share.amount) < unit
        assert share.rounded.as_tuple().exponent == -minor_unit(currency)
        assert share.adjustment in (0, unit, -unit)
        assert 0 <= share.remainder < 1 and abs(share.amount - share.cut) == share.remainder * unit
        assert str(share.rounded) == str(share.rounded + 0)


@given(documents())
def test_a_line_that_needs_no_rounding_keeps_its_amount(document: tuple[str, list[Decimal]]) -> None:
    currency, lines = document
    for share in share_out(lines, total_of(lines, currency), currency):
        if not share.remainder:
            assert share.rounded == share.amount


@given(documents())
def test_the_sum_of_rounded_lines_is_a_target_too(document: tuple[str, list[Decimal]]) -> None:
    currency, lines = document
    target = sum((round_half_up(line, currency) for line in lines), Decimal(0))
    shares = share_out(lines, target, currency)
    assert sum((share.rounded for share in shares), Decimal(0)) == target
    assert all(abs(share.rounded - share.amount) < Decimal(1).scaleb(-minor_unit(currency)) for share in shares)


@given(agreeing())
def test_any_agreeing_target_is_met_exactly(case: tuple[str, list[Decimal], Decimal]) -> None:
    currency, lines, target = case
    unit = Decimal(1).scaleb(-minor_unit(currency))
    shares = share_out(lines, target, currency)
    assert sum((share.rounded for share in shares), Decimal(0)) == target
    assert all(abs(share.rounded - share.amount) < 2 * unit for share in shares)
    touched = [share for share in shares if share.adjustment and not share.amount]
    assert not touched or all(share.adjustment for share in shares if share.amount)


@given(agreeing())
def test_a_credit_memo_mirrors_its_invoice(case: tuple[str, list[Decimal], Decimal]) -> None:
    currency, lines, target = case
    memo = share_out([-line for line in lines], -target, currency)
    assert [-share.rounded for share in memo] == [share.rounded for share in share_out(lines, target, currency)]


@given(st.lists(st.just(Decimal("0.333")), min_size=1, max_size=20), st.sampled_from(ONE_PER_EXPONENT))
def test_equal_lines_are_served_in_order(lines: list[Decimal], currency: str) -> None:
    amounts = [share.rounded for share in share_out(lines, total_of(lines, currency), currency)]
    assert amounts == sorted(amounts, reverse=True)
