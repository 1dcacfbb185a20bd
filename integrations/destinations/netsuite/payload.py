"""A Bill as a NetSuite invoice, or as a credit memo when its total is negative. Pure."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billing.bill import Bill, Ref
from integrations.contract import Document, DocumentLine, Lookup, Match, Missing, Options, Plan, Stamp
from integrations.destinations.netsuite.customer import account_ref, customer_document, find_customer, reference, titled
from integrations.destinations.netsuite.identity import document_key
from integrations.destinations.netsuite.items import TABLE as ITEM
from integrations.destinations.netsuite.items import find_item
from integrations.destinations.netsuite.options import PERIOD_FIELDS
from integrations.lines import LinePlan, PlannedLine, Split, plan_lines
from integrations.missing import first_missing, merge_missing

MAIN = "main"
INVOICE, CREDIT_MEMO = "invoice", "creditMemo"
LONGEST_DESCRIPTION = 4000


def build(bill: Bill, options: Options, lookup: Lookup, stamp: Stamp) -> Plan:
    """One document for the Bill's `main` slot.

    A credit memo's body has every sign turned, as NetSuite takes no negative invoice; `Document.total` and the lines' amounts keep ours.
    """
    on = bill.invoice_date or bill.bill_date
    planned = plan_lines(bill, options, Split(options.get("splitUsageLineItems") or Split.PRODUCT))
    items = [find_item(line, options, lookup, on) for line in planned.lines]
    currency = lookup.find("Currency", ["Currency"], {"Currency": Ref(id=bill.currency, code=bill.currency)}, on)
    customer = find_customer(bill, options, lookup, stamp, on)
    first = customer_document(bill, options, stamp, customer, currency)
    lines = [line.document_line(item) for line, item in zip(planned.lines, items, strict=True)]
    kind = CREDIT_MEMO if planned.target < 0 else INVOICE
    document = Document(
        slot=MAIN,
        kind=kind,
        key=document_key(bill.source_id, "" if stamp.default_source else stamp.source),
        tag=stamp.tag(bill),
        body={},
        lines=tuple(lines),
        total=planned.target,
        currency=bill.currency,
        customer=customer,
        facts=_facts(bill, stamp, customer, _due_text(bill, options, kind)),
    )
    body = _header(bill, document, currency, stamp, _due(bill, options, kind)) | {"item": {"items": _lines(planned, lines, options, kind)}}
    return Plan(
        documents=(*([first] if first else []), replace(document, body=body)),
        target=planned.target,
        left_out=planned.left_out,
        missing=_missing(bill, planned, items, customer, currency),
        notes=planned.notes,
    )


def _header(bill: Bill, document: Document, currency: Match | None, stamp: Stamp, due: dt.date | None) -> dict[str, Any]:
    """The fields of the document itself; what is missing is not in it, and nothing is sent while anything is."""
    fields: dict[str, Any] = {
        "externalId": document.key,
        "tranId": bill.number,
        "tranDate": (bill.invoice_date or bill.bill_date).isoformat(),
        "dueDate": due.isoformat() if due else "",
        "entity": reference(document.customer, bill, stamp) if document.customer else "",
        "currency": {"id": currency.id} if currency else "",
        "otherRefNum": bill.purchase_order,
        "memo": document.tag,
    }
    return {name: value for name, value in fields.items() if value}


def _due(bill: Bill, options: Options, kind: str) -> dt.date | None:
    """The due date that is sent; without one NetSuite takes the customer's terms. A credit memo has none."""
    return bill.due_date if options.get("netsuiteSendDueDate") and kind == INVOICE else None


def _due_text(bill: Bill, options: Options, kind: str) -> str:
    due = _due(bill, options, kind)
    return _shown(due) if due else "from the customer's terms" if kind == INVOICE else "none"


def _lines(planned: LinePlan, lines: list[DocumentLine], options: Options, kind: str) -> list[dict[str, Any]]:
    sign = -1 if kind == CREDIT_MEMO else 1
    return [_line(number, source, line, options, sign) for number, (source, line) in enumerate(zip(planned.lines, lines, strict=True), 1)]


def _line(number: int, source: PlannedLine, line: DocumentLine, options: Options, sign: int) -> dict[str, Any]:
    """One line. `line` is NetSuite's key within the document: a line sent again changes in place and keeps its revenue schedule.

    The amount decides; NetSuite keeps it whatever quantity times rate would give (a given amount wins, observed in public clients 2026).
    """
    fields: dict[str, Any] = {
        "line": number,
        "item": {"id": line.item.id} if line.item else None,
        "quantity": line.quantity,
        "rate": None if line.rate is None else _signed(line.rate, sign),
        "amount": _signed(line.amount, sign),
    }
    known = {name: value for name, value in fields.items() if value is not None}
    return known | {"description": line.description[:LONGEST_DESCRIPTION]} | _custom_fields(source, options)


def _custom_fields(source: PlannedLine, options: Options) -> dict[str, Any]:
    """The Bill line's id and its service period, last day included; a configured field without a value is cleared."""
    period, names = source.line.period, options.get("netsuiteItemCustomFieldMapping") or {}
    key = source.line.key if source.band is None else f"{source.line.key}:{source.band.ref.id}"
    values = {
        options.get("netsuiteExternalLineItemField") or "": key,
        names.get(PERIOD_FIELDS[0]) or "": period.start.isoformat() if period else None,
        names.get(PERIOD_FIELDS[1]) or "": period.last_day.isoformat() if period else None,
    }
    return {name: value for name, value in values.items() if name}


def _signed(value: Decimal, sign: int) -> Decimal:
    """Never a negative zero."""
    return value * sign if value else value


def _missing(
    bill: Bill, planned: LinePlan, items: list[Match | None], customer: Match | None, currency: Match | None
) -> tuple[Missing, ...]:
    found = [first_missing(line, ITEM) for line, item in zip(planned.lines, items, strict=True) if item is None]
    if currency is None:
        found.insert(0, Missing(entity="Currency", ref=Ref(id=bill.currency, code=bill.currency, name=bill.currency), table="Currency"))
    if customer is None:
        found.insert(0, Missing(entity="Account", ref=account_ref(bill), table="Customer"))
    return merge_missing(found)


def _facts(bill: Bill, stamp: Stamp, customer: Match | None, due: str) -> tuple[tuple[str, str], ...]:
    """The header for people."""
    return (
        ("Customer", titled(customer)),
        ("Number", bill.number or "given by NetSuite"),
        ("Memo", stamp.tag(bill)),
        ("Date", _shown(bill.invoice_date or bill.bill_date)),
        ("Due", due),
        ("Currency", bill.currency),
    )


def _shown(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"
