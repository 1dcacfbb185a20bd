"""A Bill as NetSuite documents: an invoice, or a credit memo when its total is negative, and what comes before and after it. Pure."""

from billing.bill import Bill
from integrations.contract import Document, Lookup, Options, Origin, Plan, Stamp
from integrations.destinations.netsuite import flows, movements
from integrations.destinations.netsuite.customer import customer_document, found_by
from integrations.destinations.netsuite.draft import Draft, draft, facts, missing, sale
from integrations.destinations.netsuite.order_options import INVOICE as INVOICE_ONLY

MAIN = "main"


def build(bill: Bill, options: Options, lookup: Lookup, stamp: Stamp) -> Plan:
    """The Bill's documents in the order in which they go: order, deposits, the invoice in slot `main`, credits, payments, refunds.

    A credit memo's body has every sign turned, as NetSuite takes no negative invoice; `Document.total` and the lines' amounts keep ours.
    """
    made = draft(bill, options, lookup, stamp)
    flow = flows.flow(made)
    customer = customer_document(made.bill, options, stamp, made.customer, made.currency)
    before, origin, awaits = flows.order(made, flow.name)
    main = _main(made, origin, awaits)
    deposits, after = movements.documents(made, flow.name)
    return Plan(
        documents=(*([customer] if customer else []), *before, *deposits, main, *after),
        target=made.planned.target,
        left_out=made.planned.left_out,
        missing=missing(made),
        notes=(*made.planned.notes, *movements.notes(made)),
        fault=flow.fault,
        unread=flow.unread,
    )


def chained(bill: Bill, options: Options) -> bool:
    """Whether there may be more than the invoice: an order before it, a customer to be found or made, or money that has moved."""
    return (options.get("documentFlow") or INVOICE_ONLY) != INVOICE_ONLY or bool(found_by(options)) or bool(bill.movements)


def _main(draft: Draft, origin: Origin | None, awaits: str) -> Document:
    return Document(
        slot=MAIN,
        kind=draft.kind,
        key=draft.key,
        tag=draft.tag,
        body=sale(draft, draft.kind, draft.key),
        lines=draft.lines,
        total=draft.planned.target,
        currency=draft.bill.currency,
        customer=draft.customer,
        facts=facts(draft),
        made_from=origin,
        awaits=awaits,
    )
