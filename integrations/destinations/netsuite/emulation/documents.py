"""The business rules of transactions: who, when, how much, and what may no longer change."""

from datetime import UTC, date, datetime, timedelta

from integrations.destinations.netsuite.emulation import applying, lines, orders, receipts
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.catalogue import period_id
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, invalid_key, user_error
from integrations.destinations.netsuite.emulation.schema import RecordType

DAYS_TO_PAY = 30
LABELS = {"department": "Department", "location": "Location", "class": "Class", "otherRefNum": "PO #", "memo": "Memo"}


def complete(books: Books, kind: RecordType, record: Record, before: Record | None, trusted: bool = False) -> None:
    """Fills in what the system derives and refuses what the books forbid, which is less for a `trusted` hand. Raises NetSuiteError."""
    receipts.refuse_method(books, kind, record)
    _inherit(books, kind, record)
    _party(books, kind, record)
    record.setdefault("tranDate", datetime.now(UTC).date().isoformat())
    if kind.is_sale and not trusted:
        _require(books, kind, record)
    if kind.name == "salesOrder" and before is None and books.settings.orders_need_approval:
        record.setdefault("orderStatus", {"id": "A"})
    _amounts(books, kind, record, trusted)
    if not trusted:
        _open_period(books, record, before)
    _period(books, record, before)
    if "dueDate" in kind.fields:
        record.setdefault("dueDate", (date.fromisoformat(record["tranDate"]) + timedelta(DAYS_TO_PAY)).isoformat())
    record["tranId"] = record.get("tranId") or books.new_number(kind)
    if before and not trusted and kind.name == "invoice":
        _unpaid(books, record, before)
    if before and not trusted and kind.name == "salesOrder":
        orders.refuse_undone(books, record)
    if not trusted:
        _number(books, kind, record)


def settle(books: Books, kind: RecordType, record: Record) -> None:
    """What the saved record pays of which invoices."""
    if "apply" in kind.sublists:
        books.apply(record["id"], applying.taken(kind, record))


def refuse_closed(books: Books, record: Record, code: str = "CLOSED_TRAN_PRD") -> None:
    """Raises if the record's date is in a closed period; `code` tells a change from a new document."""
    day = date.fromisoformat(record["tranDate"])
    period = books.records["accountingPeriod"].get(period_id(day))
    shut = books.settings.closed_before is not None and day < books.settings.closed_before
    if period and not period.get("closed") and not shut:
        return
    name = period["periodName"] if period else day.isoformat()
    if code == "VALID_PRD_REQD":
        raise NetSuiteError(
            400, code, f"There is no valid open posting period for the date {day:%-m/%-d/%Y}: {name} is closed.", "tranDate"
        )
    raise NetSuiteError(400, code, f"The G/L impact of a transaction in a closed period cannot be changed: {name} is closed.", "tranDate")


def _inherit(books: Books, kind: RecordType, record: Record) -> None:
    """What a document has from the one that it was made from."""
    order = books.records["salesOrder"].get(record.get("createdFrom", {}).get("id", ""))
    if kind.name == "itemFulfillment" and order:
        record |= {name: order[name] for name in ("entity", "subsidiary", "currency")}
        record["item"] = record.get("item") or orders.shipment(books, order)
    if kind.name == "depositApplication" and "deposit" in record:
        deposit = books.records["customerDeposit"][record["deposit"]["id"]]
        record |= {name: deposit[name] for name in ("customer", "subsidiary", "currency")}


def _party(books: Books, kind: RecordType, record: Record) -> None:
    """Customer, subsidiary and currency, each from the other where it is left out."""
    field = kind.customer_field
    if field not in record:
        raise user_error("Please enter value(s) for: Customer.")
    customer = books.records["customer"][record[field]["id"]]
    home = customer.get("subsidiary", {"id": "1"})
    record.setdefault("subsidiary", home)
    if record["subsidiary"]["id"] != home["id"]:
        raise invalid_key(f"Invalid {field} reference key {customer['id']} for subsidiary {record['subsidiary']['id']}.", field)
    record.setdefault("currency", customer.get("currency", {"id": "1"}))
    allowed = [line["currency"]["id"] for line in customer.get("currencyList", [])]
    if allowed and record["currency"]["id"] not in allowed:
        raise invalid_key(f"Invalid currency reference key {record['currency']['id']} for {field} {customer['id']}.", "currency")


def _require(books: Books, kind: RecordType, record: Record) -> None:
    """The header fields that the account's form insists on, given by field name or label in any case."""
    known = {name.lower(): name for name in [*books.custom_fields, *kind.fields]} | {label.lower(): name for name, label in LABELS.items()}
    wanted = [known.get(name.lower(), name) for name in books.settings.required_fields]
    missing = [LABELS.get(name, name) for name in wanted if record.get(name) in (None, "")]
    if missing:
        raise user_error(f"Please enter value(s) for: {', '.join(missing)}.")


def _amounts(books: Books, kind: RecordType, record: Record, trusted: bool) -> None:
    if kind.name == "itemFulfillment":
        lines.number(books, record.get("item", []))
        if not trusted:
            orders.check_shipment(books, record)
    elif kind.has_lines:
        lines.complete(books, record)
    else:
        receipts.complete(books, kind, record, trusted)
    if "apply" in kind.sublists or "payment" in kind.fields:
        applying.check(books, kind, record)


def _open_period(books: Books, record: Record, before: Record | None) -> None:
    """A document may neither leave nor enter a closed period."""
    if before:
        refuse_closed(books, before)
    refuse_closed(books, record, "CLOSED_TRAN_PRD" if before else "VALID_PRD_REQD")
    _tax_period(books, record, before)
    given = record.get("postingPeriod")
    if given and books.records["accountingPeriod"][given["id"]].get("closed"):
        raise NetSuiteError(400, "VALID_PRD_REQD", "The posting period that you chose is closed.", "postingPeriod")


def _tax_period(books: Books, record: Record, before: Record | None) -> None:
    """A new document needs an open tax period for its day."""
    day, limit = date.fromisoformat(record["tranDate"]), books.settings.tax_closed_before
    if before is None and limit is not None and day < limit:
        sentence = f"Insert Transaction failed: no valid open tax period for date {day:%-m/%-d/%Y}."
        raise NetSuiteError(
            400, "VALID_PRD_REQD", f"{sentence} Please visit Setup->Manage Tax Periods to setup a new tax period.", "tranDate"
        )


def _period(books: Books, record: Record, before: Record | None) -> None:
    """The posting period follows the date unless it is given."""
    kept = before is not None and before.get("postingPeriod") == record.get("postingPeriod")
    if kept or "postingPeriod" not in record:
        record["postingPeriod"] = {"id": period_id(date.fromisoformat(record["tranDate"]))}


def _number(books: Books, kind: RecordType, record: Record) -> None:
    holder = books.by_number.get((kind.name, record["tranId"]))
    if books.settings.unique_tran_id and holder not in (None, record["id"]):
        raise NetSuiteError(400, "DUP_RCRD", "This record already exists", "tranId")


def _unpaid(books: Books, record: Record, before: Record) -> None:
    """The total of an invoice that is paid, or below what is paid, cannot change."""
    paid = books.paid(record["id"])
    fully = paid != 0 and paid == before["total"]
    if record["total"] != before["total"] and (fully or record["total"] < paid):
        state = "Paid In Full" if fully else f"Paid in part: {paid}"
        raise user_error(f"The total of this invoice cannot be changed because payments are applied to it ({state}).")
