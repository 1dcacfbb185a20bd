"""Invoices and credit memos: what is asked of them, and what the company works out itself."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from integrations.destinations.quickbooks.emulation import errors
from integrations.destinations.quickbooks.emulation.books import Books, Record
from integrations.destinations.quickbooks.emulation.catalogue import CURRENCIES

LONGEST = {"DocNumber": 21, "PrivateNote": 4000}
WRITABLE = {
    "CustomerRef", "DocNumber", "TxnDate", "DueDate", "CurrencyRef", "ExchangeRate", "PrivateNote", "CustomerMemo", "Line", "BillEmail",
    "BillEmailCc", "BillEmailBcc", "AllowOnlineACHPayment", "AllowOnlineCreditCardPayment", "AllowOnlinePayment", "AllowIPNPayment",
    "EmailStatus", "PrintStatus", "BillAddr", "ShipAddr", "ShipDate", "ShipMethodRef", "ShipFromAddr", "TrackingNum", "SalesTermRef",
    "ClassRef", "DepartmentRef", "ARAccountRef", "DepositToAccountRef", "Deposit", "TxnTaxDetail", "GlobalTaxCalculation",
    "ApplyTaxAfterDiscount", "CustomField", "LinkedTxn", "TxnSource", "PaymentMethodRef", "PaymentRefNum", "RecurDataRef",
    "DeliveryInfo", "InvoiceLink", "FreeFormAddress", "TransactionLocationType", "ProjectRef", "HomeBalance", "TaxExemptionRef",
}  # fmt: skip
COMPUTED = {"Id", "SyncToken", "sparse", "domain", "MetaData", "TotalAmt", "HomeTotalAmt", "Balance", "RemainingCredit", "time", "status"}
DETAILS = ("SalesItemLineDetail", "DiscountLineDetail", "SubTotalLineDetail", "DescriptionOnly", "GroupLineDetail")
_CENT = {"JPY": 0, "ISK": 0, "KWD": 3, "BHD": 3, "CLF": 4}


def complete(books: Books, kind: str, draft: Record, before: Record | None, options: dict[str, str]) -> Record:
    """A whole document from what was sent. Raises QuickBooksError."""
    _known(draft)
    for name in ("CustomerRef", "Line", *books.settings.required_fields):
        if draft.get(name) in (None, "", [], {}):
            raise errors.missing(name)
    for name, most in LONGEST.items():
        if len(str(draft.get(name) or "")) > most:
            raise errors.too_long(name, most, len(str(draft[name])))
    draft["CustomerRef"] = _customer(books, draft["CustomerRef"])
    draft["CurrencyRef"] = _currency(books, draft)
    draft["TxnDate"] = _day(draft.get("TxnDate", dt.date.today().isoformat()), "TxnDate")
    _open(books, before, draft)
    _number(books, kind, draft, before, options)
    return draft | _totals(books, kind, draft, before)


def _known(draft: Record) -> None:
    for name in draft:
        if name not in WRITABLE and name not in COMPUTED:
            raise errors.unsupported(name)


def _open(books: Books, before: Record | None, draft: Record) -> None:
    """Neither the day it had nor the day it gets may be closed."""
    for date in {draft["TxnDate"], (before or draft)["TxnDate"]}:
        if books.closed_until and dt.date.fromisoformat(date) <= books.closed_until:
            raise errors.closed()


def _customer(books: Books, reference: Any) -> Record:
    return _reference(books, "Customer", "Names", reference, "CustomerRef")


def _reference(books: Books, kind: str, what: str, reference: Any, element: str) -> Record:
    """{value, name} of an active record."""
    number = str(reference.get("value", "")) if isinstance(reference, dict) else ""
    record = books.records[kind].get(number)
    if record is None:
        raise errors.unknown_reference(what, number, element)
    if record.get("Active") is False:
        raise errors.inactive(element)
    return {"value": number, "name": record.get("DisplayName") or record.get("Name", "")}


def _currency(books: Books, draft: Record) -> Record:
    customer = books.records["Customer"][draft["CustomerRef"]["value"]]
    own, home = (customer.get("CurrencyRef") or {}).get("value"), books.settings.home_currency
    code = (draft.get("CurrencyRef") or {}).get("value") or own or home
    if code not in CURRENCIES:
        raise errors.QuickBooksError("2500", "Invalid Reference Id", f"Invalid Reference Id : Currency {code} not found", "CurrencyRef")
    if code != home and not books.settings.multicurrency:
        raise errors.business("Multicurrency is not enabled for this company, so another currency cannot be used.", "CurrencyRef")
    if own and code != own:
        raise errors.business("The currency of the transaction is invalid for the customer.", "CurrencyRef")
    return {"value": code, "name": code}


def _day(value: Any, name: str) -> str:
    try:
        return dt.date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise errors.wrong_value(name, value) from error


def _number(books: Books, kind: str, draft: Record, before: Record | None, options: dict[str, str]) -> None:
    """With custom numbers the given one, else one of the company's own."""
    if not books.settings.custom_numbers:
        draft["DocNumber"] = before["DocNumber"] if before else books.new_number(kind)
        return
    holder = books.numbers.get((kind, str(draft.get("DocNumber"))))
    mine = before is not None and holder == before["Id"]
    if holder and not mine and books.settings.unique_numbers and options.get("include") != "allowduplicatedocnum":
        raise errors.duplicate_number()


def _totals(books: Books, kind: str, draft: Record, before: Record | None) -> Record:
    """The lines with their numbers, the total and what is left of it."""
    places = _CENT.get(draft["CurrencyRef"]["value"], 2)
    if not isinstance(draft["Line"], list) or not all(isinstance(line, dict) for line in draft["Line"]):
        raise errors.wrong_value("Line", "that is no list of lines")
    lines = [_line(books, line, at, places) for at, line in enumerate(draft["Line"], 1) if line.get("DetailType") != "SubTotalLineDetail"]
    total = sum((_signed(line) for line in lines), Decimal(0))
    if total < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    paid = before["TotalAmt"] - before["Balance"] if before else Decimal(0)
    rate = draft.get("ExchangeRate") or 1
    made: Record = {"Line": lines, "TotalAmt": total, "Balance": max(total - paid, Decimal(0)), "HomeTotalAmt": total * rate}
    defaults = {"EmailStatus": "NotSet", "PrintStatus": "NotSet", "LinkedTxn": []}
    if kind == "CreditMemo":
        made["RemainingCredit"] = made["Balance"]
    else:
        made["DueDate"] = _day(draft.get("DueDate") or draft["TxnDate"], "DueDate")
    return {name: value for name, value in defaults.items() if name not in draft} | made


def _signed(line: Record) -> Decimal:
    amount: Decimal = line.get("Amount", Decimal(0)) if line["DetailType"] != "DescriptionOnly" else Decimal(0)
    return -amount if line["DetailType"] == "DiscountLineDetail" else amount


def _line(books: Books, line: Record, at: int, places: int) -> Record:
    kind = line.get("DetailType")
    if kind not in DETAILS:
        raise errors.QuickBooksError("2170", "Invalid Enumeration", f"Invalid Enumeration: {kind}", "DetailType")
    made = {**line, "Id": str(at), "LineNum": at}
    if len(str(line.get("Description") or "")) > 4000:
        raise errors.too_long("Description", 4000, len(line["Description"]))
    if kind == "DescriptionOnly":
        return made
    if kind == "DiscountLineDetail" and not books.settings.allow_discount:
        raise errors.business("Discounts are not enabled for this company.", "DiscountLineDetail")
    made["Amount"] = _money(line.get("Amount"), f"Line[{at - 1}].Amount")
    if kind == "SalesItemLineDetail":
        made["SalesItemLineDetail"] = _detail(books, line.get("SalesItemLineDetail") or {}, made["Amount"], at, places)
    return made


def _detail(books: Books, detail: Record, amount: Decimal, at: int, places: int) -> Record:
    """The item and, where both are given, a quantity and a price that come to the amount."""
    made, here = dict(detail), f"Line[{at - 1}].SalesItemLineDetail"
    if detail.get("ItemRef"):
        made["ItemRef"] = _reference(books, "Item", "Items", detail["ItemRef"], f"{here}.ItemRef")
    if detail.get("Qty") is None or detail.get("UnitPrice") is None:
        return made
    quantity, price = _money(detail["Qty"], f"{here}.Qty"), _money(detail["UnitPrice"], f"{here}.UnitPrice")
    made |= {"Qty": quantity, "UnitPrice": price}
    product = (quantity * price).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if product != amount:
        detail_text = f"Amount is not equal to UnitPrice * Qty. Supplied value:{amount}"
        raise errors.QuickBooksError("6070", "Amount calculation incorrect in the request.", detail_text, f"Line[{at - 1}].Amount")
    return made


def _money(value: Any, name: str) -> Decimal:
    """A number of at most five decimals, also when it is written as a text."""
    if value in (None, ""):
        raise errors.missing(name)
    try:
        number = Decimal(value) if not isinstance(value, bool | float) else Decimal("nan")
    except (InvalidOperation, TypeError, ValueError) as error:
        raise errors.wrong_value(name, value) from error
    if not number.is_finite() or int(number.normalize().as_tuple().exponent) < -5:
        raise errors.wrong_value(name, value)
    return number
