"""Lines and totals of a document, in exact decimals."""

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, invalid_content, invalid_value, user_error

ZERO = Decimal(0)
EXACT = Context(prec=100)


def merge(old: list[Record], new: list[Record], replace: bool, key: str = "line") -> list[Record]:
    """The lines after a write: one whose key is known is updated in place, others are appended.

    With `replace` the new lines are all there is, in their order; those that name an old line keep what they leave out.
    """
    known = {str(line.get(key)): line for line in old}
    if replace:
        return [_update(known.get(str(line.get(key)), {}), line) for line in new]
    updates = {str(line[key]): line for line in new if key in line}
    kept = [_update(line, updates.get(str(line.get(key)), {})) for line in old]
    return kept + [_update({}, line) for line in new if str(line.get(key)) not in known]


def _update(old: Record, new: Record) -> Record:
    stale = {"amount"} if "amount" not in new and {"rate", "quantity"} & new.keys() else set()
    merged = {key: value for key, value in old.items() if key not in stale} | new
    return {key: value for key, value in merged.items() if value is not None}


def number(books: Books, lines: list[Record]) -> None:
    """Gives lines their keys: `line` counts from 1, `lineUniqueKey` never repeats in an account."""
    for position, line in enumerate(lines, 1):
        line["line"] = position
        line.setdefault("lineUniqueKey", books.new_line_key())


def complete(books: Books, record: Record) -> None:
    """Checks the lines of a sale, computes their amounts and sets the record's totals. Raises NetSuiteError."""
    lines = record.get("item") or []
    if not lines:
        raise NetSuiteError(400, "VALID_LINE_ITEM_REQD", "You must enter at least one line item for this transaction.", "item")
    unit = minor_unit(books, record)
    for at, line in enumerate(lines):
        if "item" not in line:
            raise user_error("Please enter value(s) for: Item.")
        line["amount"] = _amount(line, unit, f"item.items[{at}].amount")
    number(books, lines)
    subtotal = sum((line["amount"] for line in lines), ZERO)
    tax = sum((money(line.get("tax1Amt", ZERO), unit, f"item.items[{at}].tax1Amt") for at, line in enumerate(lines)), ZERO)
    discount = money(record.get("discountRate") or ZERO, unit, "discountRate")
    record |= {"subtotal": subtotal, "discountTotal": discount, "taxTotal": tax, "total": subtotal + discount + tax}
    if record["total"] < 0:
        raise user_error("The total of this transaction may not be negative.")


def minor_unit(books: Books, record: Record) -> Decimal:
    """0.01 for a currency of two digits."""
    return Decimal(1).scaleb(-int(books.currency(record)["currencyPrecision"]))


def money(value: Any, unit: Decimal, path: str) -> Decimal:
    """The amount in whole minor units; more digits than the currency has are refused."""
    amount = Decimal(value)
    try:
        rounded = amount.quantize(unit)
    except InvalidOperation as error:
        raise invalid_value(value, path.rpartition(".")[2], path) from error
    if rounded != amount:
        raise invalid_content(f"The amount {amount} has more decimal places than its currency allows, which is a step of {unit}.", path)
    return rounded


def _amount(line: Record, unit: Decimal, path: str) -> Decimal:
    """A given amount wins, else quantity times rate in the currency's minor unit."""
    if line.get("amount") is not None:
        return money(line["amount"], unit, path)
    if line.get("rate") is None:
        raise user_error("Please enter value(s) for: Amount.")
    exact = EXACT.multiply(line["rate"], line.get("quantity", Decimal(1)))
    return money(exact.quantize(unit, ROUND_HALF_UP, EXACT), unit, path)
