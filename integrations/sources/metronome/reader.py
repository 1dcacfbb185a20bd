"""Metronome's invoices, customers, products and contracts -> ours. Pure. Field names: Metronome's SDK 4.12.0, read in November 2026."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from billing.bill import Bill, Line, Party, Ref, Status
from integrations.contract import Item
from integrations.sources.metronome.lines import period_of, read_lines
from integrations.sources.metronome.units import Unit, unit_of
from integrations.sources.reading import Record
from integrations.sources.totals import rounded, summed

STATUSES: Mapping[str, Status] = {"DRAFT": "PENDING", "FINALIZED": "APPROVED", "VOID": "VOID"}

_NOT_NATIVE = ("", "custom", "metronome")
_NOT_DELIVERED = ("SKIPPED", "DELETED")


def read_bill(raw: Mapping[str, Any]) -> Bill:
    """An invoice. ValueError with a sentence that names the field.

    Without a `total` it is the counted lines' rounded sum, and `note` says so.
    """
    record = Record.of(raw, "The invoice")
    unit = unit_of(record)
    lines = tuple(read_lines(record, unit))
    total, note = _total(record, unit, lines)
    issued = _issued(record)
    return Bill(
        source_id=record.required("id"),
        account=Party(id=record.required("customer_id"), custom_fields=record.plain("customer_custom_fields")),
        currency=unit.currency,
        total=total,
        bill_date=issued,
        status=_status(record),
        lines=lines,
        due_date=_due(record, issued),
        period=period_of(record, "start_timestamp", "end_timestamp"),
        note=" ".join(filter(None, [note, _origin(record)])),
        withheld=_withheld(record),
    )


def read_party(raw: Mapping[str, Any]) -> Party:
    """A customer; its first ingest alias is its code."""
    record = Record.of(raw, "The customer")
    aliases = raw.get("ingest_aliases")
    first = {"alias": aliases[0]} if isinstance(aliases, list) and aliases else {}
    return Party(
        id=record.required("id"),
        code=Record(first, record.where).text("alias") or record.text("external_id"),
        name=record.text("name"),
        custom_fields=record.plain("custom_fields"),
    )


def read_item(kind: str, raw: Mapping[str, Any]) -> Item:
    """A product, whose name is that of its current version, or a contract."""
    record = Record.of(raw, f"The {kind}")
    name = record.record("current").text("name") or record.text("name")
    return Item(kind=kind, ref=Ref(id=record.required("id"), name=name), custom_fields=record.plain("custom_fields"))


def read_named(raw: Mapping[str, Any]) -> Iterator[Item]:
    """The products and the contract that an invoice tells custom fields of."""
    invoice = Record.of(raw, "The invoice")
    yield from _item(invoice, "Contract", "contract_id", "contract_custom_fields", "")
    for line in invoice.records("line_items", "line"):
        yield from _item(line, "Product", "product_id", "product_custom_fields", line.text("name"))


def _item(record: Record, kind: str, field: str, custom: str, name: str) -> Iterator[Item]:
    uid, fields = record.identifier(field), record.plain(custom)
    if uid and fields:
        yield Item(kind=kind, ref=Ref(id=uid, name=name), custom_fields=fields)


def _total(record: Record, unit: Unit, lines: tuple[Line, ...]) -> tuple[Decimal, str]:
    total = record.number("total")
    if total is not None:
        return rounded(unit.money(total), unit.currency)
    if record.raw.get("line_items") is None:
        raise record.error("total is missing and there are no line_items to add up")
    return summed(lines, unit.currency)


def _issued(record: Record) -> dt.date:
    issued = record.day("issued_at") or record.end_day("end_timestamp")
    if issued is None:
        raise record.error("issued_at and end_timestamp are missing")
    return issued


def _due(record: Record, issued: dt.date) -> dt.date | None:
    """The day of issue and the net payment terms after it."""
    days = record.whole("net_payment_terms_days")
    if days is None:
        return None
    try:
        return issued + dt.timedelta(days=days)
    except OverflowError:
        raise record.error(f"net_payment_terms_days is {days}, which is past the end of the calendar") from None


def _status(record: Record) -> Status:
    status = record.text("status") or "FINALIZED"
    if status not in STATUSES:
        raise record.error(f"status is {status}, not one of {', '.join(STATUSES)}")
    return STATUSES[status]


def _origin(record: Record) -> str:
    """Which invoice this one replaces or corrects, as a sentence."""
    corrected, regenerated = record.record("correction_record"), record.text("regenerated_from_invoice_id")
    if uid := corrected.text("corrected_invoice_id"):
        why = corrected.text("memo") or corrected.text("reason")
        return f"It corrects the invoice {uid}{f': {why}' if why else ''}."
    return f"It was regenerated from the invoice {regenerated}." if regenerated else ""


def _withheld(record: Record) -> str:
    """Why nobody but Metronome may send this invoice, or ""."""
    payer = record.record("payer").text("customer_id")
    if record.text("environment_type") == "SANDBOX":
        return "It comes from Metronome's sandbox."
    if record.text("status") == "DRAFT":
        return "It is a draft at Metronome, whose amounts still change."
    if record.raw.get("billable_status") == "unbillable":
        return "Metronome marks it as not billable."
    if payer and payer != record.text("customer_id"):
        return f"The customer {payer} pays for it: its lines are on that customer's consolidated invoice."
    return _delivered(record)


def _delivered(record: Record) -> str:
    external = record.record("external_invoice")
    provider, status = external.text("billing_provider_type"), external.text("external_status")
    if provider not in _NOT_NATIVE and status not in _NOT_DELIVERED:
        shown = f"{provider} ({status})" if status else provider
        return f"Metronome delivers it itself, through {shown}; sent from here it would be there twice."
    for booked in record.records("revenue_system_invoices", "revenue system invoice"):
        if uid := booked.text("revenue_system_external_entity_id"):
            name = booked.text("revenue_system_provider") or "the revenue system"
            return f"Metronome has put it into {name} itself, as {uid}; sent from here it would be there twice."
    return ""
