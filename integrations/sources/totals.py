"""What every reader does with currencies and totals. Pure; every ValueError is a sentence."""

from collections.abc import Iterable
from decimal import Decimal

from billing.bill import Line
from billing.money import minor_unit, round_half_up, total_of
from integrations.sources.reading import Record


def currency_of(record: Record, name: str = "currency") -> str:
    """The required code of ISO 4217 in a field."""
    currency = record.required(name)
    try:
        minor_unit(currency)
    except ValueError as error:
        raise record.error(f"{name}: {str(error).rstrip('.')}") from None
    return currency


def rounded(total: Decimal, currency: str) -> tuple[Decimal, str]:
    """The source's own total in whole minor units, and the note that says so where it was finer."""
    whole = round_half_up(total, currency)
    return whole, "" if whole == total else f"The source's total, {total} {currency}, was rounded to {whole}."


def summed(lines: Iterable[Line], currency: str) -> tuple[Decimal, str]:
    """The total of a Bill whose source gave none, and the note that says so."""
    total = total_of((line.amount for line in lines if line.counted), currency)
    return total, "The source gave no total; this is the sum of the lines that count, rounded."
