"""One Bill on its way to NetSuite: its lines, items and customer, and the parts of a record that its documents share. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.bill import Bill, Ref
from integrations.contract import DocumentLine, Lookup, Match, Missing, Options, Stamp
from integrations.destinations.netsuite.customer import account_ref, find_customer, reference, titled
from integrations.destinations.netsuite.identity import document_key
from integrations.destinations.netsuite.items import TABLE as ITEM
from integrations.destinations.netsuite.items import find_item
from integrations.destinations.netsuite.options import PERIOD_FIELDS
from integrations.destinations.netsuite.order_options import END, ORDER_INVOICE_NUMBER, ORDER_SUBDOMAIN, START
from integrations.destinations.netsuite.taxes import with_one_tax
from integrations.lines import LinePlan, PlannedLine, Split, plan_lines
from integrations.missing import first_missing, merge_missing

INVOICE, CREDIT_MEMO, SALES_ORDER = "invoice", "creditMemo", "salesOrder"
LONGEST_DESCRIPTION = 4000
APPROVED = "B"
"""Pending Fulfillment: an order that nobody has to approve, whatever the account's default is."""

_SEGMENTS = {"department": "departmentId", "subsidiary": "subsidiaryId", "location": "locationId", "class": "classId"}

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What every document of a Bill is made from. `key` is the main document's external id; `items` stand beside `planned.lines`."""

    bill: Bill
    options: Options
    lookup: Lookup
    stamp: Stamp
    key: str
    planned: LinePlan
    items: Sequence[Match | None]
    customer: Match | None
    currency: Match | None

    @property
    def day(self) -> dt.date:
        return self.bill.invoice_date or self.bill.bill_date

    @property
    def kind(self) -> str:
        """NetSuite takes no negative invoice."""
        return CREDIT_MEMO if self.planned.target < 0 else INVOICE

    @property
    def lines(self) -> tuple[DocumentLine, ...]:
        return tuple(line.document_line(item) for line, item in zip(self.planned.lines, self.items, strict=True))

    @property
    def due(self) -> dt.date | None:
        """The due date that is sent; without one NetSuite takes the customer's terms. A credit memo has none."""
        return self.bill.due_date if self.options.get("netsuiteSendDueDate") and self.kind == INVOICE else None

    @property
    def party(self) -> Body:
        return dict(reference(self.customer, self.bill, self.stamp)) if self.customer else {}

    @property
    def money(self) -> Body:
        return {"id": self.currency.id} if self.currency else {}

    @property
    def tag(self) -> str:
        return self.stamp.tag(self.bill)


def draft(bill: Bill, options: Options, lookup: Lookup, stamp: Stamp) -> Draft:
    """The Bill with each line's item, its customer and its currency looked up."""
    bill = with_one_tax(bill, options)
    on = bill.invoice_date or bill.bill_date
    planned = plan_lines(bill, options, Split(options.get("splitUsageLineItems") or Split.PRODUCT))
    return Draft(
        bill=bill,
        options=options,
        lookup=lookup,
        stamp=stamp,
        key=document_key(bill.source_id, "" if stamp.default_source else stamp.source),
        planned=planned,
        items=[find_item(line, options, lookup, on) for line in planned.lines],
        customer=find_customer(bill, options, lookup, stamp, on),
        currency=lookup.find("Currency", ["Currency"], {"Currency": Ref(id=bill.currency, code=bill.currency)}, on),
    )


def missing(draft: Draft) -> tuple[Missing, ...]:
    bill = draft.bill
    found = [first_missing(line, ITEM) for line, item in zip(draft.planned.lines, draft.items, strict=True) if item is None]
    if draft.currency is None:
        found.insert(0, Missing(entity="Currency", ref=Ref(id=bill.currency, code=bill.currency, name=bill.currency), table="Currency"))
    if draft.customer is None:
        found.insert(0, Missing(entity="Account", ref=account_ref(bill), table="Customer"))
    return merge_missing(found)


def sale(draft: Draft, kind: str, key: str) -> Body:
    """An invoice, credit memo or sales order of the Bill; what is missing is not in it, and nothing is sent while anything is."""
    return _header(draft, kind, key) | {"item": {"items": _lines(draft, kind)}}


def _header(draft: Draft, kind: str, key: str) -> Body:
    bill, form, due = draft.bill, draft.options.get("salesOrderCustomForm"), draft.due if kind == draft.kind else None
    fields: Body = {
        "externalId": key,
        "tranId": "" if kind == SALES_ORDER else bill.number,
        "tranDate": draft.day.isoformat(),
        "dueDate": due.isoformat() if due else "",
        "entity": draft.party,
        "currency": draft.money,
        "otherRefNum": bill.purchase_order,
        "memo": draft.tag,
        "customForm": {"id": str(form)} if form and kind == SALES_ORDER else "",
        "orderStatus": {"id": APPROVED} if kind == SALES_ORDER else "",
    }
    fields |= segments(draft.options)
    fields |= _origin(draft) if kind == SALES_ORDER else {}
    return {name: value for name, value in fields.items() if value}


def segments(options: Options) -> Body:
    """Department, subsidiary, location and class, where the options choose one."""
    return {name: {"id": str(value)} for name, option in _SEGMENTS.items() if (value := options.get(option))}


def _origin(draft: Draft) -> Body:
    """Where an order comes from, in the account's own fields; its invoice takes them over."""
    names: Mapping[str, str] = draft.options.get("customFields") or {}
    values = {names.get(ORDER_SUBDOMAIN) or "": draft.stamp.site, names.get(ORDER_INVOICE_NUMBER) or "": draft.bill.source_id}
    return {name: value for name, value in values.items() if name}


def _lines(draft: Draft, kind: str) -> list[Body]:
    sign = -1 if kind == CREDIT_MEMO else 1
    pairs = zip(draft.planned.lines, draft.lines, strict=True)
    return [_line(number, source, line, draft.options, sign) for number, (source, line) in enumerate(pairs, 1)]


def _line(number: int, source: PlannedLine, line: DocumentLine, options: Options, sign: int) -> Body:
    """One line. `line` is NetSuite's key within the document: a line sent again changes in place and keeps its revenue schedule.

    The amount decides; NetSuite keeps it whatever quantity times rate would give (a given amount wins, observed in public clients 2026).
    A discount item takes neither quantity nor, beside an amount, a rate.
    """
    discount = line.type == "DISCOUNT"
    fields: Body = {
        "line": number,
        "item": {"id": line.item.id} if line.item else None,
        "quantity": None if discount else line.quantity,
        "rate": None if discount or line.rate is None else signed(line.rate, sign),
        "amount": signed(line.amount, sign),
    }
    known = {name: value for name, value in fields.items() if value is not None}
    return known | {"description": line.description[:LONGEST_DESCRIPTION]} | _custom_fields(source, options)


def _custom_fields(source: PlannedLine, options: Options) -> Body:
    """The Bill line's id, its tax and its service period, last day included; a configured field without a value is cleared."""
    period, names = source.line.period, options.get("netsuiteItemCustomFieldMapping") or {}
    revenue = options.get("revenueRecognitionFields") or {}
    key = source.line.key if source.band is None else f"{source.line.key}:{source.band.ref.id}"
    start, end = (period.start.isoformat(), period.last_day.isoformat()) if period else (None, None)
    values = {
        options.get("netsuiteExternalLineItemField") or "": key,
        names.get(PERIOD_FIELDS[0]) or "": start,
        names.get(PERIOD_FIELDS[1]) or "": end,
        revenue.get(START) or "": start,
        revenue.get(END) or "": end,
        options.get("lineTaxCustomField") or "": source.line.tax,
    }
    return {name: value for name, value in values.items() if name}


def signed(value: Decimal, sign: int) -> Decimal:
    """Never a negative zero."""
    return value * sign if value else value


def facts(draft: Draft) -> tuple[tuple[str, str], ...]:
    """The header for people."""
    bill = draft.bill
    due = shown(draft.due) if draft.due else "from the customer's terms" if draft.kind == INVOICE else "none"
    return (
        ("Customer", titled(draft.customer)),
        ("Number", bill.number or "given by NetSuite"),
        ("Memo", draft.tag),
        ("Date", shown(draft.day)),
        ("Due", due),
        ("Currency", bill.currency),
    )


def shown(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"
