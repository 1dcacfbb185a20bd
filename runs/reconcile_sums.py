"""What a comparison adds up to, per posting period, subsidiary and currency. Never over two currencies."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from runs.models import Difference
from runs.periods_calendar import Spans
from runs.reconcile import Row, Verdict

Kind = Difference.Kind
MATCHED = "matched"


@dataclass(kw_only=True)
class Sum:
    """What the Bills of one period, subsidiary and currency owe, what is there, and how many there are of each kind."""

    period: str
    subsidiary: str
    currency: str
    owed: Decimal = Decimal(0)
    there: Decimal = Decimal(0)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def difference(self) -> Decimal:
        return self.owed - self.there

    @property
    def bills(self) -> int:
        return sum(self.counts.values())

    def count(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1


def kind_of(row: Row) -> str:
    if row.other_period:
        return Kind.OTHER_PERIOD
    return {Verdict.MISSING: Kind.MISSING, Verdict.EXTRA: Kind.EXTRA, Verdict.DIFFERS: Kind.DIFFERS}.get(row.verdict, MATCHED)


@dataclass
class Sums:
    """An amount owed counts in the period of the Bill's day, an amount that is there in the one that it is posted to."""

    calendar: Spans
    by: dict[tuple[str, str, str], Sum] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        held, place = row.held, row.held.subsidiary if row.held else row.subsidiary
        there = (self.period_there(row), place, (held.currency or row.currency) if held else row.currency)
        here = (self.period_owed(row), place, row.currency) if row.owed is not None else there
        self._of(here).count(kind_of(row))
        if row.owed is not None:
            self._of(here).owed += row.owed
        if held is not None and row.listed:
            self._of(there).there += held.total or Decimal(0)

    def period_owed(self, row: Row) -> str:
        """As the calendar names it; where it names none, as the document that is there does, else the month."""
        named = self.calendar.name(row.day) if row.day else ""
        return named or (row.held.period if row.held and row.listed else "") or _month(row.day)

    def period_there(self, row: Row) -> str:
        held = row.held
        if held is None:
            return ""
        return held.period or (self.calendar.name(held.date) if held.date else "") or _month(held.date)

    def told(self) -> list[dict[str, Any]]:
        """As JSON, amounts as strings; periods as they follow on each other, in each subsidiary the currency of most Bills first."""
        starts = {period.name: period.start for period in self.calendar.periods}

        def place(each: Sum) -> tuple[dt.date, str, str, int, str]:
            return starts.get(each.period, dt.date.max), each.period, each.subsidiary, -each.bills, each.currency

        order = sorted(self.by.values(), key=place)
        said: list[dict[str, Any]] = msgspec.to_builtins(order)
        return said

    def _of(self, key: tuple[str, str, str]) -> Sum:
        if key not in self.by:
            self.by[key] = Sum(period=key[0], subsidiary=key[1], currency=key[2])
        return self.by[key]


def read(said: list[Mapping[str, Any]]) -> list[Sum]:
    """What `Sums.told` gave."""
    return msgspec.convert(said, list[Sum])


def _month(day: dt.date | None) -> str:
    return f"{day:%b %Y}" if day else ""
