"""Transforms: POST /services/rest/record/v1/{type}/{id}/!transform/{target} makes one document from another."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP
from typing import Any

from integrations.destinations.netsuite.emulation import applying, lines, orders, writing
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, invalid_request, user_error
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, RecordType
from integrations.destinations.netsuite.emulation.values import Reader

SEGMENT = "!transform"
_OWN = {"id", "externalId", "tranId", "tranDate", "dueDate", "postingPeriod", "customForm", "item", "apply", "account"}
_OWN |= {"createdFrom", "orderStatus"}
_LINE_OWN = {"lineUniqueKey", "isClosed"}


def transform(books: Books, source: RecordType, stored: Record, target: str, content: Any, validation: str, replace: frozenset[str]) -> str:
    """The new document's id; `content` are fields of the target that win over what is copied. Raises NetSuiteError."""
    build = _BUILDERS.get((source.name, target))
    if build is None:
        raise invalid_request(f"The record type {source.name} cannot be transformed to {target}.")
    kind, values = RECORD_TYPES[target], build(books, stored)
    for name, value in Reader(books, kind, validation).record({} if content is None else content).items():
        values[name] = _merged(values.get(name, []), value, name, name in replace) if name in kind.sublists else value
    if target == "itemFulfillment":
        values["item"] = [line for line in values["item"] if line.get("itemReceive", True)]
    number = writing.store(books, kind, None, values, frozenset())
    if (source.name, target) == ("salesOrder", "invoice") and books.settings.auto_apply_deposits:
        _use_deposits(books, stored, number)
    return number


def _merged(copied: list[Record], given: list[Record], name: str, replace: bool) -> list[Record]:
    """The given lines over the copied ones; a line of the source is named by its number, as line or as orderLine."""
    if name != "item":
        return lines.merge(copied, given, replace, "doc")
    named = [{"line": line["orderLine"], **line} if "orderLine" in line else line for line in given]
    return lines.merge(copied, named, replace)


def _head(stored: Record, target: str) -> Record:
    """The header fields that the target has too, custom fields included."""
    fields = RECORD_TYPES[target].fields
    same = {name: value for name, value in stored.items() if name not in _OWN and (name in fields or name.startswith("custbody_"))}
    return same | {"createdFrom": {"id": stored["id"]}}


def _bill(target: str) -> Callable[[Books, Record], Record]:
    return lambda books, order: _head(order, target) | {"item": _billable(books, order)}


def _billable(books: Books, order: Record) -> list[Record]:
    """The order's lines as far as they can be billed now. Raises NetSuiteError for an order that cannot."""
    state, rests = orders.status(books, order), orders.unbilled(books, order)
    if state == orders.BILLED:
        raise user_error(f"The transaction is an invalid sales order: {order['tranId']} has already been billed.")
    if state not in (orders.PENDING_BILLING, orders.PARTLY_PENDING):
        raise NetSuiteError(400, "INVALID_INITIALIZE_REF", f"You can not initialize invoice: invalid reference {order['id']}.")
    done = orders.moved(books, order, *orders.BILLS)
    return [_share(books, order, line, rests, done) for line in order["item"] if line["line"] in rests]


def _share(books: Books, order: Record, line: Record, rests: dict[int, Any], done: orders.Moved) -> Record:
    """A line with the quantity that is left; its amount in proportion, the last part takes the rest."""
    at, whole = line["line"], orders.ordered(line)
    copied = {name: value for name, value in line.items() if name not in _LINE_OWN} | {"orderLine": at}
    if rests[at] == whole:
        return copied
    quantity, billed = done.get(at, (0, 0))
    part = (line["amount"] * rests[at] / whole).quantize(lines.minor_unit(books, order), ROUND_HALF_UP)
    amount = line["amount"] - billed if rests[at] + quantity == whole else part
    return copied | {"quantity": rests[at], "amount": amount}


def _shipment(books: Books, order: Record) -> Record:
    if orders.status(books, order)[0] in "ACH":
        raise NetSuiteError(400, "INVALID_INITIALIZE_REF", f"You can not initialize itemfulfillment: invalid reference {order['id']}.")
    rows = [{"line": line["orderLine"], **line} for line in orders.shipment(books, order)]
    return _head(order, "itemFulfillment") | {"item": rows}


def _payment(books: Books, invoice: Record) -> Record:
    """A payment of all that is owed."""
    head = {name: value for name, value in _head(invoice, "customerPayment").items() if name != "createdFrom"}
    owed = applying.left(books, invoice)
    return head | {"customer": invoice["entity"], "payment": owed, "apply": [{"doc": {"id": invoice["id"]}, "apply": True}]}


def _credit(books: Books, invoice: Record) -> Record:
    """A credit memo of the same lines; applying it is left to the caller."""
    rows = [{name: value for name, value in line.items() if name not in _LINE_OWN | {"orderLine"}} for line in invoice["item"]]
    return _head(invoice, "creditMemo") | {"item": rows}


def _application(books: Books, deposit: Record) -> Record:
    return {"deposit": {"id": deposit["id"]}}


def _use_deposits(books: Books, order: Record, invoice: str) -> None:
    """Deposits of the order are applied to its invoice when it is made, as NetSuite does by itself (public guides, read in 2026)."""
    for deposit in books.children(order["id"], "customerDeposit"):
        amount = min(applying.left(books, deposit), applying.left(books, books.records["invoice"][invoice]))
        if amount > 0:
            apply = [{"doc": {"id": invoice}, "apply": True, "amount": amount}]
            values = _application(books, deposit) | {"apply": apply}
            writing.store(books, RECORD_TYPES["depositApplication"], None, values, frozenset())


_BUILDERS: dict[tuple[str, str], Callable[[Books, Record], Record]] = {
    ("salesOrder", "invoice"): _bill("invoice"),
    ("salesOrder", "cashSale"): _bill("cashSale"),
    ("salesOrder", "itemFulfillment"): _shipment,
    ("invoice", "customerPayment"): _payment,
    ("invoice", "creditMemo"): _credit,
    ("customerDeposit", "depositApplication"): _application,
}
