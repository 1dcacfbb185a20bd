"""A Bill as a QuickBooks invoice, or as a credit memo when its total is negative. Pure."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billing.bill import Bill, Ref
from integrations.contract import Document, DocumentLine, LeftOut, Lookup, Match, Missing, Options, Plan, Rule, Stamp
from integrations.destinations.quickbooks import amounts, identity
from integrations.destinations.quickbooks.amounts import Priced, priced
from integrations.destinations.quickbooks.items import TABLE as ITEM
from integrations.destinations.quickbooks.items import find_item, named
from integrations.lines import LinePlan, PlannedLine, Split, plan_lines
from integrations.missing import first_missing, merge_missing

MAIN = "main"
INVOICE, CREDIT_MEMO = "Invoice", "CreditMemo"
LONGEST_DESCRIPTION = 4000
LONGEST_ADDRESS = 100
ZERO_QUANTITY = "Lines of quantity zero are left out by this integration"


def build(bill: Bill, options: Options, lookup: Lookup, stamp: Stamp) -> Plan:
    """One document for the Bill's `main` slot.

    A credit memo's body has every amount turned, as QuickBooks takes no negative total; `Document.total` and the lines keep our sign.
    """
    on = bill.invoice_date or bill.bill_date
    planned = _without_zeros(plan_lines(bill, options, Split(options.get("splitUsageLineItems") or Split.PRODUCT)), options)
    items = [find_item(line, options, lookup, on) for line in planned.lines]
    customer = _customer(bill, options, lookup, on)
    kind = CREDIT_MEMO if planned.target < 0 else INVOICE
    lines = tuple(line.document_line(item) for line, item in zip(planned.lines, items, strict=True))
    prices = [priced(line, bill.currency, -1 if kind == CREDIT_MEMO else 1) for line in lines]
    document = Document(
        slot=MAIN,
        kind=kind,
        key=identity.document_key(bill, stamp),
        tag=stamp.tag(bill),
        body={},
        lines=lines,
        total=planned.target,
        currency=bill.currency,
        customer=customer,
        number=identity.document_number(bill, stamp),
    )
    body = _header(bill, document, stamp, options) | {"Line": list(map(_line, planned.lines, lines, prices))}
    return Plan(
        documents=(replace(document, body=body, facts=_facts(bill, document)),),
        target=planned.target,
        left_out=planned.left_out,
        missing=_missing(bill, planned, items, customer),
        notes=(*planned.notes, *_notes(lines, prices)),
    )


# --- which lines -------------------------------------------------------------------------------------------------------------------------


def _without_zeros(planned: LinePlan, options: Options) -> LinePlan:
    """Lines of quantity zero that carry no money stay here, unless nothing else would be left: a document needs a line."""
    zeros = [] if options.get("sendZeroQuantityLineItems") else [line for line in planned.lines if _is_zero(line)]
    if not zeros or len(zeros) == len(planned.lines):
        return planned
    left_out = [_left_out(line) for line in zeros]
    kept = tuple(line for line in planned.lines if not _is_zero(line))
    return replace(planned, lines=kept, left_out=(*planned.left_out, *left_out))


def _is_zero(line: PlannedLine) -> bool:
    return line.quantity is not None and not line.quantity and not line.share.rounded and not line.share.amount


def _left_out(line: PlannedLine) -> LeftOut:
    return LeftOut(
        line_key=line.line.key,
        type=line.line.type,
        description=line.description,
        amount=line.share.amount,
        counted=True,
        reason=ZERO_QUANTITY,
    )


# --- the customer ------------------------------------------------------------------------------------------------------------------------


def _customer(bill: Bill, options: Options, lookup: Lookup, on: dt.date) -> Match | None:
    found = lookup.find("Customer", ["Account"], {"Account": _account(bill)}, on)
    if found is None and not options.get("useExternalMappingAccountCode"):
        found = Match(rule=Rule.SOURCE_ID, id=bill.account.id, detail="No mapping: the Account's own id")
    return named(found, "Customer", lookup)


def _account(bill: Bill) -> Ref:
    return Ref(id=bill.account.id, code=bill.account.code, name=bill.account.name)


# --- the body ----------------------------------------------------------------------------------------------------------------------------


def _header(bill: Bill, document: Document, stamp: Stamp, options: Options) -> dict[str, Any]:
    """The fields of the document itself; what is missing is not in it, and nothing is sent while anything is."""
    fields: dict[str, Any] = {
        "CustomerRef": {"value": document.customer.id} if document.customer else None,
        "DocNumber": document.number,
        "TxnDate": (bill.invoice_date or bill.bill_date).isoformat(),
        "CurrencyRef": {"value": bill.currency},
        "PrivateNote": identity.note(bill, stamp),
        "BillEmail": _address(bill.account.email),
    }
    if document.kind == INVOICE:
        fields |= _invoice_only(bill, options)
    return {name: value for name, value in fields.items() if value is not None}


def _invoice_only(bill: Bill, options: Options) -> dict[str, Any]:
    """What a credit memo does not have."""
    manager = str(bill.account.custom_fields.get(str(options.get("accountManagerEmailCustomField") or "")) or "")
    return {
        "DueDate": bill.due_date.isoformat() if bill.due_date else None,
        "BillEmailCc": _address(manager),
        "BillEmailBcc": _address(str(options.get("bccInvoiceEmailAddress") or "")),
        "AllowOnlineACHPayment": bool(options.get("allowBankTransferPayment")),
        "AllowOnlineCreditCardPayment": bool(options.get("allowCreditCardPayment")),
    }


def _address(text: str) -> dict[str, str] | None:
    """Nothing for what is no address, or longer than QuickBooks takes: an invoice is not held up by it."""
    address = text.strip()
    return {"Address": address} if "@" in address and len(address) <= LONGEST_ADDRESS else None


def _line(source: PlannedLine, line: DocumentLine, price: Priced) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "ItemRef": {"value": line.item.id} if line.item and line.item.id else None,
        "Qty": price.quantity,
        "UnitPrice": price.price,
        "ServiceDate": source.line.period.last_day.isoformat() if source.line.period else None,
    }
    text = f"{line.description} ({price.told})" if price.told else line.description
    return {
        "Amount": price.amount,
        "DetailType": "SalesItemLineDetail",
        "Description": text[:LONGEST_DESCRIPTION],
        "SalesItemLineDetail": {name: value for name, value in detail.items() if value is not None},
    }


# --- what people are told ----------------------------------------------------------------------------------------------------------------


def _missing(bill: Bill, planned: LinePlan, items: list[Match | None], customer: Match | None) -> tuple[Missing, ...]:
    found = [first_missing(line, ITEM) for line, item in zip(planned.lines, items, strict=True) if item is None]
    if customer is None:
        found.insert(0, Missing(entity="Account", ref=_account(bill), table="Customer"))
    return merge_missing(found)


def _notes(lines: tuple[DocumentLine, ...], prices: list[Priced]) -> list[str]:
    whole = amounts.note([(line.description, price) for line, price in zip(lines, prices, strict=True)])
    bare = [line for line in lines if line.item is not None and not line.item.id and line.amount != Decimal(0)]
    return [text for text in (whole, _bare_note(bare)) if text]


def _bare_note(lines: list[DocumentLine]) -> str:
    """Intuit's reference calls such a line text whose amount is passed over, while its API has been seen to count it (November 2026)."""
    if not lines:
        return ""
    types = " and ".join(dict.fromkeys(line.type for line in lines))
    return f"{types} lines go without a product or service; the total is compared with the Bill after sending."


def _facts(bill: Bill, document: Document) -> tuple[tuple[str, str], ...]:
    """The header for people."""
    customer = document.customer
    due = _shown(bill.due_date) if bill.due_date and document.kind == INVOICE else "from the customer's terms"
    return (
        ("Customer", f"{customer.name} ({customer.id})" if customer and customer.name else customer.id if customer else "not mapped yet"),
        ("Number", document.number),
        ("Private note", document.tag),
        ("Date", _shown(bill.invoice_date or bill.bill_date)),
        ("Due", due if document.kind == INVOICE else "none"),
        ("Currency", bill.currency),
    )


def _shown(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"
