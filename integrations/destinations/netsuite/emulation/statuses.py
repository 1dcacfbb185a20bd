"""The statuses of transactions: the letter that SuiteQL gives and the words that people read.

Letters as in public lists of transaction statuses, read in November 2026 (SalesOrd:B is Pending Fulfillment).
"""

from collections.abc import Callable

from integrations.destinations.netsuite.emulation import applying, orders
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.schema import RecordType

OPEN = "Open"
PAID = "Paid In Full"
VOIDED = "Voided"
Status = tuple[str, str]

_SHIPMENTS = {"A": "Picked", "B": "Packed", "C": "Shipped"}


def of(books: Books, kind: RecordType, record: Record) -> Status:
    """(letter, words)."""
    if record.get("voided"):
        return "V", VOIDED
    return _RULES[kind.name](books, record) if kind.name in _RULES else ("A", OPEN)


def _invoice(books: Books, record: Record) -> Status:
    """An invoice that owes nothing, a zero one included, is paid."""
    return ("B", PAID) if record["total"] == books.paid(record["id"]) else ("A", OPEN)


def _credit(books: Books, record: Record) -> Status:
    return ("A", OPEN) if applying.left(books, record) else ("B", "Fully Applied")


def _payment(books: Books, record: Record) -> Status:
    return ("C", "Deposited") if "account" in record else ("B", "Not Deposited")


def _deposit(books: Books, record: Record) -> Status:
    if not applying.left(books, record):
        return "C", "Fully Applied"
    return ("B", "Deposited") if "account" in record else ("A", "Not Deposited")


def _shipment(books: Books, record: Record) -> Status:
    letter = orders.shipped(record)
    return letter, _SHIPMENTS.get(letter, letter)


_RULES: dict[str, Callable[[Books, Record], Status]] = {
    "salesOrder": orders.status,
    "itemFulfillment": _shipment,
    "invoice": _invoice,
    "creditMemo": _credit,
    "cashSale": _payment,
    "customerPayment": _payment,
    "customerDeposit": _deposit,
}
