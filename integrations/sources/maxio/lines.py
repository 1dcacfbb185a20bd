"""A Maxio invoice's line items, discounts and taxes -> Lines. Pure. Field names: Maxio's SDK 10.0.0, read in November 2026.

A line's `subtotal_amount` is exact; its own discount, tax and total are approximations, so those come from the breakouts of the
invoice's discounts and taxes. A discount follows the line that it discounts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from billing.bill import Line, Period, Ref
from billing.money import adds_up
from integrations.sources.reading import Record, added, negated

KINDS: Mapping[str, str] = {
    "metered_component": "USAGE",
    "event_based_component": "USAGE",
    "prepaid_usage_component": "COMMITMENT_FEE",
    "quantity_based_component": "STANDING_CHARGE",
    "on_off_component": "STANDING_CHARGE",
    "baseline": "STANDING_CHARGE",
    "setup": "AD_HOC",
    "trial": "STANDING_CHARGE",
}
"""Ours by the `kind` of a line item; without one a component is usage, a product a standing charge."""

_ByLine = dict[str, list[Line]]


def read_lines(invoice: Record, total: Decimal, currency: str) -> tuple[Line, ...]:
    """Line items in order, each followed by its discounts, then what belongs to no line, then the taxes.

    A consolidated invoice has the lines of its `segments`. Taxes that the lines contain already do not count; the total tells. A uid
    that comes again gets a number.
    """
    parts = [invoice, *invoice.records("segments", "segment")]
    charged = [line for part in parts for line in _charged(part)]
    taxes = [line for part in parts for line in _taxes(part)]
    untold = list(_untold(invoice, charged, taxes))
    lines = [*charged, *(line for line in untold if line.type == "DISCOUNT"), *taxes, *(line for line in untold if line.type == "TAX")]
    lines = _distinct(lines)
    if _come_to(lines, total, currency) or not _come_to([line for line in lines if line.type != "TAX"], total, currency):
        return tuple(lines)
    return tuple(replace(line, counted=line.type != "TAX") for line in lines)


def _distinct(lines: list[Line]) -> list[Line]:
    given: Counter[str] = Counter()
    found = []
    for line in lines:
        given[line.key] += 1
        found.append(line if given[line.key] == 1 else replace(line, key=f"{line.key}#{given[line.key]}"))
    return found


def component_id(uid: str) -> str:
    """A component's id among those of products, which are numbers too."""
    return f"component-{uid}"


def _charged(invoice: Record) -> list[Line]:
    discounts, taxed = _discounts(invoice), _tax_by_line(invoice)
    lines: list[Line] = []
    for record in invoice.records("line_items", "line"):
        line = _line(invoice, record)
        lines += [replace(line, tax=taxed.get(line.key)), *discounts.pop(line.key, [])]
    return lines + [replace(line, referenced_line="") for left in discounts.values() for line in left]


def _line(invoice: Record, record: Record) -> Line:
    return Line(
        key=record.required("uid"),
        type=_type(record),
        description=record.text("title") or record.text("description") or "Charge",
        amount=_amount(record, "subtotal_amount"),
        quantity=record.number("quantity"),
        unit_price=record.number("unit_price"),
        refs=_refs(invoice, record),
        period=_period(record),
    )


def _type(record: Record) -> str:
    kind = record.text("kind")
    if record.flag("custom_item"):
        return "AD_HOC"
    return KINDS.get(kind) or ("USAGE" if record.identifier("component_id") else "STANDING_CHARGE")


def _refs(invoice: Record, record: Record) -> dict[str, Ref]:
    """A component is mapped like a product; a custom item has no id that a mapping could name."""
    product, component = record.identifier("product_id"), record.identifier("component_id")
    refs: dict[str, Ref] = {}
    if component and not record.flag("custom_item"):
        refs["Product"] = Ref(id=component_id(component), name=record.text("title"))
    elif product and not record.flag("custom_item"):
        refs["Product"] = Ref(id=product, name=record.text("title"))
    if product:
        refs["Plan"] = Ref(id=product, name=invoice.text("product_name"))
    if subscription := invoice.identifier("subscription_id"):
        refs["Contract"] = Ref(id=subscription)
    return refs


def _discounts(invoice: Record) -> _ByLine:
    """By the line that they discount, "" for the part of a discount that no line has."""
    found: _ByLine = defaultdict(list)
    for record in invoice.records("discounts", "discount"):
        uid, title, code = record.required("uid"), record.text("title") or "Discount", record.text("code")
        name = f"{title} ({code})" if code and code != title else title
        whole = _amount(record, "discount_amount")
        for part in record.records("line_item_breakouts", "breakout"):
            line, amount = part.required("uid"), _amount(part, "discount_amount")
            whole = added(whole, negated(amount))
            found[line].append(_own("DISCOUNT", f"{uid}.{line}", name, negated(amount), line))
        if whole:
            found[""].append(_own("DISCOUNT", uid, name, negated(whole)))
    return found


def _taxes(invoice: Record) -> Iterator[Line]:
    for record in invoice.records("taxes", "tax"):
        uid, title, percentage = record.required("uid"), record.text("title") or "Tax", record.number("percentage")
        name = title if percentage is None else f"{title} {percentage.normalize():f} %"
        yield replace(_own("TAX", uid, name, _amount(record, "tax_amount")), refs={"Tax": Ref(id=title, name=title)})


def _tax_by_line(invoice: Record) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for record in invoice.records("taxes", "tax"):
        for part in record.records("line_item_breakouts", "breakout"):
            line = part.required("uid")
            found[line] = added(found.get(line, Decimal(0)), _amount(part, "tax_amount"))
    return found


def _untold(invoice: Record, charged: list[Line], taxes: list[Line]) -> Iterator[Line]:
    """What the invoice's own sums have of discount and tax beyond the lists, as when these were not asked for."""
    discount, tax = invoice.number("discount_amount"), invoice.number("tax_amount")
    told = added(*(line.amount for line in charged if line.type == "DISCOUNT"))
    if discount is not None and (rest := negated(added(discount, told))):
        yield _own("DISCOUNT", "discount", "Discount", rest)
    if tax is not None and (rest := added(tax, *(negated(line.amount) for line in taxes))):
        yield _own("TAX", "tax", "Tax", rest)


def _own(kind: str, key: str, name: str, amount: Decimal, line: str = "") -> Line:
    return Line(key=key, type=kind, description=name, amount=amount, referenced_line=line)


def _amount(record: Record, name: str) -> Decimal:
    amount = record.number(name)
    if amount is None:
        raise record.error(f"{name} is missing")
    return amount


def _period(record: Record) -> Period | None:
    start, end = record.day("period_range_start"), record.end_day("period_range_end")
    if start is None or end is None:
        return None
    if end < start:
        raise record.error("period_range_end is before period_range_start")
    return Period(start=start, end=end)


def _come_to(lines: list[Line], total: Decimal, currency: str) -> bool:
    return adds_up([line.amount for line in lines], total, currency)
