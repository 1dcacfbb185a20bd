"""Billpost's own form of a Bill -> a Bill: the canonical fields by their own names, the Bill's id as `id`. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast, get_args

from billing.bill import Band, Bill, Line, Movement, Party, Period, Ref, Status
from billing.money import minor_unit, round_half_up, total_of
from integrations.contract import Item
from integrations.sources.reading import Record

KINDS = ("payment", "refund", "credit")


def read_bill(raw: Mapping[str, Any]) -> Bill:
    """ValueError with a sentence that names the field. Without a status it is APPROVED, without a total the sum of what counts."""
    record = Record.of(raw, "The Bill")
    currency = _currency(record)
    lines = _lines(record)
    total, note = _total(record, lines, currency)
    bill_date = record.day("bill_date")
    if bill_date is None:
        raise record.error("bill_date is missing")
    return Bill(
        source_id=record.required("id"),
        account=read_party(record.record("account").raw),
        currency=currency,
        total=total,
        bill_date=bill_date,
        status=_status(record),
        lines=lines,
        number=record.text("number"),
        invoice_date=record.day("invoice_date"),
        due_date=record.day("due_date"),
        period=_period(record),
        purchase_order=record.text("purchase_order"),
        locked=record.flag("locked"),
        version=record.whole("version"),
        updated_at=record.moment("updated_at"),
        parent_bill=record.identifier("parent_bill"),
        consolidation_level=record.text("consolidation_level"),
        movements=tuple(_movements(record, currency)),
        note=record.text("note") or note,
        withheld=record.text("withheld"),
    )


def read_party(raw: Mapping[str, Any]) -> Party:
    record = Record.of(raw, "The Account", "account")
    return Party(
        id=record.required("id"),
        code=record.text("code"),
        name=record.text("name"),
        email=record.text("email"),
        currency=_currency(record) if record.text("currency") else "",
        address={part: str(value) for part, value in record.plain("address").items() if value != ""},
        custom_fields=record.plain("custom_fields"),
    )


def read_item(kind: str, raw: Mapping[str, Any]) -> Item:
    record = Record.of(raw, f"The {kind}")
    return Item(kind=kind, ref=_ref(record), custom_fields=record.plain("custom_fields"))


def _currency(record: Record) -> str:
    currency = record.required("currency")
    try:
        minor_unit(currency)
    except ValueError as error:
        raise record.error(f"currency: {str(error).rstrip('.')}") from None
    return currency


def _status(record: Record) -> Status:
    status = record.text("status") or "APPROVED"
    if status not in get_args(Status):
        raise record.error(f"status is {status}, not one of {', '.join(get_args(Status))}")
    return cast(Status, status)


def _total(record: Record, lines: tuple[Line, ...], currency: str) -> tuple[Decimal, str]:
    total = record.number("total")
    if total is None:
        return total_of((line.amount for line in lines if line.counted), currency), "The file gave no total; this is the sum of its lines."
    rounded = round_half_up(total, currency)
    return rounded, "" if rounded == total else f"The file's total, {total} {currency}, was rounded to {rounded}."


def _lines(record: Record) -> tuple[Line, ...]:
    given: dict[str, int] = {}
    return tuple(_line(line, number, given) for number, line in enumerate(record.records("lines", "line"), 1))


def _line(record: Record, number: int, given: dict[str, int]) -> Line:
    key = record.identifier("key") or str(number)
    given[key] = given.get(key, 0) + 1
    if given[key] > 1:
        raise record.error(f"key {key} stands twice")
    kind = record.text("type") or "AD_HOC"
    return Line(
        key=key,
        type=kind,
        description=record.text("description") or kind,
        amount=_required_number(record, "amount"),
        counted=record.flag("counted", True),
        quantity=record.number("quantity"),
        unit_price=record.number("unit_price"),
        unit=record.text("unit"),
        refs=_refs(record.record("refs")),
        period=_period(record),
        bands=tuple(_bands(record)),
        referenced_bill=record.identifier("referenced_bill"),
        referenced_line=record.identifier("referenced_line"),
        tax=record.number("tax"),
    )


def _refs(refs: Record) -> dict[str, Ref]:
    if not all(kind.isprintable() for kind in refs.raw):
        raise refs.error("the name of an entity has control characters")
    return {kind: _ref(refs.record(kind)) for kind in refs.raw}


def _bands(line: Record) -> Iterator[Band]:
    for band in line.records("bands", "band"):
        yield Band(
            ref=_ref(band.record("ref")),
            amount=_required_number(band, "amount"),
            quantity=band.number("quantity"),
            unit_price=band.number("unit_price"),
            fixed_price=band.number("fixed_price"),
            lower_limit=band.number("lower_limit"),
        )


def _movements(bill: Record, currency: str) -> Iterator[Movement]:
    for record in bill.records("movements", "movement"):
        kind, day = record.required("kind"), record.day("date")
        if kind not in KINDS:
            raise record.error(f"kind is {kind}, not one of {', '.join(KINDS)}")
        if day is None:
            raise record.error("date is missing")
        yield Movement(
            uid=record.required("uid"),
            kind=cast(Any, kind),
            date=day,
            currency=_currency(record) if record.text("currency") else currency,
            amount=_required_number(record, "amount"),
            memo=record.text("memo"),
        )


def _ref(record: Record) -> Ref:
    return Ref(id=record.required("id"), code=record.text("code"), name=record.text("name"))


def _required_number(record: Record, name: str) -> Decimal:
    number = record.number(name)
    if number is None:
        raise record.error(f"{name} is missing")
    return number


def _period(record: Record) -> Period | None:
    """`end` is the first day after it."""
    inner = record.record("period")
    start, end = inner.day("start"), inner.end_day("end")
    if start is None or end is None:
        return None
    if end < start:
        raise inner.error("end is before start")
    return Period(start=start, end=end)
