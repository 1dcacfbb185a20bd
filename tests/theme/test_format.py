import datetime as dt
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import format as written

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=Decimal("-1e15"), max_value=Decimal("1e15"))
CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD", "CLF"])
NOW = dt.datetime(2026, 11, 3, 14, 20, tzinfo=dt.UTC)


def read(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace(written.MINUS, "-"))


@given(AMOUNTS, CURRENCIES)
def test_money_is_the_amount_rounded_half_up_to_the_minor_unit(amount: Decimal, currency: str) -> None:
    figure = written.money_figure(amount, currency)
    digits = written.minor_digits(currency)
    assert abs(read(str(figure)) - amount) * 2 <= Decimal(1).scaleb(-digits)
    assert len(figure.fraction) == (digits + 1 if digits else 0)
    assert re.fullmatch(r"\d{1,3}(,\d{3})*", figure.whole)
    assert figure.sign == (written.MINUS if read(str(figure)) < 0 else "")


@given(AMOUNTS, CURRENCIES)
def test_exact_money_loses_no_digit(amount: Decimal, currency: str) -> None:
    figure = written.money_figure(amount, currency, exact=True)
    assert read(str(figure)) == amount
    assert len(figure.fraction) >= (written.minor_digits(currency) and written.minor_digits(currency) + 1)


@given(AMOUNTS)
def test_a_quantity_shows_every_digit_and_no_more(amount: Decimal) -> None:
    text = str(written.figure(amount))
    assert read(text) == amount
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1284310.55", "USD", "1,284,310.55 USD"),
        ("1284310.5500000000", "USD", "1,284,310.55 USD"),
        ("1204000", "JPY", "1,204,000 JPY"),
        ("812.405", "KWD", "812.405 KWD"),
        ("-119.99", "USD", "−119.99 USD"),
        ("-0.004", "USD", "0.00 USD"),
        ("0.005", "USD", "0.01 USD"),
        ("-0.005", "USD", "−0.01 USD"),
        ("2E+3", "USD", "2,000.00 USD"),
        ("12345678901234567890123456789012345.675", "EUR", "12,345,678,901,234,567,890,123,456,789,012,345.68 EUR"),
        ("1.5", "XAU", "1.50 XAU"),
        ("1.5", "ZZZ", "1.50 ZZZ"),
    ],
)
def test_money_in_a_sentence(amount: str, currency: str, text: str) -> None:
    assert written.money_text(Decimal(amount), currency) == text.replace(" ", written.NO_BREAK)


def test_several_currencies_are_never_added() -> None:
    amounts = {"USD": Decimal("61706.56"), "GBP": Decimal(12480), "EUR": Decimal(4900)}
    assert written.money_sentence(amounts).replace(written.NO_BREAK, " ") == "61,706.56 USD, 12,480.00 GBP and 4,900.00 EUR"
    assert written.money_sentence({}) == "nothing"


@pytest.mark.parametrize(("change", "text"), [("120", "+120.00"), ("-0.01", "−0.01"), ("0", "0.00")])
def test_a_change_shows_its_sign(change: str, text: str) -> None:
    assert written.signed(Decimal(change), 2) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-200, "in 3 min"),
        (-5, "in under a minute"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (120, "2 min ago"),
        (3600 * 5 + 1800, "5 h ago"),
        (86399, "23 h ago"),
        (86400, "2 Nov 14:20"),
        (86400 * 400, "29 Sep 2025 14:20"),
    ],
)
def test_times_are_relative_up_to_a_day(seconds: int, text: str) -> None:
    assert written.ago(NOW - dt.timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (30, "30 s"), (24 * 60, "24 min"), (86400 * 2 + 3600 * 4 + 59, "2 d 4 h")])
def test_a_duration_has_its_two_largest_units(seconds: int, text: str) -> None:
    assert written.duration(seconds) == text


def test_dates_are_written_out() -> None:
    assert written.day(dt.date(2026, 10, 31)) == "31 Oct 2026"


def test_counters_stop_at_99() -> None:
    assert [written.capped(99), written.capped(100)] == ["99", "99+"]
