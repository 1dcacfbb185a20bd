"""Quantity and rate of a document line: they inform, and they give its amount as nearly as ten decimals can. Pure."""

from decimal import Context, Decimal, localcontext

from billing.money import Share, agrees

DECIMALS = 10
_WIDE = Context(prec=100)
_SHORTEST = Decimal(1).scaleb(-DECIMALS)


def quantity_and_rate(
    quantity: Decimal | None, unit_price: Decimal | None, share: Share, currency: str
) -> tuple[Decimal | None, Decimal | None]:
    """The source's own where they come to the amount; else a rate that does, and 1 x amount for money without a quantity."""
    if not quantity:
        return (Decimal(1), share.rounded) if share.rounded else (quantity, _short(unit_price))
    with localcontext(_WIDE):
        fits = unit_price is not None and _within_half_a_unit(quantity * unit_price - share.amount, currency)
        return _short(quantity), _short(unit_price if fits else share.amount / quantity)


def _within_half_a_unit(difference: Decimal, currency: str) -> bool:
    try:
        return agrees([], difference, currency)
    except ValueError:
        return False


def _short(value: Decimal | None) -> Decimal | None:
    """At most ten decimals, without an exponent."""
    if value is None or int(value.as_tuple().exponent) >= -DECIMALS:
        return value
    with localcontext(_WIDE):
        return Decimal(f"{value.quantize(_SHORTEST).normalize():f}")
