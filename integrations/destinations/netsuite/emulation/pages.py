"""Pages for people: one per record, and a list of the account's invoices. Nobody has to log in."""

from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.destinations.netsuite.emulation import related, render
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.page_paths import HOME, PATHS, page_url
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, RecordType
from integrations.emulation import pages
from integrations.emulation.contract import Request, Response

_TITLES = {
    "tranId": "Number",
    "tranDate": "Date",
    "entity": "Customer",
    "customer": "Customer",
    "externalId": "External id",
    "class": "Class",
    "amountRemaining": "Amount due",
}
_TOTALS = ("subtotal", "discountTotal", "taxTotal", "total", "amountPaid", "amountRemaining", "applied", "unapplied")
_HIDDEN = {"links", "item", "payment", "apply", "credit", "orderStatus", *_TOTALS}
LISTED = ("invoice", "salesOrder")


def handle(books: Books, request: Request) -> Response:
    """Answers GET of a page, and POST of the form on a sales order's. Hold no lock."""
    with books.lock:
        if request.path == HOME:
            return _home(books)
        for name in PATHS.get(request.path, ()):
            if stored := books.records[name].get(request.query.get("id", "")):
                return _act(books, name, stored) if request.method == "POST" else _record(books, RECORD_TYPES[name], stored)
    return pages.page("Record not found", format_html("<p>Record does not exist.</p>{}", _back(books)), _kicker(books), 404)


def _act(books: Books, name: str, stored: Record) -> Response:
    """Marks a sales order as fulfilled and leads back to it."""
    try:
        if name != "salesOrder":
            raise ValueError("There is nothing to do on this page.")
        related.fulfil(books, stored)
    except ValueError as error:
        return pages.page("Not done", format_html("<p>{}</p>{}", str(error), _back(books)), _kicker(books), 400)
    return Response(302, {"Location": page_url(books, name, stored["id"])})


def _kicker(books: Books) -> str:
    return f"NetSuite emulator, account {books.account}"


def _back(books: Books) -> SafeString:
    return format_html("<p>{}</p>", pages.link(f"{HOME}?c={books.account}", "All invoices"))


def _home(books: Books) -> Response:
    tables = [_list(books, RECORD_TYPES[name]) for name in LISTED]
    body = format_html_join("", "{}", ((table,) for table in tables if table))
    return pages.page("Invoices", body or format_html("<p>{}</p>", "There are no invoices in this account yet."), _kicker(books))


def _list(books: Books, kind: RecordType) -> SafeString:
    """All documents of a type, the newest first; invoices need no heading."""
    shown = [render.record(books, kind, stored, expand=False) for stored in books.records[kind.name].values()]
    rows = [
        (
            pages.link(page_url(books, kind.name, document["id"]), document["tranId"]),
            document["tranDate"],
            document["entity"]["refName"],
            document["status"]["refName"],
            document["currency"]["refName"],
            _amount(document["total"]),
        )
        for document in reversed(shown)
    ]
    if not rows:
        return SafeString("")
    table = pages.table(("Number", "Date", "Customer", "Status", "Currency", "Total"), rows, numbers=[5])
    return table if kind.name == LISTED[0] else _section(f"{kind.label}s", table)


def _record(books: Books, kind: RecordType, stored: Record) -> Response:
    shown = render.record(books, kind, stored)
    header = [(_TITLES.get(name, _words(name)), _shown(books, value)) for name, value in shown.items() if name not in _HIDDEN]
    currency = shown.get("currency", {}).get("refName", "")
    totals = [(_TITLES.get(name, _words(name)), f"{currency} {_amount(shown[name])}") for name in _TOTALS if name in shown]
    parts = [
        pages.facts(header),
        _lines(books, shown),
        _section("Totals", pages.facts(totals)) if totals else SafeString(""),
        *related.sections(books, kind, stored),
        _back(books),
    ]
    title = f"{kind.label} {shown.get('tranId') or render.name_of(stored)}"
    return pages.page(title, format_html_join("", "{}", ((part,) for part in parts)), _kicker(books))


def _lines(books: Books, shown: Record) -> SafeString:
    """The item lines with every column that any line fills."""
    lines = shown.get("item", {}).get("items", [])
    if not lines:
        return SafeString("")
    used = dict.fromkeys(name for line in lines for name in line if name not in ("links", "lineUniqueKey"))
    first = [name for name in ("line", "item", "description", "quantity", "rate", "amount") if name in used]
    names = first + [name for name in used if name not in first]
    rows = [[_shown(books, line.get(name, "")) for name in names] for line in lines]
    right = [at for at, name in enumerate(names) if name in ("quantity", "rate", "amount")]
    return _section("Lines", pages.table([name if name.startswith("cust") else _words(name) for name in names], rows, right))


def _section(title: str, body: SafeString) -> SafeString:
    return format_html("<h2>{}</h2>{}", title, body)


def _shown(books: Books, value: Any) -> Any:
    """A reference by its name, linked where it has a page; everything else as plain text."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Decimal | int):
        return _amount(value)
    if not isinstance(value, dict):
        return value
    if "items" in value:
        return ", ".join(str(_plain(line)) for line in value["items"])
    text = value.get("refName", value.get("id", ""))
    href = value["links"][0]["href"] if value.get("links") else ""
    target = page_url(books, *href.rsplit("/", 2)[1:]) if href else ""
    return pages.link(target, text) if target else text


def _plain(line: Record) -> str:
    document = line.get("doc", {})
    return " ".join(str(part) for part in (document.get("refName") or line.get("id", ""), line.get("amount", "")) if part != "")


def _amount(value: Decimal | int) -> str:
    return f"{value:,f}" if isinstance(value, Decimal) else str(value)


def _words(name: str) -> str:
    """amountRemaining as Amount remaining; a custom field keeps its id."""
    if name.startswith("cust") and "_" in name:
        return name
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).capitalize()
