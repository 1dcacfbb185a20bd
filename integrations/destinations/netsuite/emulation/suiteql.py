"""SuiteQL: the tables in SQLite, brought up to date before each query, and read only.

Dates come out as the account shows them, 9/30/2026 (observed behaviour of the REST endpoint in 2026: ask for TO_CHAR to get another form).
"""

import re
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from integrations.destinations.netsuite.emulation import links, permissions, tables
from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, invalid_request
from integrations.destinations.netsuite.emulation.lists import page_of
from integrations.destinations.netsuite.emulation.records import parse
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

PATH = "/services/rest/query/v1/suiteql"
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_DISPLAY = re.compile(r"BUILTIN\.DF\s*\(\s*([\w.]+)\s*\)", re.IGNORECASE)
_KEYWORD = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\")|\btransaction\b", re.IGNORECASE)
_ORACLE_FORMAT = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S"}

sqlite3.register_converter("DAY", lambda raw: _shown_day(raw.decode()))
sqlite3.register_converter("STAMP", lambda raw: _shown_day(raw.decode()))


class Query:
    """One account's tables. Hold the books' lock for every call."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._fields: frozenset[str] = frozenset()
        self._closed_before: date | None = None
        self._unseen: tuple[str, ...] = ()
        self._open()

    def handle(self, request: Request) -> Response:
        """Answers POST /services/rest/query/v1/suiteql."""
        if request.method != "POST":
            raise NetSuiteError(405, "METHOD_NOT_ALLOWED", "Send the query with POST.")
        if request.header("Prefer").strip().lower() != "transient":
            raise invalid_request("The required request header 'Prefer' is missing or incorrect. Use 'Prefer: transient'.")
        content = parse(request.body)
        limit, offset = page_of(request)
        if not isinstance(content, dict) or not isinstance(content.get("q"), str):
            raise invalid_request("The body must be an object with the query as q.")
        rows = self.rows(content["q"], content.get("params") or [])
        items = [{"links": [], **row} for row in rows[offset : offset + limit]]
        more = offset + limit < len(rows)
        shape = {"links": [], "count": len(items), "hasMore": more, "items": items, "offset": offset, "totalResults": len(rows)}
        return jsons.answer(shape, media="application/vnd.oracle.resource+json; type=collection")

    def rows(self, sql: str, params: list[Any]) -> list[dict[str, str]]:
        """All rows, keys in lower case, values as text, empty values left out. Raises NetSuiteError for a wrong query."""
        permissions.check_query(self._books, sql)
        self._refresh()
        self._db.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY)
        try:
            cursor = self._db.execute(_translate(sql), [str(value) for value in params])
            names = [column[0].lower() for column in cursor.description or ()]
            return [{name: _text(value) for name, value in zip(names, row, strict=True) if value is not None} for row in cursor]
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise invalid_request(
                f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {error}."
            ) from error
        finally:
            self._db.set_authorizer(None)

    def _open(self) -> None:
        """Empty tables with a column for every custom field, to be filled by the next refresh."""
        self._db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES)
        self._db.create_function("TO_DATE", 2, lambda value, form: _parse_day(value, form), deterministic=True)
        self._db.create_function("TO_CHAR", 2, lambda value, form: _format_day(value, form), deterministic=True)
        self._db.create_function("NVL", 2, lambda value, other: other if value is None else value, deterministic=True)
        self._fields = frozenset(self._books.custom_fields)
        owners = {"custbody": "transaction", "custcol": "transactionline", "custentity": "customer", "custitem": "item"}
        for name, columns in tables.TABLES.items():
            custom = [f', "{field.lower()}"' for field in sorted(self._fields) if owners.get(field.partition("_")[0]) == name]
            self._db.execute(f'CREATE TABLE "{name}" (record_type, record_id, {columns}{"".join(custom)})')
            self._db.execute(f'CREATE INDEX "{name}_key" ON "{name}" (record_type, record_id)')
        for name, query in links.VIEWS.items():
            self._db.execute(f"CREATE VIEW {name} AS {query}")
        self._db.executemany("INSERT INTO customfield VALUES (NULL, NULL, ?, ?, ?, ?, ?, 'F')", self._custom_fields())
        self._db.execute('CREATE INDEX external ON "transaction" (externalid)')
        self._db.execute('CREATE INDEX line_of ON transactionline ("transaction")')
        self._columns = {name: {row[1] for row in self._db.execute(f'PRAGMA table_info("{name}")')} for name in tables.TABLES}
        self._books.changed |= {(kind, number) for kind, table in self._books.records.items() for number in table}

    def _custom_fields(self) -> Iterator[tuple[int, str, str, str, str]]:
        """Script id, a name made of it, where the field belongs and what it holds."""
        kinds = {"custbody": "BODY", "custcol": "COLUMN", "custentity": "ENTITY", "custitem": "ITEM"}
        for number, (field, holds) in enumerate(sorted(self._books.custom_fields.items()), 1):
            prefix, _, name = field.partition("_")
            yield number, field.upper(), name.replace("_", " ").capitalize(), kinds.get(prefix, ""), holds

    def _refresh(self) -> None:
        """Brings the rows of every changed record up to date."""
        books = self._books
        if frozenset(books.custom_fields) != self._fields:
            self._open()
        if books.settings.closed_before != self._closed_before:
            self._closed_before = books.settings.closed_before
            books.changed |= {("accountingPeriod", number) for number in books.records["accountingPeriod"]}
        if books.settings.permissions_missing != self._unseen:
            self._unseen = books.settings.permissions_missing
            books.changed |= {(kind, number) for kind, table in books.records.items() for number in table}
        self._db.execute("BEGIN")
        while books.changed:
            self._replace(*books.changed.pop())
        self._db.execute("COMMIT")

    def _replace(self, name: str, number: str) -> None:
        kind, table = RECORD_TYPES[name], tables.table_of(RECORD_TYPES[name])
        if not table:
            return
        for owner in tables.owned(table):
            self._db.execute(f'DELETE FROM "{owner}" WHERE record_type = ? AND record_id = ?', (name, number))  # noqa: S608
        stored = self._books.records[name].get(number)
        if stored and not permissions.missing(self._books, name):
            for owner, row in tables.rows(self._books, kind, stored):
                self._insert(owner, {"record_type": name, "record_id": number, **row})

    def _insert(self, table: str, row: tables.Row) -> None:
        known = {name: value for name, value in row.items() if name in self._columns[table]}
        columns = ", ".join(f'"{name}"' for name in known)
        marks = ", ".join("?" * len(known))
        self._db.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', list(known.values()))  # noqa: S608


def _translate(sql: str) -> str:
    """SuiteQL in SQLite's words: `transaction` is a keyword there, and BUILTIN.DF is a column of its own here."""
    return _KEYWORD.sub(lambda match: match[1] or '"transaction"', _DISPLAY.sub(r"\1__display", sql))


def _text(value: Any) -> str:
    """Numbers without an exponent and without needless zeros."""
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}'):f}"
    return str(value)


def _shown_day(iso: str) -> str:
    day = date.fromisoformat(iso[:10])
    return f"{day.month}/{day.day}/{day.year}"


def _python_format(form: str) -> str:
    for oracle, python in _ORACLE_FORMAT.items():
        form = form.replace(oracle, python)
    return form


def _parse_day(value: str | None, form: str) -> str | None:
    return None if value is None else datetime.strptime(value, _python_format(form)).date().isoformat()


def _format_day(value: str | None, form: str) -> str | None:
    return None if value is None else datetime.fromisoformat(str(value)).strftime(_python_format(form))
