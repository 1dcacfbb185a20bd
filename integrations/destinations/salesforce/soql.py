"""Questions to Salesforce in SOQL: what stands under our keys, and the records of a table."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from integrations.contract import CatalogueRow, Held, Request, Transport
from integrations.destinations.salesforce.answers import fault_of, parsed
from integrations.destinations.salesforce.fields import Names, relationship
from integrations.destinations.salesforce.org import Org
from integrations.faults import failure

LONGEST = 12_000
"""Characters of keys in one query: an address has at most 16,384 (Salesforce limits cheat sheet, November 2026)."""

# table of ours: (object, its columns for name, code, e-mail and whether it is active)
_TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Account": ("Account", {"name": "Name", "code": "AccountNumber"}),
    "Product2": ("Product2", {"name": "Name", "code": "ProductCode", "active": "IsActive"}),
}
_PLAIN = "',()"
_SHOWN = ("number", "tag", "total", "currency", "status", "date")

Row = Mapping[str, Any]


def held(transport: Transport, org: Org, names: Names, keys: Sequence[str]) -> dict[str, Held]:
    """What stands under these external ids, with the ids of its lines. Two queries for about 300 of them; absent keys are absent."""
    found: dict[str, Held] = {}
    for chunk in _chunks(keys):
        for row in rows(transport, org, f"{_select(names)} WHERE {names.bill_id} IN ({chunk})"):
            found[row[names.bill_id]] = _held(org, names, row)
        for key, lines in _lines(transport, org, names, chunk).items():
            if key in found:
                found[key] = replace(found[key], lines=lines)
    return found


def by_number(transport: Transport, org: Org, names: Names, number: str) -> list[Held]:
    """Records with this number; when none has it, the one with this id."""
    field = names.fields.get("number", "Name")
    found = list(rows(transport, org, f"{_select(names)} WHERE {field} = {text(number)}"))
    if not found and len(number) in (15, 18) and number.isalnum():
        found = list(rows(transport, org, f"{_select(names)} WHERE Id = {text(number)}"))
    return [_held(org, names, row) for row in found]


def listing(transport: Transport, org: Org, names: Names, start: dt.date, end: dt.date) -> Iterator[Held]:
    """Records dated from the one day to the other; all of them when no field holds the date."""
    field = names.fields.get("date")
    dated = f" WHERE {field} >= {start.isoformat()} AND {field} <= {end.isoformat()}" if field else ""
    for row in rows(transport, org, f"{_select(names)}{dated} ORDER BY Id"):
        yield _held(org, names, row)


def catalogue(transport: Transport, org: Org, table: str, since: dt.datetime | None = None) -> Iterator[CatalogueRow]:
    """The records of one of our tables, with `since` those changed from then on. KeyError for a table that is not declared."""
    source, columns = _TABLES[table]
    changed = f" WHERE SystemModstamp >= {since.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}" if since else ""
    for row in rows(transport, org, f"SELECT Id, {', '.join(columns.values())} FROM {source}{changed} ORDER BY Id"):  # noqa: S608 - our own names
        values = {name: str(row.get(column) or "") for name, column in columns.items()}
        active = row.get(columns.get("active", ""), True) is not False
        yield CatalogueRow(id=row["Id"], name=values["name"] or row["Id"], code=values["code"], active=active)


def rows(transport: Transport, org: Org, query: str) -> Iterator[Row]:
    """All records of a query, page by page. Raises errors.DeliveryError."""
    url = f"{org.data}/query?q={quote_plus(query, safe=_PLAIN)}"
    while url:
        answer = transport.send(Request(method="GET", url=url, safe=True))
        content = parsed(answer.body)
        if answer.status != 200 or not isinstance(content.get("records"), list):
            raise failure(fault_of(answer))
        yield from content["records"]
        following = content.get("nextRecordsUrl")
        url = f"{org.root}{following}" if following else ""


def text(value: str) -> str:
    """A SOQL string."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def _chunks(keys: Sequence[str]) -> Iterator[str]:
    """Keys as lists for IN, each short enough for an address."""
    chunk: list[str] = []
    for key in dict.fromkeys(keys):
        literal = text(key)
        if chunk and sum(len(quote_plus(each, safe=_PLAIN)) + 2 for each in (*chunk, literal)) > LONGEST:
            yield ", ".join(chunk)
            chunk = []
        chunk.append(literal)
    if chunk:
        yield ",".join(chunk)


def _select(names: Names) -> str:
    customer = [f"{relationship(names.fields['account'])}.Name"] if "account" in names.fields else []
    wanted = dict.fromkeys(["Id", names.bill_id, *(names.fields[key] for key in _SHOWN if key in names.fields), *customer])
    return f"SELECT {', '.join(wanted)} FROM {names.bill}"  # noqa: S608 - names that the options were checked for


def _lines(transport: Transport, org: Org, names: Names, chunk: str) -> dict[str, dict[str, str]]:
    """{the Bill's key: {the line's key: the line's id}}; lines without a key of ours are not ours."""
    parent = relationship(names.fields["lineInvoice"])
    owner = f"{parent}.{names.bill_id}"
    found: dict[str, dict[str, str]] = {}
    for row in rows(transport, org, f"SELECT Id, {names.line_id}, {owner} FROM {names.line} WHERE {owner} IN ({chunk})"):  # noqa: S608
        if row.get(names.line_id):
            found.setdefault(row[parent][names.bill_id], {})[row[names.line_id]] = row["Id"]
    return found


def _held(org: Org, names: Names, row: Row) -> Held:
    shown = {key: row.get(names.fields.get(key, "")) for key in _SHOWN}
    total, day = shown["total"], shown["date"]
    account = row.get(relationship(names.fields["account"])) if "account" in names.fields else None
    return Held(
        key=str(row.get(names.bill_id) or ""),
        external_id=row["Id"],
        url=org.page_url(row["Id"]),
        number=str(shown["number"] or ""),
        tag=str(shown["tag"] or ""),
        total=None if total is None else Decimal(total),
        currency=str(shown["currency"] or ""),
        status=str(shown["status"] or ""),
        date=dt.date.fromisoformat(day) if day else None,
        customer=str((account or {}).get("Name") or ""),
    )
