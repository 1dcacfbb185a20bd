"""Money in and out: payments, deposits, deposit applications and refunds."""

from decimal import Decimal

from integrations.destinations.netsuite.emulation import lines
from integrations.destinations.netsuite.emulation.applying import ticked
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, invalid_value, user_error
from integrations.destinations.netsuite.emulation.schema import RecordType

_MONEY = ("Bank", "CredCard", "OthCurrAsset")
_KINDS_OF_ACCOUNT = {"account": _MONEY, "arAcct": ("AcctRec",)}


def complete(books: Books, kind: RecordType, record: Record, trusted: bool) -> None:
    """Checks the head of a receipt and sets what it brings; a refund and a deposit application bring nothing of their own.

    Raises NetSuiteError.
    """
    if "payment" in kind.fields:
        record["payment"] = record["total"] = _payment(books, record)
    else:
        record["total"] = Decimal(0)
        _require(kind, record)
    if not trusted:
        _accounts(books, record)
    _order(books, record)


def refuse_method(books: Books, kind: RecordType, record: Record) -> None:
    """With the feature Payment Instruments the field paymentMethod is gone; the sentence is the one for fields of other features."""
    if books.settings.payment_instruments and "paymentMethod" in record and kind.family == "transaction":
        raise user_error(
            "You do not have permissions to set a value for element paymentMethod due to one of the following reasons: "
            "1) The field is read-only; 2) An associated feature is disabled; "
            "3) The field is available either when a record is created or updated, but not in both cases."
        )


def _payment(books: Books, record: Record) -> Decimal:
    if record.get("payment") is None:
        raise user_error("Please enter value(s) for: Payment Amount.")
    amount = lines.money(record["payment"], lines.minor_unit(books, record), "payment")
    if amount < 0:
        raise user_error("The payment amount may not be negative.")
    return amount


def _require(kind: RecordType, record: Record) -> None:
    """What a refund and a deposit application cannot be without."""
    if kind.name == "customerRefund" and "account" not in record:
        raise user_error("Please enter value(s) for: Account.")
    if kind.name == "depositApplication" and "deposit" not in record:
        raise user_error("Please enter value(s) for: Deposit.")
    if not ticked(record):
        raise NetSuiteError(400, "VALID_LINE_ITEM_REQD", "You must enter at least one line item for this transaction.", "apply")


def _accounts(books: Books, record: Record) -> None:
    """Money lies in a bank or undeposited, a receivable is a receivable. An account without a type may be anything."""
    for field, kinds in _KINDS_OF_ACCOUNT.items():
        found = books.records["account"].get(record.get(field, {}).get("id", ""), {})
        if found.get("acctType", {}).get("id", kinds[0]) not in kinds:
            raise invalid_value(found["id"], field, field)


def _order(books: Books, record: Record) -> None:
    """The sales order of a deposit is the customer's own and in the deposit's currency."""
    order = books.records["salesOrder"].get(record.get("salesOrder", {}).get("id", ""))
    if order and (order["entity"], order["currency"]) != (record["customer"], record["currency"]):
        raise invalid_value(order["id"], "salesOrder", "salesOrder")
