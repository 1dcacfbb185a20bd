"""Questions to NetSuite in SuiteQL: what stands under our keys, and the records of a table."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import count

from integrations.contract import Held, Period, Request, Sought, Transport
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.answers import fault_of, parsed
from integrations.faults import failure

PAGE = 1000
KEYS_PER_QUERY = 500
_MAIN_KINDS = {"CustInvc": "invoice", "CustCred": "creditMemo"}
_RECEIPTS = {"CustPymt": "customerPayment", "CustDep": "customerDeposit", "DepAppl": "depositApplication"}
_KINDS = _MAIN_KINDS | _RECEIPTS | {"SalesOrd": "salesOrder", "CustRfnd": "customerRefund"}
_RELEASED = ("F", "G")
"""An order that is wholly fulfilled: Pending Billing, and Billed."""
_DOCUMENTS = """
SELECT t.id, t.type, t.externalid, t.tranid, t.memo, t.foreigntotal, t.foreignamountunpaid, BUILTIN.DF(t.status) AS statusname,
  BUILTIN.DF(t.entity) AS customername,
  TO_CHAR(t.trandate, 'YYYY-MM-DD') AS day, c.symbol, p.periodname, p.closed, p.arlocked, l.subsidiary, l.createdfrom
FROM transaction t
  JOIN transactionline l ON l.transaction = t.id AND l.mainline = 'T'
  JOIN currency c ON c.id = t.currency
  LEFT JOIN accountingperiod p ON p.id = t.postingperiod
WHERE {condition}
"""
_OPEN_PERIODS = """
SELECT TO_CHAR(startdate, 'YYYY-MM-DD') AS day FROM accountingperiod
WHERE closed = 'F' AND arlocked = 'F' AND isquarter = 'F' AND isyear = 'F'
"""
_PERIODS = """
SELECT periodname, TO_CHAR(startdate, 'YYYY-MM-DD') AS firstday, TO_CHAR(enddate, 'YYYY-MM-DD') AS lastday, closed, alllocked, arlocked
FROM accountingperiod
WHERE isquarter = 'F' AND isyear = 'F' AND isadjust = 'F' AND isinactive = 'F'
  AND enddate >= TO_DATE(?, 'YYYY-MM-DD') AND startdate <= TO_DATE(?, 'YYYY-MM-DD')
ORDER BY startdate
"""

Row = Mapping[str, str]


def held(transport: Transport, account: Account, documents: Sequence[Sought]) -> dict[str, Held]:
    """What stands under record types and external ids. One query for up to 500 of them; absent keys are absent."""
    found: dict[str, Held] = {}
    wanted, keys = {(each.kind, each.key) for each in documents}, [each.key for each in documents]
    for start in range(0, len(keys), KEYS_PER_QUERY):
        chunk = keys[start : start + KEYS_PER_QUERY]
        for row in rows(transport, account, _documents(f"t.externalid IN ({', '.join('?' * len(chunk))})"), chunk):
            kind = _KINDS.get(row["type"], "")
            if (kind, row["externalid"]) in wanted:
                found[row["externalid"]] = _held(account, kind, row)
    return found


def made_from(transport: Transport, account: Account, kind: str, origins: Sequence[str]) -> Iterator[tuple[str, Held]]:
    """Documents of a kind that were made from records with these internal ids, with that of each."""
    types = {record: name for name, record in _KINDS.items()}
    condition = f"t.type = ? AND l.createdfrom IN ({', '.join('?' * len(origins))})"
    for row in rows(transport, account, _documents(condition), [types[kind], *origins]) if origins else ():
        yield row["createdfrom"], _held(account, kind, row)


def by_number(transport: Transport, account: Account, kind: str, number: str) -> list[Held]:
    """Documents of a record type with this number; when none has it, the one with this internal id."""
    types = {record: name for name, record in _KINDS.items()}
    found = list(rows(transport, account, _documents("t.type = ? AND t.tranid = ? ORDER BY t.id"), [types[kind], number]))
    if not found and number.isdecimal():
        found = list(rows(transport, account, _documents("t.type = ? AND t.id = ?"), [types[kind], number]))
    return [_held(account, kind, row) for row in found]


def listing(transport: Transport, account: Account, start: dt.date, end: dt.date) -> Iterator[Held]:
    """Invoices and credit memos dated from the one day to the other."""
    dated = "t.trandate BETWEEN TO_DATE(?, 'YYYY-MM-DD') AND TO_DATE(?, 'YYYY-MM-DD')"
    condition = f"t.type IN ({', '.join('?' * len(_MAIN_KINDS))}) AND {dated} ORDER BY t.id"
    for row in rows(transport, account, _documents(condition), [*_MAIN_KINDS, start.isoformat(), end.isoformat()]):
        yield _held(account, _KINDS[row["type"]], row)


def released(transport: Transport, account: Account, orders: Sequence[Sought]) -> set[str]:
    """The external ids of those sales orders that are wholly fulfilled. One query for up to 500 of them."""
    found: set[str] = set()
    keys = [each.key for each in orders]
    for start in range(0, len(keys), KEYS_PER_QUERY):
        chunk = keys[start : start + KEYS_PER_QUERY]
        marks = ", ".join("?" * len(chunk))
        query = f"SELECT t.externalid, t.status FROM transaction t WHERE t.type = 'SalesOrd' AND t.externalid IN ({marks})"  # noqa: S608
        found |= {row["externalid"] for row in rows(transport, account, query, chunk) if row.get("status") in _RELEASED}
    return found


def first_open_day(transport: Transport, account: Account, after: dt.date) -> dt.date | None:
    """The start of the first open posting period after a day."""
    days = [dt.date.fromisoformat(row["day"]) for row in rows(transport, account, _OPEN_PERIODS, [])]
    return min((day for day in days if day > after), default=None)


def periods(transport: Transport, account: Account, start: dt.date, end: dt.date) -> Iterator[Period]:
    """The months of the calendar, without quarters, years and adjustment periods, into which no invoice can be posted.

    Nothing is told of tax periods, which are records of their own.
    """
    for row in rows(transport, account, _PERIODS, [start.isoformat(), end.isoformat()]):
        yield Period(
            name=row["periodname"],
            start=dt.date.fromisoformat(row["firstday"]),
            end=dt.date.fromisoformat(row["lastday"]),
            open="T" not in (row.get("closed"), row.get("alllocked")),
            receivables_locked=row.get("arlocked") == "T",
        )


def rows(transport: Transport, account: Account, query: str, params: Sequence[str]) -> Iterator[Row]:
    """All rows of a query, page by page; names in lower case, an empty value is left out. Raises errors.DeliveryError."""
    for page in count():
        request = question(account, query, params, PAGE, page * PAGE)
        answer = transport.send(request)
        content = parsed(answer.body)
        if answer.status != 200 or not isinstance(content.get("items"), list):
            raise failure(fault_of(request, answer))
        yield from content["items"]
        if not content.get("hasMore"):
            return


def question(account: Account, query: str, params: Sequence[str] = (), limit: int = PAGE, offset: int = 0) -> Request:
    return Request(
        method="POST",
        url=f"{account.suiteql_url}?limit={limit}&offset={offset}",
        headers={"Content-Type": "application/json", "Prefer": "transient"},
        body=json.dumps({"q": " ".join(query.split()), "params": list(params)}).encode(),
        safe=True,
    )


def _documents(condition: str) -> str:
    return _DOCUMENTS.format(condition=condition)


def _held(account: Account, kind: str, row: Row) -> Held:
    """NetSuite's total of a credit memo is negative, as ours is; of money that comes in it is, too, and ours is not.

    A zero invoice owes nothing but is not paid.
    """
    total = Decimal(row["foreigntotal"]) if row.get("foreigntotal") else None
    if total is not None and kind in _RECEIPTS.values():
        total = abs(total)
    owed = Decimal(row.get("foreignamountunpaid") or 0)
    return Held(
        key=row.get("externalid", ""),
        external_id=row["id"],
        url=account.page_url(kind, row["id"]),
        number=row.get("tranid", ""),
        tag=row.get("memo", ""),
        total=total,
        currency=row.get("symbol", ""),
        status=row.get("statusname", "").rpartition(" : ")[2],
        paid=kind == "invoice" and bool(total) and not owed,
        date=dt.date.fromisoformat(row["day"]) if row.get("day") else None,
        period=row.get("periodname", ""),
        period_closed="T" in (row.get("closed"), row.get("arlocked")),
        subsidiary=row.get("subsidiary", ""),
        customer=row.get("customername", ""),
    )
