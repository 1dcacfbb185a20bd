"""m3ter's line items, as a Bill embeds them and as /lineitems gives them -> Lines. Pure."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal

from billing.bill import LINE_TYPES, Band, Line, Period, Ref
from integrations.sources.reading import Record, times

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


def read_lines(bill: Record, currency: str) -> list[Line]:
    """The lines in order, amounts in the Bill's currency. `counted` is what `additional.counted` says, else true."""
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
        period=period_of(record, "servicePeriodStartDate", "servicePeriodEndDate", zone),
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


def period_of(record: Record, first: str, last: str, zone: dt.tzinfo) -> Period | None:
    """The period when both its ends are given; the end is exclusive at m3ter too."""
    start, end = record.day(first, zone), record.end_day(last, zone)
    if start is None or end is None:
        return None
    if end < start:
        raise record.error(f"{last} is before {first}")
    return Period(start=start, end=end)
