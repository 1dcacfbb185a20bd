"""The books as SQL rows: what SuiteQL sees.

Signs are the ledger's: on an invoice the main line is positive and the item lines negative, on a credit memo the other way round,
and a credit memo's total is negative.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from integrations.destinations.netsuite.emulation import applying, links, orders, render, statuses
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.schema import RecordType, targets

Row = dict[str, Any]

_TRANSACTION = """
    id INTEGER, externalid, tranid, trandisplayname, trandate DAY, duedate DAY, memo, otherrefnum, entity INTEGER, currency INTEGER,
    exchangerate NUMERIC, subsidiary INTEGER, department INTEGER, location INTEGER, class INTEGER, postingperiod INTEGER,
    foreigntotal NUMERIC, total NUMERIC, foreignamountunpaid NUMERIC, foreignamountpaid NUMERIC,
    foreignpaymentamountused NUMERIC, foreignpaymentamountunused NUMERIC, status, type, recordtype, abbrevtype,
    voided, void, posting, createddate STAMP, lastmodifieddate STAMP, closedate DAY, entity__display, currency__display, status__display,
    postingperiod__display, subsidiary__display, type__display
"""
_TRANSACTION_LINE = """
    "transaction" INTEGER, id INTEGER, linesequencenumber INTEGER, uniquekey INTEGER, mainline, item INTEGER, itemtype, quantity NUMERIC,
    rate NUMERIC, foreignamount NUMERIC, netamount NUMERIC, memo, department INTEGER, location INTEGER, class INTEGER, entity INTEGER,
    subsidiary INTEGER, createdfrom INTEGER, item__display
"""
TABLES: dict[str, str] = {
    links.TABLE: links.COLUMNS,
    "transaction": _TRANSACTION,
    "transactionline": _TRANSACTION_LINE,
    "customer": "id INTEGER, externalid, entityid, companyname, email, isinactive, isperson, firstname, lastname, subsidiary INTEGER, "
    "currency INTEGER, lastmodifieddate STAMP, datecreated STAMP",
    "item": "id INTEGER, externalid, itemid, displayname, description, itemtype, isfulfillable, isinactive, lastmodifieddate STAMP",
    "currency": "id INTEGER, name, symbol, currencyprecision INTEGER, isbasecurrency, isinactive",
    "subsidiary": "id INTEGER, name, currency INTEGER, parent INTEGER, country, isinactive",
    "department": "id INTEGER, name, parent INTEGER, isinactive",
    "location": "id INTEGER, name, parent INTEGER, isinactive",
    "classification": "id INTEGER, name, parent INTEGER, isinactive",
    "account": "id INTEGER, acctnumber, acctname, accttype, accountsearchdisplayname, fullname, currency INTEGER, isinactive",
    "accountingperiod": """id INTEGER, periodname, startdate DAY, enddate DAY, closed, alllocked, arlocked, isadjust, isposting, isquarter,
    isyear, isinactive""",
    "salestaxitem": "id INTEGER, itemid, name, isinactive",
    "paymentmethod": "id INTEGER, name, isinactive",
    "customfield": "internalid INTEGER, scriptid, name, fieldtype, fieldvaluetype, isinactive",
}
_SPENT = ("creditMemo", "customerPayment", "customerDeposit")


def table_of(kind: RecordType) -> str:
    """The SQL table that holds records of this type, empty for none."""
    name = {"transaction": "transaction", "item": "item"}.get(kind.family, kind.name.lower())
    return name if name in TABLES else ""


def owned(table: str) -> tuple[str, ...]:
    """The tables that a record of this table puts rows into."""
    return (table, "transactionline", links.TABLE) if table == "transaction" else (table,)


def rows(books: Books, kind: RecordType, stored: Record) -> Iterable[tuple[str, Row]]:
    """(table, row) for everything that one record puts into the tables."""
    table = table_of(kind)
    if table:
        yield table, _BUILDERS.get(table, _plain)(books, kind, stored)
    if table == "transaction":
        yield from (("transactionline", row) for row in _lines(books, kind, stored))
        yield from ((links.TABLE, row) for row in links.rows(books, kind, stored))


def text(value: Any) -> Any:
    """A stored value as SuiteQL has it: T or F, an id, or plain text."""
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, dict):
        return value.get("id")
    return f"{value:f}" if isinstance(value, Decimal) else value


def _plain(books: Books, kind: RecordType, stored: Record) -> Row:
    row = {name.lower(): text(value) for name, value in stored.items() if name not in kind.sublists}
    return {"isinactive": "F", **row, "datecreated": stored["createdDate"]}


def _item(books: Books, kind: RecordType, stored: Record) -> Row:
    fulfillable = stored.get("isFulfillable", kind.name in orders.GOODS)
    return _plain(books, kind, stored) | {"itemtype": kind.code, "isfulfillable": text(fulfillable)}


def _period(books: Books, kind: RecordType, stored: Record) -> Row:
    limit = books.settings.closed_before
    shut = limit is not None and stored["endDate"] < limit.isoformat()
    flags = {
        "closed": text(bool(stored.get("closed")) or shut),
        "isquarter": "F",
        "isyear": "F",
        "isadjust": "F",
        "alllocked": text(bool(stored.get("allLocked"))),
        "arlocked": text(bool(stored.get("arLocked"))),
    }
    return _plain(books, kind, stored) | flags


def _account(books: Books, kind: RecordType, stored: Record) -> Row:
    name = stored.get("acctName") or stored.get("name")
    return _plain(books, kind, stored) | {"accountsearchdisplayname": name, "fullname": name}


def _transaction(books: Books, kind: RecordType, stored: Record) -> Row:
    letter, state = statuses.of(books, kind, stored)
    total, paid = _sign(kind) * stored.get("total", Decimal(0)), books.paid(stored["id"])
    row = _plain(books, kind, stored) | {
        "type": kind.code,
        "abbrevtype": kind.prefix,
        "recordtype": kind.name.lower(),
        "trandisplayname": f"{kind.label} #{stored['tranId']}",
        "entity": stored[kind.customer_field]["id"],
        "foreigntotal": text(total),
        "total": text(total),
        "status": letter,
        "voided": text(state == statuses.VOIDED),
        "posting": text(kind.name not in ("salesOrder", "itemFulfillment")),
        "status__display": f"{kind.label} : {state}",
        "type__display": kind.label,
        "createddate": stored["createdDate"],
    }
    if kind.name == "invoice":
        row |= {"foreignamountunpaid": text(total - paid), "foreignamountpaid": text(paid)}
    if kind.name in _SPENT:
        rest = applying.left(books, stored)
        row |= {"foreignpaymentamountunused": text(rest), "foreignpaymentamountused": text(stored["total"] - rest)}
    shown = {"entity": "customer", "currency": "currency", "subsidiary": "subsidiary", "postingperiod": "accountingPeriod"}
    return row | {f"{name}__display": _display(books, target, row.get(name)) for name, target in shown.items()}


def _display(books: Books, kind: str, number: str | None) -> str | None:
    found = books.find(targets(kind), number) if number else None
    return render.name_of(found) if found else None


def _sign(kind: RecordType) -> int:
    return -1 if kind.name in (*_SPENT, "depositApplication") else 1


def _lines(books: Books, kind: RecordType, stored: Record) -> Iterable[Row]:
    """The main line, then one row per item line."""
    sign, party = _sign(kind), stored[kind.customer_field]["id"]
    made_from = text(stored.get("createdFrom") or stored.get("deposit") if kind.name != "customerPayment" else None)
    shared = {"transaction": stored["id"], "entity": party, "subsidiary": stored["subsidiary"]["id"], "createdfrom": made_from}
    total = text(sign * stored.get("total", Decimal(0)))
    yield {
        **shared,
        "id": 0,
        "linesequencenumber": 0,
        "mainline": "T",
        "foreignamount": total,
        "netamount": total,
        "memo": stored.get("memo"),
    }
    for line in stored.get("item", []):
        amount = text(-sign * line.get("amount", Decimal(0)))
        quantity = text(-sign * line["quantity"]) if "quantity" in line else None
        custom = {key.lower(): text(value) for key, value in line.items()}
        yield (
            custom
            | shared
            | {
                "id": line["line"],
                "linesequencenumber": line["line"],
                "uniquekey": line["lineUniqueKey"],
                "mainline": "F",
                "quantity": quantity,
                "foreignamount": amount,
                "netamount": amount,
                "memo": line.get("description"),
                "item__display": _display(books, "item", line.get("item", {}).get("id")),
            }
        )


_BUILDERS: dict[str, Callable[[Books, RecordType, Record], Row]] = {
    "transaction": _transaction,
    "item": _item,
    "accountingperiod": _period,
    "account": _account,
}
