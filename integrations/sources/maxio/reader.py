"""Maxio Advanced Billing's invoices, customers, products and components -> ours. Pure.

Field names and meanings: Maxio's SDK 10.0.0 and API reference, read in November 2026. Amounts are decimals written as text; a 0 is an
amount like any other.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from billing.bill import Bill, Movement, Party, Ref, Status
from integrations.contract import Item
from integrations.sources.maxio.lines import component_id, read_lines
from integrations.sources.reading import Record, negated
from integrations.sources.totals import currency_of, rounded

STATUSES: Mapping[str, Status] = {
    "draft": "PENDING",
    "pending": "PENDING",
    "open": "APPROVED",
    "processing": "APPROVED",
    "paid": "APPROVED",
    "voided": "VOID",
    "canceled": "VOID",
}
LEVELS = ("none", "parent", "child")

_NOT_FINAL = {"draft": "It is a draft at Maxio.", "pending": "It is pending at Maxio and not issued yet."}
_BACKPORT = "Maxio made it only to bring an older invoice into its own books."
_PLACE = {"city": "locality", "state": "region", "zip": "postCode", "country": "country"}
_BILLING_ADDRESS = {"street": "addressLine1", "line2": "addressLine2", **_PLACE}
_CUSTOMER_ADDRESS = {"address": "addressLine1", "address_2": "addressLine2", **_PLACE}


def read_bill(raw: Mapping[str, Any]) -> Bill:
    """An invoice with all its lists. ValueError with a sentence that names the field."""
    record = Record.of(_inner(raw, "invoice"), "The invoice")
    currency = currency_of(record)
    given = record.number("total_amount")
    if given is None:
        raise record.error("total_amount is missing")
    total, note = rounded(given, currency)
    status = _status(record)
    issued = record.day("issue_date") or record.day("created_at")
    if issued is None:
        raise record.error("issue_date is missing")
    return Bill(
        source_id=record.required("uid"),
        account=_party(record),
        currency=currency,
        total=total,
        bill_date=issued,
        status=STATUSES[status],
        lines=read_lines(record, total, currency),
        number=record.text("number"),
        due_date=record.day("due_date"),
        updated_at=record.moment("updated_at"),
        parent_bill=record.identifier("parent_invoice_uid"),
        consolidation_level=_level(record),
        movements=tuple(_movements(record, currency, issued)),
        note=note,
        withheld=_NOT_FINAL.get(status, _BACKPORT if record.text("role").startswith("backport") else ""),
    )


def read_party(raw: Mapping[str, Any]) -> Party:
    """A customer of /customers.json."""
    record = Record.of(_inner(raw, "customer"), "The customer")
    return Party(
        id=record.required("id"),
        code=record.text("reference"),
        name=_name(record),
        email=record.text("email"),
        address=_address(record, _CUSTOMER_ADDRESS),
    )


def read_item(kind: str, raw: Mapping[str, Any]) -> Item:
    """A product or a component; a component is told by its wrapper, or by its pricing scheme. Both are Products here."""
    component = "component" in raw or "pricing_scheme" in raw
    record = Record.of(_inner(raw, "component" if component else "product"), f"The {kind}")
    uid = record.required("id")
    ref = Ref(id=component_id(uid) if component else uid, code=record.text("handle"), name=record.text("name"))
    return Item(kind=kind, ref=ref)


def read_named(raw: Mapping[str, Any]) -> Iterator[Item]:
    """The subscription of an invoice, with the custom fields that the invoice has of it."""
    record = Record.of(_inner(raw, "invoice"), "The invoice")
    uid, custom = record.identifier("subscription_id"), _custom_fields(record, "subscription")
    if uid and custom:
        yield Item(kind="Contract", ref=Ref(id=uid), custom_fields=custom)


def _inner(raw: Mapping[str, Any], name: str) -> Any:
    """The record itself: Maxio's lists wrap each one in an object with one name."""
    return raw[name] if isinstance(raw, Mapping) and set(raw) == {name} else raw


def _status(record: Record) -> str:
    status = record.text("status") or "open"
    if status not in STATUSES:
        raise record.error(f"status is {status}, not one of {', '.join(STATUSES)}")
    return status


def _level(record: Record) -> str:
    level = record.text("consolidation_level") or "none"
    if level not in LEVELS:
        raise record.error(f"consolidation_level is {level}, not one of {', '.join(LEVELS)}")
    return "" if level == "none" else level


def _party(invoice: Record) -> Party:
    customer = invoice.record("customer")
    return Party(
        id=customer.identifier("chargify_id") or invoice.required("customer_id"),
        code=customer.text("reference"),
        name=_name(customer),
        email=customer.text("email"),
        address=_address(invoice.record("billing_address"), _BILLING_ADDRESS),
        custom_fields=_custom_fields(invoice, "customer"),
    )


def _name(customer: Record) -> str:
    return customer.text("organization") or f"{customer.text('first_name')} {customer.text('last_name')}".strip()


def _address(record: Record, names: Mapping[str, str]) -> dict[str, str]:
    return {ours: text for theirs, ours in names.items() if (text := record.text(theirs))}


def _custom_fields(invoice: Record, owner: str) -> dict[str, Any]:
    fields = [field for field in invoice.records("custom_fields", "custom field") if field.text("owner_type").lower() == owner]
    return {field.required("name"): field.text("value") for field in fields if field.text("value")}


def _movements(invoice: Record, currency: str, issued: dt.date) -> Iterator[Movement]:
    """Payments, refunds, credit notes, and debit notes as negative credits, in this order."""
    paid: dict[str, dt.date] = {}
    for payment in invoice.records("payments", "payment"):
        day = payment.day("received_on") or payment.day("transaction_time") or issued
        paid[payment.identifier("transaction_id")] = day
        yield _movement(payment, "payment", payment.identifier("uid") or payment.required("transaction_id"), day, currency)
    for refund in invoice.records("refunds", "refund"):
        day = refund.day("transaction_time") or paid.get(refund.identifier("payment_id")) or issued
        yield _movement(refund, "refund", refund.required("transaction_id"), day, currency)
    for name in ("credit", "debit"):
        for note in invoice.records(f"{name}s", name):
            uid = note.identifier("uid") or note.required(f"{name}_note_uid")
            credit = _movement(note, "credit", uid, note.day("transaction_time") or issued, currency)
            yield credit if name == "credit" else replace(credit, amount=negated(credit.amount))


def _movement(record: Record, kind: Literal["payment", "refund", "credit"], uid: str, day: dt.date, currency: str) -> Movement:
    amount = record.number("applied_amount")
    if amount is None:
        raise record.error("applied_amount is missing")
    return Movement(uid=uid, kind=kind, date=day, currency=currency, amount=amount, memo=record.text("memo"))
