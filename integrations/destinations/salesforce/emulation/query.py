"""SOQL, as far as clients of ours and well-known ones ask it: fields, parents' fields, conditions, order, limit, COUNT()."""

import re
from collections.abc import Sequence
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedInput, VisitError

from integrations.destinations.salesforce.emulation.books import Books, Record
from integrations.destinations.salesforce.emulation.conditions import GRAMMAR, Conditions, Value, folded
from integrations.destinations.salesforce.emulation.errors import SalesforceError, invalid_field
from integrations.destinations.salesforce.emulation.schema import Kind
from integrations.emulation.contract import Request

PAGE = 2000


class Query:
    """One org's queries and what is left of them. Hold the books' lock for every call."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._left: dict[str, tuple[list[dict[str, Any]], int]] = {}
        self._parser = Lark(GRAMMAR, start="query", parser="lalr")

    def ask(self, text: str, request: Request) -> dict[str, Any]:
        """The first page of an answer. Raises SalesforceError."""
        try:
            tree = self._parser.parse(text)
        except UnexpectedInput as error:
            column = getattr(error, "column", 0)
            raise SalesforceError(400, "MALFORMED_QUERY", f"unexpected token at column {column}: {text[:80]}") from None
        size = re.search(r"batchSize=(\d+)", request.header("Sforce-Query-Options"))
        rows, total = _Answer(self._books).of(tree)
        return self._page(rows, 0, min(int(size[1]), PAGE) if size else PAGE, total)

    def page(self, name: str) -> dict[str, Any]:
        cursor, _, start = name.partition("-")
        if cursor not in self._left or not start.isdecimal():
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        rows, size = self._left[cursor]
        return self._page(rows, int(start), size, None, cursor)

    def _page(self, rows: list[dict[str, Any]], start: int, size: int, total: int | None, cursor: str = "") -> dict[str, Any]:
        """A page; what is left waits under a cursor."""
        end = start + size
        answer = {"totalSize": len(rows) if total is None else total, "done": end >= len(rows), "records": rows[start:end]}
        if answer["done"]:
            return answer
        if not cursor:
            cursor = f"01g{len(self._left):012d}AAA"
            self._left[cursor] = (rows, size)
        return answer | {"nextRecordsUrl": f"/services/data/v62.0/query/{cursor}-{end}"}


class _Answer:
    def __init__(self, books: Books) -> None:
        self._books = books

    def of(self, tree: Any) -> tuple[list[dict[str, Any]], int | None]:
        """(rows, the total where it is not their number)."""
        fields, name, *rest = tree.children
        kind = self._kind(str(name))
        clauses = {str(clause.data): clause.children for clause in rest}
        found = self._where(kind, clauses.get("where"))
        for sort in reversed(clauses.get("order", [])):
            self._sort(found, self._value(kind, str(sort.children[0])), [str(word).upper() for word in sort.children[1:]])
        start = int(clauses["offset"][0]) if "offset" in clauses else 0
        found = found[start : start + int(clauses["limit"][0])] if "limit" in clauses else found[start:]
        if str(fields.children[0]).upper().startswith("COUNT"):
            return [], len(found)
        paths = [self._path(kind, str(path)) for path in fields.children]
        return [self._shown(kind, record, paths) for record in found], None

    def _sort(self, found: list[Record], value: Value, words: Sequence[str]) -> None:
        """In place; empty values first."""
        found.sort(key=lambda record: (value(record) is not None, folded(value(record)) or 0), reverse="DESC" in words)

    def _kind(self, name: str) -> Kind:
        try:
            return self._books.kind(name)
        except SalesforceError:
            raise SalesforceError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.") from None

    def _where(self, kind: Kind, clause: Sequence[Any] | None) -> list[Record]:
        records = list(self._books.records[kind.name].values())
        if clause is None:
            return records
        try:
            test = Conditions(lambda path: self._value(kind, path)).transform(clause[0])
        except VisitError as error:
            raise error.orig_exc from None
        return [record for record in records if test(record)]

    def _path(self, kind: Kind, text: str) -> list[str]:
        """The path in the object's own spelling. Raises SalesforceError."""
        *parents, name = text.split(".")
        relations = {field.relationship.lower(): field for field in kind.fields.values() if field.target}
        if parents:
            field = relations.get(parents[0].lower())
            if field is None:
                raise SalesforceError(400, "INVALID_FIELD", f"Didn't understand relationship '{parents[0]}' in field path.")
            return [field.relationship, *self._path(self._books.kind(field.target), ".".join([*parents[1:], name]))]
        found = next((field for field in kind.fields if field.lower() == name.lower()), None)
        if found is None:
            raise invalid_field(name, kind.name)
        return [found]

    def _value(self, kind: Kind, text: str) -> Value:
        path = self._path(kind, text)
        return lambda record: self._read(kind, record, path)

    def _read(self, kind: Kind, record: Record | None, path: Sequence[str]) -> Any:
        if record is None or len(path) == 1:
            return None if record is None else record.get(path[0])
        target, parent = self._parent(kind, record, path[0])
        return self._read(target, parent, path[1:])

    def _parent(self, kind: Kind, record: Record, relationship: str) -> tuple[Kind, Record | None]:
        field = next(field for field in kind.fields.values() if field.relationship == relationship)
        target = self._books.kind(field.target)
        return target, self._books.records[target.name].get(record.get(field.name) or "")

    def _shown(self, kind: Kind, record: Record, paths: Sequence[Sequence[str]]) -> dict[str, Any]:
        row = _attributes(kind, record)
        for path in paths:
            if len(path) == 1:
                row[path[0]] = record.get(path[0])
                continue
            target, parent = self._parent(kind, record, path[0])
            inner = self._shown(target, parent, [path[1:]]) if parent else None
            row[path[0]] = {**(row.get(path[0]) or {}), **inner} if inner else None
        return row


def _attributes(kind: Kind, record: Record) -> dict[str, Any]:
    return {"attributes": {"type": kind.name, "url": f"/services/data/v62.0/sobjects/{kind.name}/{record['Id']}"}}
