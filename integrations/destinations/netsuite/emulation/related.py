"""The parts of a page that lead to other documents: what came of this one, what pays it, and what a person can do with it."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.destinations.netsuite.emulation import applying, by_hand, orders, statuses
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.page_paths import page_url
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, RecordType
from integrations.emulation import pages

EMPTY = SafeString("")
HEAD = ("Document", "Number", "Date", "Status", "Amount")


def sections(books: Books, kind: RecordType, stored: Record) -> list[SafeString]:
    """Tables of documents, each left out where there is none. An applied document shows what is applied of it."""
    if kind.family != "transaction":
        return []
    made = {child["id"]: child.get("total") for child in books.children(stored["id"])}
    payers = books.payers(stored["id"])
    payers.pop(stored["id"], None)
    onto = dict(applying.taken(kind, stored)) if "apply" in kind.sublists else {}
    if kind.name == "depositApplication":
        del onto[stored["deposit"]["id"]]
    return [
        _table(books, "Made from this", {number: total for number, total in made.items() if number not in payers}),
        _table(books, "Applied to this", payers),
        _table(books, "Applied to", onto),
        _button(books, stored) if kind.name == "salesOrder" else EMPTY,
    ]


def fulfil(books: Books, order: Record) -> None:
    """What the button does: a fulfilment of everything that is left. Raises ValueError when nothing is."""
    if not _can_ship(books, order):
        raise ValueError("There is nothing to fulfill on this sales order.")
    by_hand.enter(books, "itemFulfillment", {"createdFrom": order["id"]})


def _can_ship(books: Books, order: Record) -> bool:
    return orders.status(books, order)[0] in "BDE" and bool(orders.unshipped(books, order))


def _button(books: Books, order: Record) -> SafeString:
    if not _can_ship(books, order):
        return EMPTY
    form = '<form method="post" action="{}"><button name="action" value="fulfill">Mark as fulfilled</button></form>'
    return format_html(form, page_url(books, "salesOrder", order["id"]))


def _table(books: Books, title: str, amounts: Mapping[str, Decimal | None]) -> SafeString:
    rows = [_row(books, number, amount) for number, amount in amounts.items() if books.kind_of(number)]
    return format_html("<h2>{}</h2>{}", title, pages.table(HEAD, rows, numbers=[4])) if rows else EMPTY


def _row(books: Books, number: str, amount: Decimal | None) -> tuple[object, ...]:
    kind = RECORD_TYPES[books.kind_of(number)]
    stored = books.records[kind.name][number]
    shown = "" if amount is None else f"{books.currency(stored)['symbol']} {amount:,f}"
    link = pages.link(page_url(books, kind.name, number), stored["tranId"])
    return kind.label, link, stored["tranDate"], statuses.of(books, kind, stored)[1], shown
