"""Taxes as NetSuite gets them: one line on the item that was chosen for them, as its own tax fields belong to its own tax engine. Pure."""

from dataclasses import replace
from decimal import Decimal

from billing.bill import Bill
from integrations.contract import Options

TAX = "TAX"


def with_one_tax(bill: Bill, options: Options) -> Bill:
    """The Bill with its counted taxes as one last line, when an item for taxes is chosen and there are several."""
    taxes = [line for line in bill.lines if line.type == TAX and line.counted]
    if not options.get("taxItemId") or len(taxes) < 2:
        return bill
    names = ", ".join(dict.fromkeys(line.description for line in taxes))
    whole = replace(taxes[0], key="tax", description=f"Tax: {names}", amount=sum((line.amount for line in taxes), Decimal(0)))
    return replace(bill, lines=(*(line for line in bill.lines if line not in taxes), whole))
