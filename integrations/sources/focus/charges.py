"""FOCUS rows to Bills in Billpost's own form. Pure. Columns and their meaning: FOCUS specification 1.0.

Money is added up exactly and rounded once per Bill. A charge that names no sub account belongs to the billing account itself.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, localcontext
from itertools import groupby
from typing import Any

from integrations.contract import Rows
from integrations.sources.reading import EXACT, Record

AMOUNTS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")
"""The costs of a charge, all in BillingCurrency."""
COLUMNS = ("BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargeCategory", "ProviderName", "ServiceName")
OPTIONAL = ("SubAccountId", "SubAccountName", "BillingAccountId", "BillingAccountName", "ConsumedQuantity", "ConsumedUnit")
TYPES = {"Usage": "USAGE", "Purchase": "STANDING_CHARGE", "Tax": "AD_HOC", "Credit": "USAGE_CREDIT", "Adjustment": "MANUAL_ADJUSTMENT"}
"""The type of a Bill's line by ChargeCategory."""

DAY = dt.timedelta(days=1)
_Row = Mapping[str, str]


def key(row: _Row) -> tuple[str, str]:
    """Which Bill, by provider, sub account, billing period and currency; which line of it, by service and category."""
    record = Record(row)
    start, _ = _period(record)
    account = record.identifier("SubAccountId") or record.identifier("BillingAccountId")
    if not account:
        raise record.error("SubAccountId and BillingAccountId are both missing")
    parts = (record.required("ProviderName"), account, start.isoformat(), record.required("BillingCurrency"))
    return "-".join(parts), _line_key(record)


def bill(rows: Iterable[_Row], amount: str) -> dict[str, Any]:
    """One raw Bill of all its rows, sorted by line, with one of AMOUNTS added up."""
    head: _Row = {}
    lines: list[dict[str, Any]] = []

    def noted() -> Iterator[_Row]:
        nonlocal head
        for row in rows:
            head = head or row
            yield row

    with localcontext(EXACT):
        for name, charges in groupby(noted(), key=lambda row: _line_key(Record(row))):
            lines.append(_line(name, charges, amount))
    return _head(Record(head), amount) | {"lines": lines}


def _head(record: Record, amount: str) -> dict[str, Any]:
    start, end = _period(record)
    sub = "SubAccount" if record.text("SubAccountId") else "BillingAccount"
    return {
        "id": key(record.raw)[0],
        "account": {"id": record.required(f"{sub}Id"), "name": record.text(f"{sub}Name")},
        "currency": record.required("BillingCurrency"),
        "bill_date": (end - DAY).isoformat(),
        "status": "APPROVED",
        "period": {"start": start.isoformat(), "end": end.isoformat()},
        "note": f"From {record.text('ProviderName')}'s cost file, by {amount}.",
    }


def _line(name: str, charges: Iterable[_Row], amount: str) -> dict[str, Any]:
    total, quantity, units, record = Decimal(0), Decimal(0), set[str](), Record({})
    for row in charges:
        record = Record(row)
        cost, used = record.number(amount), record.number("ConsumedQuantity")
        if cost is None:
            raise record.error(f"{amount} is missing")
        total += cost
        quantity += used or 0
        units.add(record.text("ConsumedUnit") if used is not None else "")
    service, category = record.required("ServiceName"), record.required("ChargeCategory")
    line = {"key": name, "type": TYPES.get(category, "AD_HOC"), "amount": f"{total:f}"}
    line["description"] = service if category == "Usage" else f"{service}, {category.lower()}"
    product = {"refs": {"Product": {"id": service, "name": service}}}
    return line | product | ({"quantity": f"{quantity:f}", "unit": units.pop()} if len(units) == 1 and "" not in units else {})


def _line_key(record: Record) -> str:
    return f"{record.required('ServiceName')}/{record.required('ChargeCategory')}"


def _period(record: Record) -> tuple[dt.date, dt.date]:
    start, end = record.day("BillingPeriodStart"), record.end_day("BillingPeriodEnd")
    if start is None or end is None:
        raise record.error("BillingPeriodStart or BillingPeriodEnd is missing")
    if end <= start:
        raise record.error("BillingPeriodEnd is not after BillingPeriodStart")
    return start, end


ROWS = Rows(columns=COLUMNS, optional=OPTIONAL, amounts=AMOUNTS, key=key, bill=bill)
