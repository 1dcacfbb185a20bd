"""Reading one raw record field by field: JSON with Decimals, or text for every value as CSV has it. Pure.

Every ValueError is a sentence that names the field and where it stands: "line 3: quantity is NaN".
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EXACT = Context(prec=240)
"""Enough digits for the exact product of any two numbers that `Record.number` lets through, and for sums of them."""

_INTEGER_DIGITS = 18
_DECIMALS = 60
_SHOWN = 40
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,4})?", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON object. A field that is absent, null or blank is not given: its reader answers "", None, False or nothing."""

    raw: Mapping[str, Any]
    where: str = ""

    @classmethod
    def of(cls, raw: object, what: str, where: str = "") -> "Record":
        if not isinstance(raw, Mapping):
            raise ValueError(f"{where}: {what} is not a JSON object." if where else f"{what} is not a JSON object.")
        return cls(raw, where)

    def error(self, sentence: str) -> ValueError:
        return ValueError(f"{self.where}: {sentence}." if self.where else f"{sentence}.")

    def text(self, name: str) -> str:
        """The text, control characters become blanks. A number is taken as text, for ids that are numbers."""
        value = self.raw.get(name)
        if type(value) is str:
            return _clean(value)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise self.error(f"{name} is not text")
        return _clean(str(value))

    def identifier(self, name: str) -> str:
        """An id: text without control characters, of which nothing is changed but blanks around it."""
        value = self.raw.get(name)
        if isinstance(value, str) and not value.isprintable() and _UNPRINTABLE.search(value):
            raise self.error(f"{name} has control characters")
        return self.text(name)

    def required(self, name: str) -> str:
        value = self.identifier(name)
        if not value:
            raise self.error(f"{name} is missing")
        return value

    def number(self, name: str) -> Decimal | None:
        """A finite number below 10^18 with at most 60 decimals, exactly as written."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        number = self._decimal(name, value)
        if not number.is_finite():
            raise self.error(f"{name} is {number}, not a number")
        if number.adjusted() >= _INTEGER_DIGITS or _decimals(number) > _DECIMALS:
            raise self.error(f"{name} is {_short(value)}, which is more digits than money or a quantity has")
        return number

    def _decimal(self, name: str, value: object) -> Decimal:
        if isinstance(value, bool):
            raise self.error(f"{name} is {str(value).lower()}, not a number")
        if isinstance(value, Decimal):
            return value
        if isinstance(value, int):
            return Decimal(value)
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            return Decimal(value.strip())
        raise self.error(f"{name} is {_short(value)}, not a number")

    def whole(self, name: str) -> int | None:
        number = self.number(name)
        if number is None:
            return None
        if number != number.to_integral_value() or number < 0:
            raise self.error(f"{name} is {number}, not a whole number from 0")
        return int(number)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.raw.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, str):
            value = _FLAGS.get(value.strip().lower(), value)
        if not isinstance(value, bool):
            raise self.error(f"{name} is {_short(value)}, not true or false")
        return value

    def day(self, name: str, zone: dt.tzinfo = dt.UTC) -> dt.date | None:
        """A date, or the day of a moment where the zone's clocks show it."""
        moment = self._moment(name, zone)
        return moment.date() if isinstance(moment, dt.datetime) else moment

    def end_day(self, name: str, zone: dt.tzinfo = dt.UTC) -> dt.date | None:
        """The first day after an exclusive end: of a moment within a day, the next day."""
        moment = self._moment(name, zone)
        if not isinstance(moment, dt.datetime):
            return moment
        try:
            return moment.date() + dt.timedelta(days=moment.time() != dt.time.min)
        except OverflowError:
            raise self.error(f"{name} is {moment}, which is past the end of the calendar") from None

    def moment(self, name: str) -> dt.datetime | None:
        """A moment in UTC; one without an offset is meant so, a date is its first moment."""
        moment = self._moment(name, dt.UTC)
        if moment is None:
            return None
        if not isinstance(moment, dt.datetime):
            return dt.datetime.combine(moment, dt.time.min, dt.UTC)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

    def _moment(self, name: str, zone: dt.tzinfo) -> dt.date | dt.datetime | None:
        text = self.text(name)
        if not text:
            return None
        try:
            moment = _parsed(text)
            return moment.astimezone(zone) if isinstance(moment, dt.datetime) and moment.tzinfo else moment
        except (ValueError, OverflowError):
            raise self.error(f"{name} is {_short(text)}, not a date") from None

    def zone(self, name: str) -> dt.tzinfo:
        text = self.text(name)
        zone = _zone(text)
        if zone is None:
            raise self.error(f"{name} is {_short(text)}, not the name of a time zone")
        return zone

    def records(self, name: str, one: str) -> Iterator["Record"]:
        """The objects of a list; `one` names an element, as in "line 3"."""
        value = self.raw.get(name)
        if value is None or value == "":
            return
        if not isinstance(value, list | tuple):
            raise self.error(f"{name} is not a list")
        for number, element in enumerate(value, 1):
            place = f"{one} {number}"
            yield Record.of(element, "this", f"{self.where}, {place}" if self.where else place)

    def record(self, name: str) -> "Record":
        value = self.raw.get(name)
        if value is None or value == "":
            return Record({}, self.where)
        if not isinstance(value, Mapping):
            raise self.error(f"{name} is not a JSON object")
        return Record(value, f"{self.where}, {name}" if self.where else name)

    def plain(self, name: str) -> dict[str, Any]:
        """An object of text, numbers and flags as JSON that keeps them exactly: whole numbers as int, other numbers as text."""
        inner = self.record(name)
        return {_clean(key): inner._plain(key) for key, value in inner.raw.items() if value is not None}

    def _plain(self, name: str) -> str | int | bool:
        value = self.raw[name]
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _clean(value)
        if isinstance(value, int | Decimal):
            number = self.number(name) or Decimal(0)
            return int(number) if number == number.to_integral_value() else str(number)
        raise self.error(f"{_short(name)} is neither text nor a number")


def times(one: Decimal, other: Decimal) -> Decimal:
    """The exact product."""
    return EXACT.multiply(one, other)


def added(*numbers: Decimal) -> Decimal:
    """The exact sum."""
    with localcontext(EXACT):
        return sum(numbers, Decimal(0))


def negated(number: Decimal) -> Decimal:
    """The exact opposite; that of zero is zero."""
    return number.copy_negate() if number else number


def _decimals(number: Decimal) -> int:
    """How many decimals a finite number has. A text without an exponent tells it sooner than its digits do."""
    text = str(number)
    if len(text) <= _SHOWN and "E" not in text:
        return len(text) - text.find(".") - 1 if "." in text else 0
    return -int(number.as_tuple().exponent)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> dt.date | dt.datetime:
    if len(text) == len("2026-10-31") and text[4] == text[7] == "-":
        return dt.date.fromisoformat(text)
    return dt.datetime.fromisoformat(text)


@lru_cache(maxsize=512)
def _zone(name: str) -> dt.tzinfo | None:
    if name in ("", "UTC"):
        return dt.UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _clean(text: str) -> str:
    return (text if text.isprintable() else _UNPRINTABLE.sub(" ", text)).strip()


def _short(value: object) -> str:
    if isinstance(value, Mapping | list):
        return "a list" if isinstance(value, list) else "an object"
    text = _clean(str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
