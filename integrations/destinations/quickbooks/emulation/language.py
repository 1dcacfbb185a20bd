"""The query language: SELECT of whole records or their count, conditions joined by AND, one type of record at a time."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.destinations.quickbooks.emulation.books import NAMED, TYPES, Books, Record
from integrations.destinations.quickbooks.emulation.errors import QuickBooksError

PAGE, LARGEST_PAGE = 100, 1000
NOT_QUERYABLE = {"PrivateNote", "Line", "CustomerMemo", "BillEmail"}
_STATEMENT = re.compile(
    r"\s*select\s+(?P<what>\*|count\s*\(\s*\*\s*\))\s+from\s+(?P<kind>\w+)(?:\s+where\s+(?P<where>.+?))?"
    r"(?:\s+order\s*by\s+(?P<order>[\w.]+)(?:\s+(?P<way>asc|desc))?)?(?:\s+startposition\s+(?P<start>\d+))?"
    r"(?:\s+maxresults\s+(?P<most>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_TEXT = r"'(?:[^'\\]|\\.)*'"
_VALUE = rf"(?:{_TEXT}|true|false|-?\d+(?:\.\d+)?)"
_CONDITION = re.compile(
    rf"\s*(?P<field>[\w.]+)\s*(?:(?P<sign><=|>=|=|<|>|\blike\b)\s*(?P<value>{_VALUE})|\bin\b\s*\(\s*(?P<listed>{_VALUE}(?:\s*,\s*{_VALUE})*)\s*\))\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"and\b", re.IGNORECASE)
Test = Callable[[Record], bool]


def answer(books: Books, statement: str) -> Record:
    """What QueryResponse holds. Raises QuickBooksError."""
    parsed = _STATEMENT.fullmatch(statement)
    if parsed is None:
        raise _unreadable(statement)
    kind = next((kind for kind in TYPES if kind.lower() == parsed["kind"].lower()), "")
    if not kind:
        raise QuickBooksError("4001", "Invalid query", f"QueryValidationError: Invalid context declaration: {parsed['kind']}")
    tests, fields = _tests(parsed["where"] or "")
    if kind in NAMED and "Active" not in fields:
        tests.append(lambda record: record.get("Active") is not False)
    found = [record for record in books.records[kind].values() if all(test(record) for test in tests)]
    if parsed["what"] != "*":
        return {"totalCount": len(found)}
    if parsed["order"]:
        found.sort(key=lambda record: str(_field(record, parsed["order"])), reverse=(parsed["way"] or "").lower() == "desc")
    start = max(1, int(parsed["start"] or 1))
    page = found[start - 1 : start - 1 + min(int(parsed["most"] or PAGE), LARGEST_PAGE)]
    return {kind: page, "startPosition": start, "maxResults": len(page)} if page else {}


def _tests(text: str) -> tuple[list[Test], set[str]]:
    """The conditions, and the fields that they name."""
    tests: list[Test] = []
    fields: set[str] = set()
    at = 0
    while at < len(text):
        found = _CONDITION.match(text, at)
        if found is None:
            raise _unreadable(text[at:])
        if found["field"] in NOT_QUERYABLE:
            raise QuickBooksError("4001", "Invalid query", f"QueryValidationError: property '{found['field']}' is not queryable")
        fields.add(found["field"])
        tests.append(_test(found))
        at = found.end()
        if at < len(text):
            joined = _AND.match(text, at)
            if joined is None:
                raise _unreadable(text[at:])
            at = joined.end()
    return tests, fields


def _test(found: re.Match[str]) -> Test:
    field = found["field"]
    if found["listed"]:
        wanted = set(_values(found["listed"]))
        return lambda record: _field(record, field) in wanted
    sign, [value] = found["sign"].lower(), list(_values(found["value"]))
    if sign == "like":
        pattern = re.compile(".*".join(re.escape(part) for part in value.split("%")), re.IGNORECASE | re.DOTALL)
        return lambda record: pattern.fullmatch(_field(record, field)) is not None
    return lambda record: _compared(_field(record, field), sign, value)


def _compared(left: str, sign: str, right: str) -> bool:
    pair: Any = (left, right)
    try:
        pair = (Decimal(left), Decimal(right)) if sign != "=" else pair
    except InvalidOperation:
        pair = (_time(left), _time(right))
    first, second = pair
    return bool({"=": first == second, "<": first < second, ">": first > second, "<=": first <= second, ">=": first >= second}[sign])


def _time(text: str) -> str:
    """Times compare by their text once the zone is written alike."""
    return text.replace("Z", "+00:00")


def _values(text: str) -> Iterator[str]:
    """The values as text, booleans in small letters."""
    for token in re.findall(_VALUE, text, re.IGNORECASE):
        yield re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith("'") else token.lower()


def _field(record: Record, path: str) -> str:
    """A field as text, "" when it is absent; a reference is its value."""
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value = value.get("value", value.get("Address"))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _unreadable(text: str) -> QuickBooksError:
    return QuickBooksError("4000", "Error parsing query", f"QueryParserError: Encountered {text[:60]!r}")
