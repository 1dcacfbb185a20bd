"""Metronome's line items and invoice adjustments -> Lines. Pure. Field names and meanings: Metronome's SDK 4.12.0, read in November 2026.

A line does not count when it applies a postpaid commit, which is paid in arrears, nor when it is counted in another unit than the
invoice: then its quantity tells that unit, and a `cpu_conversion` line has the money.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from billing.bill import Band, Line, Period, Ref
from integrations.sources.metronome.units import Unit, is_other
from integrations.sources.reading import Record

TYPES: Mapping[str, str] = {
    "usage": "USAGE",
    "subscription": "STANDING_CHARGE",
    "scheduled": "AD_HOC",
    "commit_purchase": "COMMITMENT_FEE",
    "cpu_conversion": "USAGE",
}
"""Ours by Metronome's; any other goes through as it is, and the guard stops it. Applied commits and credits: see `_type`."""

APPLIED = "applied_commit_or_credit"
_REFS = (
    ("Product", "product_id"),
    ("Commitment", "commit_id"),
    ("Subscription", "subscription_id"),
    ("Charge", "scheduled_charge_id"),
    ("Discount", "discount_id"),
)
_IDENTITY = (
    "type",
    "product_id",
    "commit_id",
    "commit_segment_id",
    "subscription_id",
    "scheduled_charge_id",
    "discount_id",
    "professional_service_id",
    "credit_grant_id",
    "group_key",
    "group_value",
    "starting_at",
    "ending_before",
)


def read_lines(invoice: Record, unit: Unit) -> list[Line]:
    """Line items in order, then adjustments; amounts in the invoice's currency."""
    given: dict[str, int] = {}
    lines = [_line(invoice, record, _key(record, given), unit) for record in invoice.records("line_items", "line")]
    adjustments = invoice.records("invoice_adjustments", "adjustment")
    return lines + [_adjustment(record, _key(record, given), unit) for record in adjustments]


def _line(invoice: Record, record: Record, key: str, unit: Unit) -> Line:
    kind, counted = _type(record)
    total, price = _total(record), record.number("unit_price")
    common: dict[str, Any] = {
        "key": key,
        "type": kind,
        "refs": _refs(invoice, record),
        "period": period_of(record, "starting_at", "ending_before"),
    }
    if is_other(record, unit):
        name = record.record("credit_type").text("name") or "other units"
        return Line(description=_description(record), amount=Decimal(0), counted=False, quantity=total, unit=name, **common)
    return Line(
        description=_description(record),
        amount=unit.money(total),
        counted=counted,
        quantity=record.number("quantity"),
        unit_price=None if price is None else unit.money(price),
        bands=tuple(_bands(record, key, unit)),
        **common,
    )


def _adjustment(record: Record, key: str, unit: Unit) -> Line:
    """A credit that is taken off the whole invoice."""
    other, total = is_other(record, unit), _total(record)
    return Line(
        key=key,
        type="CREDIT_DEDUCTION",
        description=record.text("name") or "Credit",
        amount=Decimal(0) if other else unit.money(total),
        counted=not other,
        quantity=total if other else None,
        unit=record.record("credit_type").text("name") if other else "",
    )


def _type(record: Record) -> tuple[str, bool]:
    """The line's type among ours, and whether it is part of the invoice's total."""
    kind = record.required("type")
    if kind != APPLIED:
        return TYPES.get(kind, kind), True
    applied = record.record(APPLIED).text("type") or {"PostpaidCommit": "POSTPAID"}.get(record.text("commit_type"), "PREPAID")
    return "CREDIT_DEDUCTION" if applied == "CREDIT" else "COMMITMENT_CONSUMED", applied != "POSTPAID"


def _total(record: Record) -> Decimal:
    total = record.number("total")
    if total is None:
        raise record.error("total is missing")
    return total


def _description(record: Record) -> str:
    """The line's name with the values that it is grouped by: "Tokens (eu, gpt-large)"."""
    groups = {**record.plain("pricing_group_values"), **record.plain("presentation_group_values")}
    values = [str(value) for _, value in sorted(groups.items()) if value != ""]
    name = record.text("name") or record.text("product_name") or record.required("type")
    return f"{name} ({', '.join(values)})" if values else name


def _key(record: Record, given: dict[str, int]) -> str:
    """The line's id where it has one, else one made of what the line is about; an equal one gets its number."""
    key = record.identifier("id") or _made_key(record)
    given[key] = given.get(key, 0) + 1
    return key if given[key] == 1 else f"{key}#{given[key]}"


def _made_key(record: Record) -> str:
    tier, origin, applied = record.record("tier"), record.record("origin"), record.record(APPLIED)
    inner = [tier.text("level"), origin.text("line_item_id"), applied.text("id")]
    groups = [record.plain("pricing_group_values"), record.plain("presentation_group_values")]
    name = "" if record.text("product_id") else record.text("name")
    about = [[record.text(field) for field in _IDENTITY], inner, groups, name]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:20]


def _refs(invoice: Record, record: Record) -> dict[str, Ref]:
    name = record.text("product_name") or record.text("name")
    refs = {kind: Ref(id=uid, name=name if kind == "Product" else "") for kind, field in _REFS if (uid := record.identifier(field))}
    contract = record.record("origin").identifier("contract_id") or invoice.identifier("contract_id")
    return {**refs, "Contract": Ref(id=contract)} if contract else refs


def _bands(record: Record, key: str, unit: Unit) -> Iterator[Band]:
    """The tiers of a line and its sub-lines; a line that is one tier of a contract's price is its own band."""
    tier = record.record("tier")
    if tier.raw:
        yield _own_tier(record, tier, key, unit)
    for position, part in enumerate(record.records("sub_line_items", "sub-line"), 1):
        uid, name = part.identifier("charge_id") or f"{key}.{position}", part.text("name") or record.text("name")
        tiers = list(part.records("tiers", "tier"))
        for number, each in enumerate(tiers, 1):
            yield _band(each, Ref(id=f"{uid}.{number}", name=_from(name, each.number("starting_at"))), unit)
        if not tiers:
            yield _band(part, Ref(id=uid, name=name), unit)


def _own_tier(record: Record, tier: Record, key: str, unit: Unit) -> Band:
    lower, price = tier.number("starting_at"), record.number("unit_price")
    return Band(
        ref=Ref(id=f"{record.identifier('product_id') or key}.{tier.text('level') or 1}", name=_from(record.text("name"), lower)),
        amount=unit.money(_total(record)),
        quantity=record.number("quantity"),
        unit_price=None if price is None else unit.money(price),
        lower_limit=lower,
    )


def _band(record: Record, ref: Ref, unit: Unit) -> Band:
    amount, price = record.number("subtotal"), record.number("price")
    if amount is None:
        raise record.error("subtotal is missing")
    return Band(
        ref=ref,
        amount=unit.money(amount),
        quantity=record.number("quantity"),
        unit_price=None if price is None else unit.money(price),
        lower_limit=record.number("starting_at"),
    )


def _from(name: str, lower: Decimal | None) -> str:
    return name if lower is None else f"{name}, from {lower:,f}"


def period_of(record: Record, first: str, last: str) -> Period | None:
    """The period when both its ends are given; the end is exclusive at Metronome too."""
    start, end = record.day(first, dt.UTC), record.end_day(last, dt.UTC)
    if start is None or end is None:
        return None
    if end < start:
        raise record.error(f"{last} is before {first}")
    return Period(start=start, end=end)
