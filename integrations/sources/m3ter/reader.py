"""m3ter's Bill, Account and catalogue shapes -> ours. Pure. Field names and meanings: m3ter's OpenAPI 3.0.1, read 2026-08.

Which lines count to `billTotal` is not published. A line does not count when its `additional.counted` is false, nor when it tells what
a prepayment or balance has consumed as a positive amount: that is information, a real draw-down is negative. Where `billTotal` only
comes out with the positive ones, it decides, and they count.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from billing.bill import Bill, Line, Party, Ref, Status
from billing.money import adds_up
from integrations.contract import Item
from integrations.sources.m3ter.lines import period_of, read_lines
from integrations.sources.reading import Record
from integrations.sources.totals import currency_of, rounded, summed

STATUSES = ("PENDING", "APPROVED", "VOID")
CONSUMED = ("COMMITMENT_CONSUMED", "BALANCE_CONSUMED")


def read_bill(raw: Mapping[str, Any]) -> Bill:
    """A BillResponse, its lines as embedded or as /lineitems gives them. ValueError with a sentence that names the field.

    Without `billTotal` the total is the counted lines' rounded sum, and `note` says so.
    """
    record = Record.of(raw, "The Bill")
    currency = currency_of(record)
    lines, total, note = _totalled(record, read_lines(record, currency), currency)
    bill_date = record.day("billDate")
    if bill_date is None:
        raise record.error("billDate is missing")
    return Bill(
        source_id=record.required("id"),
        account=Party(id=record.required("accountId"), code=record.text("accountCode")),
        currency=currency,
        total=total,
        bill_date=bill_date,
        status=_status(record),
        lines=lines,
        number=record.text("sequentialInvoiceNumber"),
        invoice_date=record.day("externalInvoiceDate"),
        due_date=record.day("dueDate"),
        period=period_of(record, "startDate", "endDate", dt.UTC),
        purchase_order=record.text("purchaseOrderNumber"),
        locked=record.flag("locked"),
        version=record.whole("version"),
        updated_at=record.moment("dtLastModified") or record.moment("lastCalculatedDate"),
        note=note,
    )


def read_party(raw: Mapping[str, Any]) -> Party:
    """An AccountResponse."""
    record = Record.of(raw, "The Account")
    return Party(
        id=record.required("id"),
        code=record.text("code"),
        name=record.text("name"),
        email=record.text("emailAddress"),
        currency=currency_of(record) if record.text("currency") else "",
        address={part: str(value) for part, value in record.plain("address").items() if value != ""},
        custom_fields=record.plain("customFields"),
    )


def read_item(kind: str, raw: Mapping[str, Any]) -> Item:
    """A ProductResponse, AggregationResponse or CompoundAggregationResponse."""
    record = Record.of(raw, f"The {kind}")
    ref = Ref(id=record.required("id"), code=record.text("code"), name=record.text("name"))
    return Item(kind=kind, ref=ref, custom_fields=record.plain("customFields"))


def _status(record: Record) -> Status:
    status = record.text("status") or "PENDING"
    if status not in STATUSES:
        raise record.error(f"status is {status}, not one of {', '.join(STATUSES)}")
    return cast(Status, status)


def _totalled(record: Record, lines: list[Line], currency: str) -> tuple[tuple[Line, ...], Decimal, str]:
    """The lines, settled which of them count; the total in whole minor units; what had to be done for it."""
    total = record.number("billTotal")
    quiet = [replace(line, counted=False) if _informs(line) else line for line in lines]
    if total is not None:
        whole, note = rounded(total, currency)
        all_needed = not _come_to(quiet, whole, currency) and _come_to(lines, whole, currency)
        return tuple(lines if all_needed else quiet), whole, note
    if record.raw.get("lineItems") is None:
        raise record.error("billTotal is missing and there are no lineItems to add up")
    return tuple(quiet), *summed(quiet, currency)


def _informs(line: Line) -> bool:
    return line.counted and line.type in CONSUMED and line.amount > 0


def _come_to(lines: list[Line], total: Decimal, currency: str) -> bool:
    return adds_up([line.amount for line in lines if line.counted], total, currency)
