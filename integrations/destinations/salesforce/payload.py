"""A Bill as one invoice record of Salesforce with its lines. Pure."""

import datetime as dt
from dataclasses import replace
from typing import Any

from billing.bill import Bill, Period, Ref
from integrations.contract import Document, DocumentLine, Lookup, Match, Missing, Options, Plan, Rule, Stamp
from integrations.destinations.salesforce.fields import Names, relationship
from integrations.lines import PlannedLine, plan_lines

MAIN, INVOICE = "main", "invoice"
ACCOUNT, PRODUCT = "Account", "Product2"
ENTITIES = ("Aggregation", "CompoundAggregation", "AccountingProduct", "Product")
LONGEST_NAME, LONGEST_DESCRIPTION = 80, 4000


def build(bill: Bill, options: Options, lookup: Lookup, stamp: Stamp) -> Plan:
    """One document for the Bill's `main` slot; its total and amounts keep their sign, whatever it is.

    `body` is {key, record: {field: value}, lines: [{key, record}]}: external ids beside the fields, as an upsert wants them.
    """
    on = bill.invoice_date or bill.bill_date
    names, planned = Names.of(options), plan_lines(bill, options)
    products = [_named(lookup.find(PRODUCT, ENTITIES, line.refs, on), PRODUCT, lookup) for line in planned.lines]
    lines = tuple(line.document_line(product) for line, product in zip(planned.lines, products, strict=True))
    customer = _customer(bill, names, options, lookup, on)
    document = Document(
        slot=MAIN,
        kind=INVOICE,
        key=document_key(bill.source_id, "" if stamp.default_source else stamp.source),
        tag=stamp.tag(bill),
        body={},
        lines=lines,
        total=planned.target,
        currency=bill.currency,
        customer=customer,
        facts=_facts(bill, stamp, customer),
    )
    record = _header(bill, document, names)
    rows = [_line(number, document, *pair, names) for number, pair in enumerate(zip(planned.lines, lines, strict=True), 1)]
    return Plan(
        documents=(replace(document, body={"key": document.key, "record": record, "lines": rows}),),
        target=planned.target,
        left_out=planned.left_out,
        missing=() if customer else (Missing(entity="Account", ref=_account(bill), table=ACCOUNT),),
        notes=planned.notes,
    )


def document_key(source_id: str, source: str = "") -> str:
    """The external id: the Bill's own, after the source's slug unless that is its platform's default."""
    return f"{source}:{source_id}" if source else source_id


def _customer(bill: Bill, names: Names, options: Options, lookup: Lookup, on: dt.date) -> Match | None:
    found = lookup.find(ACCOUNT, ["Account"], {"Account": _account(bill)}, on)
    if found is None and not options.get("useExternalMappingAccountCode"):
        held_in = f"the Account whose {names.account_id} it is" if names.account_id else "the Account's own id"
        found = Match(rule=Rule.SOURCE_ID, id=bill.account.id, detail=f"No mapping: {held_in}")
    return _named(found, ACCOUNT, lookup)


def _named(found: Match | None, table: str, lookup: Lookup) -> Match | None:
    """The match with the record's name, where the lookup knows it."""
    return found if found is None or found.name else replace(found, name=lookup.name(table, found.id))


def _account(bill: Bill) -> Ref:
    return Ref(id=bill.account.id, code=bill.account.code, name=bill.account.name)


def _header(bill: Bill, document: Document, names: Names) -> dict[str, Any]:
    """Every field that the org has for it; what a Bill lacks is null, so that an update clears it."""
    values: dict[str, object] = {
        "number": bill.title[:LONGEST_NAME],
        "total": document.total,
        "currency": bill.currency,
        "date": (bill.invoice_date or bill.bill_date).isoformat(),
        "dueDate": bill.due_date.isoformat() if bill.due_date else None,
        **_period(bill.period, "periodStart", "periodEnd"),
        "status": bill.status.capitalize(),
        "purchaseOrder": bill.purchase_order or None,
        "complete": True,
        "tag": document.tag,
    }
    return _parent(document.customer, names) | names.stored(values)


def _parent(customer: Match | None, names: Names) -> dict[str, Any]:
    """The Account: by its id, or through its external id when only the source's id is known."""
    field = names.fields.get("account")
    if customer is None or not field:
        return {}
    if customer.rule is Rule.SOURCE_ID and names.account_id:
        return {relationship(field): {names.account_id: customer.id}}
    return {field: customer.id}


def _line(number: int, document: Document, source: PlannedLine, line: DocumentLine, names: Names) -> dict[str, Any]:
    """One line under a key of its own, which stays the same from revision to revision. Its invoice is added when it is sent."""
    values: dict[str, object] = {
        "lineProduct": line.item.id if line.item else None,
        "linePosition": number,
        "lineType": line.type,
        "lineDescription": line.description[:LONGEST_DESCRIPTION],
        "lineQuantity": line.quantity,
        "linePrice": line.rate,
        "lineAmount": line.amount,
        "lineCurrency": document.currency,
        **_period(source.line.period, "linePeriodStart", "linePeriodEnd"),
    }
    return {"key": f"{document.key}:{line.line_key}", "record": names.stored(values)}


def _period(period: Period | None, start: str, end: str) -> dict[str, object]:
    """The first day and the last, as people write a period."""
    return {start: period.start.isoformat() if period else None, end: period.last_day.isoformat() if period else None}


def _facts(bill: Bill, stamp: Stamp, customer: Match | None) -> tuple[tuple[str, str], ...]:
    """The header for people."""
    named = f"{customer.name} ({customer.id})" if customer and customer.name else customer.id if customer else "not mapped yet"
    return (
        ("Account", named),
        ("Number", bill.title),
        ("External id", document_key(bill.source_id, "" if stamp.default_source else stamp.source)),
        ("Revision tag", stamp.tag(bill)),
        ("Date", _shown(bill.invoice_date or bill.bill_date)),
        ("Due", _shown(bill.due_date) if bill.due_date else "none"),
        ("Currency", bill.currency),
    )


def _shown(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"
