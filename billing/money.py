"""Money in a currency's minor unit: rounding, totals, and lines that add up to a total exactly.

Exponents are ISO 4217's, as the `iso4217` package has them. Every ValueError is a sentence for people.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache

from iso4217 import Currency

_WIDEST = 60
_EXACT = Context(prec=4 * _WIDEST)


@dataclass(frozen=True, slots=True)
class Share:
    """One line's part of a target.

    `cut` is the amount cut to the minor unit, `rounded` what the line becomes,
    `remainder` what the cut took off, in minor units: 0 <= remainder < 1.
    """

    amount: Decimal
    cut: Decimal
    rounded: Decimal
    remainder: Decimal

    @property
    def adjustment(self) -> Decimal:
        """What the line took of the units that the cut left over, as money; zero for most lines."""
        with localcontext(_EXACT):
            return self.rounded - self.cut


@lru_cache(maxsize=512)
def minor_unit(currency: str) -> int:
    """The exponent of an ISO 4217 code in capitals: 2 for USD, 0 for JPY, 3 for KWD. ValueError when it is unknown or has none."""
    try:
        exponent = Currency(currency).exponent
    except ValueError:
        raise ValueError(f"“{currency}” is not a currency code of ISO 4217.") from None
    if exponent is None:
        raise ValueError(f"“{currency}” has no minor unit, so amounts in it cannot be rounded.")
    return int(exponent)


def round_half_up(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units, halves away from zero; never a negative zero."""
    with localcontext(_EXACT):
        return _checked(amount).quantize(_unit(currency), ROUND_HALF_UP) + 0


def total_of(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The sum of unrounded amounts, rounded once."""
    with localcontext(_EXACT):
        return round_half_up(_sum(amounts), currency)


def adds_up(amounts: Sequence[Decimal], total: Decimal, currency: str) -> bool:
    """Whether unrounded amounts are a Bill's total: each may miss it by half a minor unit, and nothing else may."""
    return _within(len(amounts), amounts, total, currency)


def agrees(amounts: Sequence[Decimal], target: Decimal, currency: str) -> bool:
    """Whether unrounded amounts come to a target within half a minor unit per line, and half a unit for the target itself, which
    is what is left of a rounded total when lines are taken away."""
    return _within(len(amounts) + 1, amounts, target, currency)


def _within(halves: int, amounts: Sequence[Decimal], total: Decimal, currency: str) -> bool:
    with localcontext(_EXACT):
        return 2 * abs(_sum(amounts) - _checked(total)) <= _unit(currency) * halves


def share_out(amounts: Sequence[Decimal], target: Decimal, currency: str) -> list[Share]:
    """Round lines so that they add up to the target exactly: one Share per amount, in the same order.

    Each amount is cut down to the minor unit; the units this leaves go to the largest remainders, the earliest line first.
    A line that needs no rounding takes a unit only after all that do, a zero line last. With a negative target everything
    is mirrored, so a credit memo rounds as its invoice did. A line moves by less than one unit when the target
    is the lines' rounded sum or the sum of rounded lines, and by less than two whenever `agrees` holds.
    ValueError when the target is not in whole minor units or the amounts do not agree with it.
    """
    if round_half_up(target, currency) != target:
        raise ValueError(f"The target {target} {currency} is finer than the currency's minor unit, {_unit(currency)}.")
    with localcontext(_EXACT):
        if not agrees(amounts, target, currency):
            raise ValueError(f"The lines come to {_sum(amounts)} {currency}, too far from {target} to be a matter of rounding.")
        if _is_negative(target, amounts):
            return [_mirrored(share) for share in _share_out([-amount for amount in amounts], -target, _unit(currency))]
        return _share_out(amounts, target, _unit(currency))


def _share_out(amounts: Sequence[Decimal], target: Decimal, unit: Decimal) -> list[Share]:
    cuts = [amount.quantize(unit, ROUND_FLOOR) + 0 for amount in amounts]
    remainders = [(amount - cut) / unit for amount, cut in zip(amounts, cuts, strict=True)]
    units = _deal(int((target - sum(cuts)) / unit), amounts, remainders)
    rounded = [cut + unit * taken for cut, taken in zip(cuts, units, strict=True)]
    return [Share(*line) for line in zip(amounts, cuts, rounded, remainders, strict=True)]


def _deal(left: int, amounts: Sequence[Decimal], remainders: Sequence[Decimal]) -> list[int]:
    """How many units each line takes; `left` is negative when the target is less than the lines cut down."""
    sign = 1 if left >= 0 else -1
    order = sorted(range(len(amounts)), key=lambda i: (not amounts[i], not remainders[i], -sign * remainders[i], i))
    units = [0] * len(amounts)
    for turn in range(abs(left)):
        units[order[turn % len(order)]] += sign
    return units


def _is_negative(target: Decimal, amounts: Sequence[Decimal]) -> bool:
    """The sign of a document: its target's, or that of its first line with money when the target is zero."""
    return next((value < 0 for value in (target, *amounts) if value), False)


def _mirrored(share: Share) -> Share:
    return Share(-share.amount, -share.cut, -share.rounded, share.remainder)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(map(_checked, amounts), Decimal(0))


def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_unit(currency))


def _checked(amount: Decimal) -> Decimal:
    """The amount itself. ValueError unless it is finite and narrow enough for every sum of amounts to be exact."""
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"{amount} is not an amount of money.")
    if exponent < -_WIDEST or amount.adjusted() >= _WIDEST:
        raise ValueError(f"{amount} has more digits than an amount of money can have ({_WIDEST} on either side of the point).")
    return amount
