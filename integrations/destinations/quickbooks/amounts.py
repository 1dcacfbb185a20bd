"""Quantity and price of a line as QuickBooks keeps them: their product is the amount, or the amount stands alone. Pure.

QuickBooks refuses a line whose Amount is not UnitPrice x Qty (error 6070) and keeps money fields as 10.5 digits (Intuit's entity
reference, as copied to public repositories and read in November 2026).
"""

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from billing.money import round_half_up
from integrations.contract import DocumentLine
from integrations.lines import money_text

DECIMALS = 5
LARGEST = Decimal(10**10)
_WIDE = Context(prec=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """What is sent of a line. `told` is the true quantity and rate for people, where they could not be sent as numbers."""

    amount: Decimal
    quantity: Decimal
    price: Decimal
    told: str = ""


def priced(line: DocumentLine, currency: str, sign: int) -> Priced:
    """Quantity and rate as they are when they give the amount exactly, else once the amount. `sign` -1 turns amount and price."""
    amount = line.amount * sign if line.amount else line.amount
    quantity, rate = line.quantity, line.rate
    if quantity is None or rate is None:
        return Priced(amount=amount, quantity=Decimal(1), price=amount)
    price = rate * sign if rate else rate
    if _fits(quantity) and _fits(price) and _gives(quantity, price, amount, currency):
        return Priced(amount=amount, quantity=quantity, price=price)
    return Priced(amount=amount, quantity=Decimal(1), price=amount, told=f"{quantity:,f} x {money_text(rate, currency)}")


def note(lines: list[tuple[str, Priced]]) -> str:
    """A sentence for the preview about the lines that go as one piece, "" when there are none."""
    whole = [f"“{description}”" for description, each in lines if each.told]
    if not whole:
        return ""
    told = ", ".join(whole[:3]) + (f" and {len(whole) - 3} more" if len(whole) > 3 else "")
    verb = "goes" if len(whole) == 1 else "go"
    why = f"QuickBooks keeps {DECIMALS} decimals, and quantity x rate would not give the amount; the line's text names both."
    return f"{told} {verb} as 1 x its amount: {why}"


def _fits(value: Decimal) -> bool:
    return int(value.as_tuple().exponent) >= -DECIMALS and abs(value) < LARGEST


def _gives(quantity: Decimal, price: Decimal, amount: Decimal, currency: str) -> bool:
    with localcontext(_WIDE):
        product = quantity * price
    try:
        return round_half_up(product, currency) == amount
    except ValueError:
        return False
