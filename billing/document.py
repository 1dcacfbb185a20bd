"""A Bill as stored: plain JSON with decimals as strings, and the digests that tell whether two arrivals say the same."""

import hashlib
from decimal import Decimal
from typing import Any

import msgspec

from billing.bill import Band, Bill, Line, Movement, Period


def document_of(bill: Bill) -> str:
    """The Bill as JSON text; `bill_of` gives an equal Bill back of what it says."""
    return msgspec.json.encode(bill).decode()


def bill_of(document: dict[str, Any]) -> Bill:
    return msgspec.convert(document, Bill)


def digest(bill: Bill) -> str:
    """Equal for two Bills that say the same: the main document's slice, the status, the movements and what withholds it.

    Left out are the lock, the source's version and time, the note and all names but ids; 1.10 equals 1.1.
    """
    withheld = [bill.withheld] if bill.withheld else []
    return _sha256([_slice(bill), bill.status, [_movement(movement) for movement in bill.movements], *withheld])


def slice_digest(bill: Bill) -> str:
    """Equal for two Bills whose main document is the same: without status and movements."""
    return _sha256(_slice(bill))


def party_digest(bill: Bill) -> str:
    """Equal for two Bills whose Account says the same of its customer: name, e-mail and address."""
    account = bill.account
    return _sha256([account.id, account.code, account.name, account.email, sorted(account.address.items())])


def facts_digest(*facts: str) -> str:
    """Equal for equal facts, for what is made of something smaller than a Bill."""
    return _sha256(list(facts))


def _sha256(value: list[Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()


def _slice(bill: Bill) -> list[Any]:
    return [
        bill.source_id,
        bill.account.id,
        bill.number,
        bill.currency,
        _number(bill.total),
        bill.bill_date,
        bill.invoice_date,
        bill.due_date,
        _period(bill.period),
        bill.purchase_order,
        bill.parent_bill,
        bill.consolidation_level,
        [_line(line) for line in bill.lines],
    ]


def _line(line: Line) -> list[Any]:
    return [
        line.key,
        line.type,
        line.description,
        _number(line.amount),
        line.counted,
        _number(line.quantity),
        _number(line.unit_price),
        line.unit,
        sorted([(entity, ref.id) for entity, ref in line.refs.items()]),
        _period(line.period),
        [_band(band) for band in line.bands] if line.bands else (),
        line.referenced_bill,
        line.referenced_line,
        *([] if line.tax is None else [_number(line.tax)]),
    ]


def _band(band: Band) -> list[Any]:
    numbers = (band.amount, band.quantity, band.unit_price, band.fixed_price, band.lower_limit)
    return [band.ref.id, *map(_number, numbers)]


def _movement(movement: Movement) -> list[Any]:
    return [movement.uid, movement.kind, movement.date, movement.currency, _number(movement.amount), movement.memo]


def _period(period: Period | None) -> list[Any] | None:
    return None if period is None else [period.start, period.end]


def _number(value: Decimal | None) -> str | None:
    """One text per value: 1.10, 1.1 and 11E-1 are "1.1"; any zero is "0"."""
    if value is None:
        return None
    text = str(value)
    text = f"{value:f}" if "E" in text else text
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
