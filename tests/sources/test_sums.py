"""Whatever amounts a platform writes, nothing of them is lost on the way into a Bill: no float, and the sum kept to the last digit."""

import json
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.sources.m3ter.reader import read_bill as read_m3ter
from integrations.sources.maxio.reader import read_bill as read_maxio
from integrations.sources.metronome.reader import read_bill as read_metronome
from integrations.sources.reading import EXACT, times
from runs.intake.json_stream import parse
from tests.sources.maxio import invoices as maxio
from tests.sources.metronome import invoices as metronome

whole = st.integers(-(10**12), 10**12)
amounts = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), whole, st.integers(0, 20))
several = st.lists(amounts, min_size=1, max_size=6)


def exact(numbers: list[Decimal]) -> Decimal:
    with localcontext(EXACT):
        return sum(numbers, Decimal(0))


def as_received(raw: dict[str, Any]) -> Any:
    """Through JSON text, numbers as the API writes them."""
    marks: dict[str, str] = {}

    def mark(value: object) -> str:
        marks[f'"@{len(marks)}@"'] = f"{value:f}"
        return f"@{len(marks) - 1}@"

    text = json.dumps(raw, default=mark)
    for sign, number in marks.items():
        text = text.replace(sign, number)
    return parse(text)


@given(several, several)
def test_m3ter_as_numbers(charged: list[Decimal], informing: list[Decimal]) -> None:
    """Amounts, quantities and prices are those of the text; what only informs is shown and not counted."""
    lines = [{"lineItemType": "USAGE", "convertedSubtotal": amount, "units": amount, "averageUnitPrice": amount} for amount in charged]
    lines += [{"lineItemType": "USAGE", "convertedSubtotal": amount, "additional": {"counted": False}} for amount in informing]
    facts = {"id": "b-1", "accountId": "a-1", "currency": "USD", "billDate": "2026-10-31", "billTotal": exact(charged)}
    read = read_m3ter(as_received(facts | {"lineItems": [line | {"currency": "USD"} for line in lines]}))
    assert [line.amount for line in read.lines if line.counted] == charged
    assert [line.quantity for line in read.lines if line.counted] == [line.unit_price for line in read.lines if line.counted] == charged
    assert [line.amount for line in read.lines if not line.counted] == informing


@given(several, several)
def test_metronome_in_cents(charged: list[Decimal], postpaid: list[Decimal]) -> None:
    lines = [metronome.usage(amount) for amount in charged] + [metronome.applied("POSTPAID", amount) for amount in postpaid]
    read = read_metronome(as_received(metronome.invoice(*lines, total=exact(charged))))
    assert times(exact([line.amount for line in read.lines if line.counted]), Decimal(100)) == exact(charged)
    assert times(exact([line.amount for line in read.lines if not line.counted]), Decimal(100)) == exact(postpaid)


@given(several, several, several)
def test_maxio_as_text(charged: list[Decimal], discounted: list[Decimal], taxed: list[Decimal]) -> None:
    lines = [maxio.line(f"li_{number}", f"{amount:f}") for number, amount in enumerate(charged)]
    discounts = [{"uid": f"d{number}", "discount_amount": f"{amount:f}"} for number, amount in enumerate(discounted)]
    taxes = [{"uid": f"t{number}", "tax_amount": f"{amount:f}"} for number, amount in enumerate(taxed)]
    total = exact([*charged, *(-amount for amount in discounted), *taxed])
    read = read_maxio(as_received(maxio.invoice(*lines, discounts=discounts, taxes=taxes, total_amount=f"{total:f}")))
    assert exact([line.amount for line in read.lines if line.counted]) == total
    assert all(isinstance(line.amount, Decimal) and isinstance(line.quantity, Decimal | None) for line in read.lines)
