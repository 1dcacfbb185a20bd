"""How amounts, quantities, times and statuses are written for people. Pure functions; the template tags are thin."""

import datetime
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from billing.money import minor_unit

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
NOTHING = "nothing"
USUAL_DIGITS = 2
WIDE = Context(prec=400)


class Figure(NamedTuple):
    """A number cut at its decimal point: sign ("" or a minus), whole part with separators, fraction with its point ("" when none)."""

    sign: str
    whole: str
    fraction: str

    def __str__(self) -> str:
        return "".join(self)


def minor_digits(currency: str) -> int:
    """Digits after the point in ISO 4217: USD 2, JPY 0, KWD 3; 2 for a code that is unknown or has none."""
    try:
        return minor_unit(currency)
    except ValueError:
        return USUAL_DIGITS


def figure(number: Decimal, least_digits: int = 0) -> Figure:
    """All digits of the number, never rounded: at least `least_digits` after the point, zeros beyond them left out."""
    whole, _, fraction = f"{number.copy_abs():f}".partition(".")
    fraction = fraction.rstrip("0").ljust(least_digits, "0")
    sign = MINUS if number < 0 else ""
    return Figure(sign, f"{int(whole):,}", f".{fraction}" if fraction else "")


def money_figure(amount: Decimal, currency: str, *, exact: bool = False) -> Figure:
    """An amount in the currency's minor unit, half a unit rounded away from zero; `exact` shows every digit instead."""
    digits = minor_digits(currency)
    if not exact:
        amount = round_half_up(amount, digits)
    return figure(amount, digits)


def round_half_up(amount: Decimal, digits: int) -> Decimal:
    """Rounded at any size. A negative amount that rounds to zero loses its sign."""
    rounded = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, WIDE)
    return rounded or rounded.copy_abs()


def money_text(amount: Decimal, currency: str, *, exact: bool = False) -> str:
    """For sentences: "4,190.21 USD", the code held to the number by a no-break space."""
    return f"{money_figure(amount, currency, exact=exact)}{NO_BREAK}{currency}"


def money_sentence(amounts: Mapping[str, Decimal]) -> str:
    """For sentences: "61,706.56 USD, 12,480.00 GBP and 4,900.00 EUR", in the order given; "nothing" when there is none."""
    return join_words([money_text(amount, currency) for currency, amount in amounts.items()]) or NOTHING


def signed(amount: Decimal, digits: int = 0) -> str:
    """A change: "+120.00", "−0.01", "0.00"."""
    plus = "+" if amount > 0 else ""
    return f"{plus}{figure(amount, digits)}"


def join_words(words: list[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])


def day(date: datetime.date) -> str:
    """ "31 Oct 2026"."""
    return f"{date.day} {date:%b %Y}"


def moment(when: datetime.datetime, now: datetime.datetime) -> str:
    """ "3 Nov 14:18", with the year when it is not this one."""
    year = "" if when.year == now.year else f" {when.year}"
    return f"{when.day} {when:%b}{year} {when:%H:%M}"


def ago(when: datetime.datetime, now: datetime.datetime) -> str:
    """ "2 min ago" or "in 3 min" up to a day, then the moment itself."""
    seconds = (now - when).total_seconds()
    if abs(seconds) >= 86400:
        return moment(when, now)
    if abs(seconds) < 60:
        return "just now" if seconds >= 0 else "in under a minute"
    span = duration(abs(seconds), units=1)
    return f"{span} ago" if seconds > 0 else f"in {span}"


def duration(seconds: float, units: int = 2) -> str:
    """ "2 d 4 h", "24 min", "30 s": the largest units that are not zero."""
    rest, parts = int(seconds), []
    for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:units]) or "0 s"


def status_words(status: str) -> str:
    """ "RATE_LIMIT_RETRY" -> "RATE LIMIT RETRY"; the style sheet sets it in sentence case."""
    return status.replace("_", " ")


def capped(count: int, most: int = 99) -> str:
    return f"{most}+" if count > most else str(count)
