"""Questions to QuickBooks in its query language: documents by number or id, and the records of a table.

The statement is the body, so that its length is no matter; at most 1000 records come at once (Intuit, data queries, November 2026).
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from integrations.contract import CatalogueRow, Held, Period, Request, Sought, Transport
from integrations.destinations.quickbooks import records
from integrations.destinations.quickbooks.answers import fault_of, parsed
from integrations.destinations.quickbooks.company import Company
from integrations.faults import failure

PAGE = 1000
ASKED_AT_ONCE = 300
_CLOCKS = dt.timedelta(minutes=10)
_DAY = dt.timedelta(days=1)
_HEADERS = {"Content-Type": "application/text", "Accept": "application/json"}
# the names of a table's name and code
_TABLES: Mapping[str, tuple[str, str]] = {
    "Customer": ("DisplayName", ""),
    "Item": ("FullyQualifiedName", "Sku"),
    "TaxCode": ("Name", ""),
    "Class": ("FullyQualifiedName", ""),
}

Record = Mapping[str, Any]


def held(transport: Transport, company: Company, documents: Sequence[Sought]) -> dict[str, Held]:
    """What stands under these keys: by the ids that are known, then by number, then among what was made since they were first sent."""
    found: dict[str, Held] = {}
    for kind in dict.fromkeys(each.kind for each in documents):
        for ask in (_by_id, _by_number, _by_time):
            open_yet = [each for each in documents if each.kind == kind and each.key not in found]
            found |= ask(transport, company, kind, open_yet)
    return found


def by_number(transport: Transport, company: Company, kind: str, number: str) -> list[Held]:
    """Documents of a kind with this number; when none has it, the one with this id."""
    found = list(_where(transport, company, kind, "DocNumber", [number])) or list(_where(transport, company, kind, "Id", [number]))
    return [records.held(company, kind, record) for record in found]


def listing(transport: Transport, company: Company, start: dt.date, end: dt.date) -> Iterator[Held]:
    """Invoices and credit memos dated from the one day to the other."""
    for kind in records.NOUNS:
        for record in _select(transport, company, kind, f"TxnDate >= '{start}' AND TxnDate <= '{end}'"):
            yield records.held(company, kind, record)


def first_open_day(transport: Transport, company: Company, after: dt.date) -> dt.date:
    """The first day after this one that the books are not closed to."""
    closed = _closed_until(transport, company)
    return max(after, closed or after) + _DAY


def periods(transport: Transport, company: Company, start: dt.date, end: dt.date) -> Iterator[Period]:
    """Calendar months; the one in which the books are closed to a day in the middle comes as two."""
    closed, first = _closed_until(transport, company), start.replace(day=1)
    while first <= end:
        following = (first + 31 * _DAY).replace(day=1)
        last, name = following - _DAY, f"{first:%b %Y}"
        if closed and first <= closed < last:
            yield Period(name=name, start=first, end=closed, open=False)
            first = closed + _DAY
        yield Period(name=name, start=first, end=last, open=closed is None or last > closed)
        first = following


def _closed_until(transport: Transport, company: Company) -> dt.date | None:
    """The last day that the books are closed to; None while they are open."""
    preferences = read_preferences(transport, company)
    return records.day((preferences.get("AccountingInfoPrefs") or {}).get("BookCloseDate"))


def read_preferences(transport: Transport, company: Company) -> Record:
    """The company's preferences. Raises errors.DeliveryError."""
    request = Request(method="GET", url=company.url("preferences"), headers={"Accept": "application/json"}, safe=True)
    answer = transport.send(request)
    preferences = parsed(answer.body).get("Preferences")
    if answer.status != 200 or not isinstance(preferences, dict):
        raise failure(fault_of(request, answer))
    return preferences


def catalogue(transport: Transport, company: Company, table: str, since: dt.datetime | None) -> Iterator[CatalogueRow]:
    """The records of one of our tables, inactive ones too. KeyError for a table that this destination does not declare."""
    name, code = _TABLES[table]
    changed = f" AND MetaData.LastUpdatedTime >= '{_time(since)}'" if since else ""
    for record in _select(transport, company, table, f"Active IN (true, false){changed}"):
        number = str(record["Id"])
        yield CatalogueRow(
            id=number,
            name=str(record.get(name) or record.get("Name") or number),
            active=record.get("Active") is not False,
            code=str(record.get(code) or "") if code else "",
            email=str((record.get("PrimaryEmailAddr") or {}).get("Address") or ""),
            currencies=_currencies(record) if table == "Customer" else (),
        )


def _currencies(customer: Record) -> tuple[str, ...]:
    """A customer's currency is given with it and never changed (Intuit, Customer reference, November 2026)."""
    own = str((customer.get("CurrencyRef") or {}).get("value") or "")
    return (own,) if own else ()


def _by_id(transport: Transport, company: Company, kind: str, documents: Sequence[Sought]) -> dict[str, Held]:
    """What we posted is known by its id, whatever its note says now."""
    keys = {each.external_id: each.key for each in documents if each.external_id}
    found = {keys[record["Id"]]: record for record in _where(transport, company, kind, "Id", list(keys))}
    return {key: replace(records.held(company, kind, record), key=key) for key, record in found.items()}


def _by_number(transport: Transport, company: Company, kind: str, documents: Sequence[Sought]) -> dict[str, Held]:
    numbers = list(dict.fromkeys(each.number for each in documents if each.number))
    return _noted(company, kind, documents, _where(transport, company, kind, "DocNumber", numbers))


def _by_time(transport: Transport, company: Company, kind: str, documents: Sequence[Sought]) -> dict[str, Held]:
    """Companies without custom transaction numbers give numbers of their own; the private note cannot be asked for."""
    times = [each.since for each in documents if each.since]
    if not times:
        return {}
    made = _select(transport, company, kind, f"MetaData.CreateTime >= '{_time(min(times) - _CLOCKS)}'")
    return _noted(company, kind, documents, made)


def _noted(company: Company, kind: str, documents: Sequence[Sought], found: Iterable[Record]) -> dict[str, Held]:
    """Those whose private note says that they are ours; of doubles the first one made."""
    wanted, noted = {each.key for each in documents}, dict[str, Held]()
    for record in found:
        each = records.held(company, kind, record)
        if each.key in wanted and each.key not in noted:
            noted[each.key] = each
    return noted


def _where(transport: Transport, company: Company, kind: str, field: str, values: Sequence[str]) -> Iterator[Record]:
    for start in range(0, len(values), ASKED_AT_ONCE):
        listed = ", ".join(f"'{_escaped(value)}'" for value in values[start : start + ASKED_AT_ONCE])
        yield from _select(transport, company, kind, f"{field} IN ({listed})")


def _select(transport: Transport, company: Company, kind: str, condition: str) -> Iterator[Record]:
    """All records that meet a condition, page by page. Raises errors.DeliveryError."""
    for page in count():
        statement = f"SELECT * FROM {kind} WHERE {condition} STARTPOSITION {page * PAGE + 1} MAXRESULTS {PAGE}"  # noqa: S608 - escaped
        request = Request(method="POST", url=company.url("query"), headers=_HEADERS, body=statement.encode(), safe=True)
        answer = transport.send(request)
        content = parsed(answer.body).get("QueryResponse")
        if answer.status != 200 or not isinstance(content, dict):
            raise failure(fault_of(request, answer))
        rows = content.get(kind) or []
        yield from rows
        if len(rows) < PAGE:
            return


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _time(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
