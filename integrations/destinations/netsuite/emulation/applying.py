"""Which document takes how much of which: payments and credits of invoices, refunds and deposit applications of money that was received."""

from collections import defaultdict
from decimal import Decimal

from integrations.destinations.netsuite.emulation import lines
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import invalid_content, invalid_value
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, RecordType

LISTS = ("apply", "credit", "deposit")


def left(books: Books, record: Record) -> Decimal:
    """What an invoice still owes, or what a payment, credit or deposit still has to give."""
    drawn, given = (sum((line["amount"] for line in ticked(record, names)), Decimal(0)) for names in (LISTS[1:], LISTS[:1]))
    total: Decimal = record["total"]
    return total + drawn - given - books.paid(record["id"])


def ticked(record: Record, names: tuple[str, ...] = LISTS) -> list[Record]:
    """The lines that are applied. A deposit application's `deposit` is no list."""
    return [line for name in names if isinstance(record.get(name), list) for line in record[name] if line.get("apply", True)]


def taken(kind: RecordType, record: Record) -> dict[str, Decimal]:
    """{id of a document: what this one takes of it}."""
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in ticked(record):
        amounts[line["doc"]["id"]] += line["amount"]
    if kind.name == "depositApplication":
        amounts[record["deposit"]["id"]] += record["total"]
    return amounts


def check(books: Books, kind: RecordType, record: Record) -> None:
    """Each amount must fit what its document still has and what this one brings; a refund's total follows. Raises NetSuiteError."""
    drawn = sum((_line(books, kind, record, name, at, None) for name in LISTS[1:] for at in _positions(record, name)), Decimal(0))
    brings = _brings(books, kind, record, drawn)
    given = Decimal(0)
    for at in _positions(record, "apply"):
        given += _line(books, kind, record, "apply", at, None if brings is None else brings - given)
        if brings is not None and given > brings:
            raise _too_much(f"apply.items[{at}].amount")
    if brings is not None and brings < 0:
        raise _too_much("payment")
    if kind.name in ("customerRefund", "depositApplication"):
        record["total"] = given + drawn
    _fits(books, record)


def _brings(books: Books, kind: RecordType, record: Record, drawn: Decimal) -> Decimal | None:
    """What there is to apply to invoices, None for a refund, which takes back."""
    if kind.name == "customerRefund":
        return None
    if kind.name == "depositApplication":
        deposit = books.records["customerDeposit"][record["deposit"]["id"]]
        return left(books, deposit) + books.share(record["id"], deposit["id"])
    total: Decimal = record["total"]
    return total + drawn - books.paid(record["id"])


def _positions(record: Record, name: str) -> list[int]:
    rows = record.get(name)
    return [at for at, line in enumerate(rows) if line.get("apply", True)] if isinstance(rows, list) else []


def _line(books: Books, kind: RecordType, record: Record, name: str, at: int, most: Decimal | None) -> Decimal:
    """One line's amount, which is all that there is where it is left out."""
    line, path = record[name][at], f"{name}.items[{at}]"
    if "doc" not in line:
        raise invalid_value("", "doc", f"{path}.doc")
    number = line["doc"]["id"]
    target = _target(books, kind, record, number)
    if target is None:
        raise invalid_value(number, "doc", f"{path}.doc")
    has = left(books, target) + books.share(record["id"], number)
    amount = lines.money(line.get("amount", has if most is None else min(has, most)), lines.minor_unit(books, record), f"{path}.amount")
    line["amount"] = amount
    if amount < 0 or amount > has:
        raise _too_much(f"{path}.amount")
    return amount


def _target(books: Books, kind: RecordType, record: Record, number: str) -> Record | None:
    """A document of the same customer in the same currency; a deposit on an order pays only what is made from that order."""
    name = books.kind_of(number)
    if not name or number == record["id"]:
        return None
    target = books.records[name][number]
    party = target[RECORD_TYPES[name].customer_field]
    if (party, target["currency"]) != (record[kind.customer_field], record["currency"]):
        return None
    deposit = books.records["customerDeposit"][record["deposit"]["id"]] if kind.name == "depositApplication" else {}
    return target if deposit.get("salesOrder") in (None, target.get("createdFrom")) else None


def _fits(books: Books, record: Record) -> None:
    """A document that is named twice may not be overdrawn by both lines together."""
    together: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in ticked(record):
        number = line["doc"]["id"]
        together[number] += line["amount"]
        if together[number] > left(books, books.records[books.kind_of(number)][number]) + books.share(record["id"], number):
            raise _too_much("apply")


def _too_much(path: str) -> Exception:
    return invalid_content("The amount to apply is more than the invoice owes or the payment brings.", path)
