"""From a Bill to one Pigeon Books invoice. Pure."""

from billing.bill import Bill
from integrations.contract import Document, Lookup, Match, Options, Plan, Rule, Stamp
from integrations.lines import PlannedLine, plan_lines
from integrations.missing import first_missing, merge_missing


def build(bill: Bill, options: Options, lookup: Lookup, stamp: Stamp) -> Plan:
    planned = plan_lines(bill, options)
    items = [_item(line, bill, options, lookup) for line in planned.lines]
    missing = merge_missing(first_missing(line, "Item") for line, item in zip(planned.lines, items, strict=True) if not item)
    lines = tuple(line.document_line(item) for line, item in zip(planned.lines, items, strict=True))
    body = {
        "reference": bill.source_id,
        "customer": bill.account.id,
        "currency": bill.currency,
        "date": (bill.invoice_date or bill.bill_date).isoformat(),
        "memo": bill.number if options.get("sendMemo") else "",
        "tag": stamp.tag(bill),
        "lines": [{"item": line.item.id if line.item else "", "text": line.description, "amount": line.amount} for line in lines],
    }
    document = Document(
        slot="main",
        kind="invoice",
        key=bill.source_id,
        tag=stamp.tag(bill),
        body=body,
        lines=lines,
        total=planned.target,
        currency=bill.currency,
    )
    return Plan(documents=(document,), target=planned.target, left_out=planned.left_out, missing=missing, notes=planned.notes)


def _item(line: PlannedLine, bill: Bill, options: Options, lookup: Lookup) -> Match | None:
    found = lookup.find("Item", line.entities, line.refs, bill.bill_date)
    default = str(options.get("defaultItemId") or "")
    return found or (Match(rule=Rule.DEFAULT, id=default) if default else None)
