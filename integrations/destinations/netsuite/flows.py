"""Which documents a Bill needs before its invoice: none, a sales order, or one that waits until it is fulfilled. Pure.

The two flows and what decides between them are Maxio's (its NetSuite integration guide): inventory is ordered, shipped and then invoiced.
"""

from collections.abc import Iterable
from typing import NamedTuple

from billing.bill import LINE_TYPES
from integrations.contract import Document, Fault, Match, Origin
from integrations.destinations.netsuite.draft import CREDIT_MEMO, SALES_ORDER, Draft, facts, sale
from integrations.destinations.netsuite.items import TABLE as ITEM
from integrations.destinations.netsuite.order_options import AUTO, FULFILMENT, INVOICE, TO_INVOICE
from integrations.lines import PlannedLine

ORDER = "order"
SHIPPED = ("InvtPart", "Assembly", "Kit")
AT_ONCE = ("NonInvtPart", "Service")
_NAMES = {"Discount": "a discount", "OthCharge": "an other charge", "Group": "an item group", "GiftCert": "a gift certificate"}
_BESIDE = ("TAX", "DISCOUNT")
"""Lines that come with others and do not decide."""


class Flow(NamedTuple):
    """The flow's name; why there is none, if so; and the table without which that cannot be told."""

    name: str
    fault: Fault | None = None
    unread: tuple[str, ...] = ()


def flow(draft: Draft) -> Flow:
    """As the option says; AUTO by the types of the items."""
    chosen = str(draft.options.get("documentFlow") or INVOICE)
    if draft.kind == CREDIT_MEMO:
        return Flow(INVOICE)
    if chosen != AUTO:
        return Flow(chosen)
    decisive = [(line, item) for line, item in zip(draft.planned.lines, draft.items, strict=True) if line.line.type not in _BESIDE]
    kinds = {item.id: draft.lookup.kind(ITEM, item.id) for _, item in decisive if item is not None}
    unfit = [(line, item) for line, item in decisive if item is not None and kinds[item.id] not in (*SHIPPED, *AT_ONCE)]
    if unfit:
        unknown = any(not kinds[item.id] for _, item in unfit)
        return Flow(TO_INVOICE, _no_flow(draft, unfit, kinds), (ITEM,) if unknown else ())
    return Flow(FULFILMENT if any(kind in SHIPPED for kind in kinds.values()) else TO_INVOICE)


def order(draft: Draft, flow: str) -> tuple[tuple[Document, ...], Origin | None, str]:
    """The sales order, what the invoice is made of, and what it has to wait for.

    A contract that has a sales order in NetSuite already gets no other.
    """
    if flow == INVOICE:
        return (), None, ""
    if (found := _contracted(draft)) is not None:
        return (), Origin(kind=SALES_ORDER, address=found.id), ""
    key = f"so-{draft.key}"
    document = Document(
        slot=ORDER,
        kind=SALES_ORDER,
        key=key,
        tag=draft.tag,
        body=sale(draft, SALES_ORDER, key),
        lines=draft.lines,
        total=draft.planned.target,
        currency=draft.bill.currency,
        customer=draft.customer,
        facts=facts(draft),
    )
    awaits = "the sales order is fulfilled" if flow == FULFILMENT else ""
    return (document,), Origin(kind=SALES_ORDER, address=f"eid:{key}", slot=ORDER), awaits


def _contracted(draft: Draft) -> Match | None:
    """The sales order that a line's contract names."""
    lines = (line for line in draft.planned.lines if "Contract" in line.refs)
    return next((found for line in lines if (found := draft.lookup.find("SalesOrder", ["Contract"], line.refs, draft.day))), None)


def _no_flow(draft: Draft, unfit: Iterable[tuple[PlannedLine, Match]], kinds: dict[str, str]) -> Fault:
    told = [f"“{line.description}” ({LINE_TYPES.get(line.line.type, line.line.type)}): {_is(item, kinds[item.id])}" for line, item in unfit]
    return Fault(
        code="NO_SYNC_FLOW",
        next="person",
        title=f"Nothing was sent: no sync flow is defined for invoice {draft.bill.title}. {told[0]}.",
        why="Inventory, assembly and kit items are invoiced when they are fulfilled, non-inventory and service items at once; "
        "for any other item nobody has decided.",
        remedy="Map these lines to an item of one of those types, or choose another document flow in the integration's options.",
        detail="; ".join(told),
        field="item",
        entity=",".join(sorted(item.id for _, item in unfit)),
    )


def _is(item: Match, kind: str) -> str:
    name = f"item {item.name} ({item.id})" if item.name else f"item {item.id}"
    return f"{name} is {_NAMES.get(kind, f'of type {kind}')}" if kind else f"{name} is not among NetSuite's items"
