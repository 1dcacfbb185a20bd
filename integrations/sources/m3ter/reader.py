"""m3ter's Bill, Account and catalogue shapes -> ours. Pure. Field names and meanings: m3ter's OpenAPI 3.0.1, read 2026-08.

Which lines count to `billTotal` is not published. A line does not count when its `additional.counted` is false, nor when it tells what
a prepayment or balance has consumed as a positive amount: that is information, a real draw-down is negative. Where `billTotal` only
comes out with the positive ones, it decides, and they count.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from billing.bill import LINE_TYPES, Band, Bill, Line, Party, Period, Ref, Status
from billing.money import agrees, minor_unit, round_half_up, total_of
from integrations.contract import Item
from integrations.sources.reading import Record, times

STATUSES = ("PENDING", "APPROVED", "VOID")
CONSUMED = ("COMMITMENT_CONSUMED", "BALANCE_CONSUMED")
_REFS = {
    entity: (f"{stem}Id", f"{stem}Code", f"{stem}Name")
    for entity, stem in (
        ("Product", "product"),
        ("AccountingProduct", "accountingProduct"),
        ("Aggregation", "aggregation"),
        ("CompoundAggregation", "compoundAggregation"),
        ("Contract", "contract"),
        ("Plan", "plan"),
        ("PlanGroup", "planGroup"),
        ("Counter", "counter"),
        ("Charge", "charge"),
        ("Meter", "meter"),
        ("Pricing", "pricing"),
        ("Commitment", "commitment"),
        ("Balance", "balance"),
        ("CreditType", "creditType"),
        ("ChildAccount", "childAccount"),
    )
}
_IDENTITY = (
    "lineItemType",
    "productId",
    "accountingProductId",
    "aggregationId",
    "compoundAggregationId",
    "contractId",
    "planId",
    "planGroupId",
    "counterId",
    "chargeId",
    "commitmentId",
    "balanceId",
    "childAccountId",
    "referencedBillId",
    "referencedLineItemId",
    "sequenceNumber",
    "servicePeriodStartDate",
    "servicePeriodEndDate",
)


def read_bill(raw: Mapping[str, Any]) -> Bill:
    """A BillResponse, its lines as embedded or as /lineitems gives them. ValueError with a sentence that names the field.

    Without `billTotal` the total is the counted lines' rounded sum, and `note` says so.
    """
    record = Record.of(raw, "The Bill")
    currency = _currency(record)
    lines, total, note = _totalled(record, _lines(record, currency), currency)
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
        period=_period(record, "startDate", "endDate", dt.UTC),
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
        currency=_currency(record) if record.text("currency") else "",
        address={part: str(value) for part, value in record.plain("address").items() if value != ""},
        custom_fields=record.plain("customFields"),
    )


def read_item(kind: str, raw: Mapping[str, Any]) -> Item:
    """A ProductResponse, AggregationResponse or CompoundAggregationResponse."""
    record = Record.of(raw, f"The {kind}")
    ref = Ref(id=record.required("id"), code=record.text("code"), name=record.text("name"))
    return Item(kind=kind, ref=ref, custom_fields=record.plain("customFields"))


def _currency(record: Record) -> str:
    currency = record.required("currency")
    try:
        minor_unit(currency)
    except ValueError as error:
        raise record.error(f"currency: {str(error).rstrip('.')}") from None
    return currency


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
        rounded = round_half_up(total, currency)
        all_needed = not _come_to(quiet, rounded, currency) and _come_to(lines, rounded, currency)
        note = "" if rounded == total else f"The source's total, {total} {currency}, was rounded to {rounded}."
        return tuple(lines if all_needed else quiet), rounded, note
    if record.raw.get("lineItems") is None:
        raise record.error("billTotal is missing and there are no lineItems to add up")
    total = total_of((line.amount for line in quiet if line.counted), currency)
    return tuple(quiet), total, "The source gave no total; this is the sum of the lines that count, rounded."


def _informs(line: Line) -> bool:
    return line.counted and line.type in CONSUMED and line.amount > 0


def _come_to(lines: list[Line], total: Decimal, currency: str) -> bool:
    return agrees([line.amount for line in lines if line.counted], total, currency)


def _lines(bill: Record, currency: str) -> list[Line]:
    zone = bill.zone("timezone")
    given: dict[str, int] = {}
    return [_line(record, _key(record, given), currency, zone) for record in bill.records("lineItems", "line")]


def _line(record: Record, key: str, currency: str, zone: dt.tzinfo) -> Line:
    kind = record.required("lineItemType")
    description = record.text("description") or record.text("productName") or LINE_TYPES.get(kind, kind)
    rate = _rate(record, currency)
    quantity = record.number("quantity")
    return Line(
        key=key,
        type=kind,
        description=description,
        amount=_amount(record, "convertedSubtotal", "subtotal", rate, currency),
        counted=record.record("additional").flag("counted", True),
        quantity=record.number("units") if quantity is None else quantity,
        unit_price=_price(record, "averageUnitPrice", rate),
        unit=record.text("unit"),
        refs=_refs(record),
        period=_period(record, "servicePeriodStartDate", "servicePeriodEndDate", zone),
        bands=tuple(_bands(record, key, description, rate, currency)),
        referenced_bill=record.text("referencedBillId"),
        referenced_line=record.text("referencedLineItemId"),
    )


def _key(record: Record, given: dict[str, int]) -> str:
    """The line's id, or one made of what the line is about, which a recalculation does not change; an equal one gets its number."""
    key = record.identifier("id")
    if not key:
        about = [[record.text(name) for name in _IDENTITY], record.plain("segment"), record.plain("group")]
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:20]
    given[key] = given.get(key, 0) + 1
    return key if given[key] == 1 else f"{key}#{given[key]}"


def _rate(record: Record, currency: str) -> Decimal | None:
    """What turns the line's own currency into the Bill's; None when that is not known."""
    if record.text("currency") == currency:
        return Decimal(1)
    rate = record.number("conversionRate")
    return rate if rate is not None and rate > 0 else None


def _amount(record: Record, converted: str, own: str, rate: Decimal | None, currency: str) -> Decimal:
    amount = record.number(converted)
    if amount is not None:
        return amount
    amount = record.number(own)
    if amount is None:
        raise record.error(f"{converted} and {own} are missing")
    if rate is None:
        raise record.error(f"{converted} is missing, and {own} cannot be taken as {currency}: currency and conversionRate do not say how")
    return times(amount, rate)


def _price(record: Record, name: str, rate: Decimal | None) -> Decimal | None:
    price = record.number(name)
    return None if price is None or rate is None else times(price, rate)


def _refs(record: Record) -> dict[str, Ref]:
    return {
        entity: Ref(id=record.identifier(uid), code=record.text(code), name=record.text(name))
        for entity, (uid, code, name) in _REFS.items()
        if record.raw.get(uid)
    }


def _bands(line: Record, key: str, description: str, rate: Decimal | None, currency: str) -> Iterator[Band]:
    bands = "usagePerPricingBand" if line.raw.get("usagePerPricingBand") else "bandUsage"
    for position, band in enumerate(line.records(bands, "band"), 1):
        quantity, lower_limit = band.number("bandQuantity"), band.number("lowerLimit")
        name = description if lower_limit is None else f"{description}, from {lower_limit:,f}"
        yield Band(
            ref=Ref(id=band.identifier("pricingBandId") or f"{key}.{position}", name=name),
            amount=_amount(band, "convertedBandSubtotal", "bandSubtotal", rate, currency),
            quantity=band.number("bandUnits") if quantity is None else quantity,
            unit_price=_price(band, "unitPrice", rate),
            fixed_price=_price(band, "fixedPrice", rate),
            lower_limit=lower_limit,
        )


def _period(record: Record, first: str, last: str, zone: dt.tzinfo) -> Period | None:
    """The period when both its ends are given; the end is exclusive at m3ter too."""
    start, end = record.day(first, zone), record.end_day(last, zone)
    if start is None or end is None:
        return None
    if end < start:
        raise record.error(f"{last} is before {first}")
    return Period(start=start, end=end)
