"""What Metronome's amounts are counted in: a table of pricing units with the currency and exponent of each. Pure.

US dollars are counted in cents under one fixed id; the other currencies are named by their ISO code and counted in whole units, or by
the code and "(cents)" (Metronome's SDK 4.12.0 and API reference, read in November 2026). Every other unit is a customer's own.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from billing.money import minor_unit
from integrations.sources.reading import Record, times


@dataclass(frozen=True, slots=True)
class Unit:
    """`one` is what one unit is worth in `currency`."""

    id: str
    currency: str
    one: Decimal

    def money(self, amount: Decimal) -> Decimal:
        return times(amount, self.one)


USD_CENTS = "2714e483-4ff1-48e4-9e25-ac732e8f24f2"
EXPONENTS = {"cents": 2, "": 0}
"""Decimals that amounts are shifted by, by what follows the currency's code in the unit's name."""

_NAME = re.compile(r"([A-Z]{3})(?: \((cents)\))?")
_CODE = "USD"


def unit_of(record: Record) -> Unit:
    """The unit of an invoice, from its `credit_type`. ValueError for one whose worth in money is not known."""
    given = record.record("credit_type")
    uid, name = given.identifier("id"), given.text("name")
    if uid == USD_CENTS:
        return Unit(uid, _CODE, _one(EXPONENTS["cents"]))
    found = _NAME.fullmatch(name)
    if found is None or not _is_currency(found[1]):
        shown = f"“{name or uid}”" if name or uid else "missing"
        raise record.error(f"credit_type is {shown}, and what one such unit is worth in money is not known: invoice it in a currency")
    return Unit(uid, found[1], _one(EXPONENTS[found[2] or ""]))


def is_other(line: Record, unit: Unit) -> bool:
    """Whether a line is counted in another unit than its invoice, such as credits that a later line converts into money."""
    uid = line.record("credit_type").identifier("id")
    return bool(uid and unit.id) and uid != unit.id


def _one(exponent: int) -> Decimal:
    return Decimal(1).scaleb(-exponent)


def _is_currency(code: str) -> bool:
    try:
        minor_unit(code)
    except ValueError:
        return False
    return True
