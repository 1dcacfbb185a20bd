"""Pages for people: one per invoice and credit memo, and a list of a company's invoices. Nobody has to log in."""

from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.destinations.quickbooks.emulation.books import TRANSACTIONS, Books, Record
from integrations.emulation import pages
from integrations.emulation.contract import Request, Response

HOME = "/app/invoices"
PATHS = {f"/app/{kind.lower()}": kind for kind in TRANSACTIONS}
TITLES = {"Invoice": "Invoice", "CreditMemo": "Credit memo"}
_HEADER = ("DocNumber", "TxnDate", "DueDate", "CustomerRef", "CurrencyRef", "PrivateNote", "BillEmail", "BillEmailCc", "BillEmailBcc")
_WORDS = {
    "DocNumber": "Number",
    "TxnDate": "Date",
    "DueDate": "Due",
    "CustomerRef": "Customer",
    "CurrencyRef": "Currency",
    "PrivateNote": "Private note",
    "BillEmail": "E-mail",
    "BillEmailCc": "Cc",
    "BillEmailBcc": "Bcc",
}


def handle(books: Books, request: Request) -> Response:
    """Answers GET of a page. Hold no lock."""
    with books.lock:
        if request.path == HOME:
            return _home(books)
        kind = PATHS[request.path]
        record = books.records[kind].get(request.query.get("txnId", ""))
        if record is not None:
            return _document(books, kind, record)
    return pages.page("Not found", format_html("<p>The company has no such document.</p>{}", _back(books)), _kicker(books), 404)


def _kicker(books: Books) -> str:
    return f"QuickBooks emulator, company {books.realm}"


def _link(books: Books, kind: str, record: Record) -> SafeString:
    address = f"/app/{kind.lower()}?txnId={record['Id']}&deeplinkcompanyid={books.realm}"
    return pages.link(address, record.get("DocNumber") or record["Id"])


def _back(books: Books) -> SafeString:
    return format_html("<p>{}</p>", pages.link(f"{HOME}?deeplinkcompanyid={books.realm}", "All invoices"))


def _home(books: Books) -> Response:
    rows = [_entry(books, kind, record) for kind in TRANSACTIONS for record in reversed(books.records[kind].values())]
    table = pages.table(("Number", "Kind", "Date", "Customer", "Currency", "Total"), rows, numbers=[5])
    return pages.page("Invoices", table if rows else format_html("<p>{}</p>", "There are no invoices yet."), _kicker(books))


def _entry(books: Books, kind: str, record: Record) -> tuple[object, ...]:
    number, currency = _link(books, kind, record), _shown(record["CurrencyRef"])
    return (number, TITLES[kind], record["TxnDate"], record["CustomerRef"]["name"], currency, _amount(record["TotalAmt"]))


def _document(books: Books, kind: str, record: Record) -> Response:
    header = pages.facts([(_WORDS[name], _shown(record[name])) for name in _HEADER if record.get(name)])
    rows = [_row(line) for line in record["Line"]]
    lines = pages.table(("Line", "Product or service", "Description", "Service date", "Qty", "Rate", "Amount"), rows, numbers=[4, 5, 6])
    currency = _shown(record["CurrencyRef"])
    totals = pages.facts([("Total", f"{currency} {_amount(record['TotalAmt'])}"), ("Balance", f"{currency} {_amount(record['Balance'])}")])
    parts = [header, format_html("<h2>Lines</h2>{}<h2>Totals</h2>{}", lines, totals), _back(books)]
    title = f"{TITLES[kind]} {record.get('DocNumber') or record['Id']}"
    return pages.page(title, format_html_join("", "{}", ((part,) for part in parts)), _kicker(books))


def _row(line: Record) -> list[object]:
    detail = line.get("SalesItemLineDetail") or {}
    item = (detail.get("ItemRef") or {}).get("name", "")
    numbers = [detail.get("Qty", ""), detail.get("UnitPrice", ""), _amount(line.get("Amount", ""))]
    return [line["LineNum"], item, line.get("Description", ""), detail.get("ServiceDate", ""), *numbers]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("Address") or value.get("value", ""))
    return str(value)


def _amount(value: object) -> str:
    return f"{value:,f}" if isinstance(value, Decimal) else str(value)
