"""The `q` language of record lists: field OPERATOR value, AND, OR, parentheses (ONS section_1545222128)."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, VisitError

from integrations.destinations.netsuite.emulation.books import Record
from integrations.destinations.netsuite.emulation.errors import NetSuiteError

Test = Callable[[Record], bool]
Compare = Callable[[Any, Any], bool]

_GRAMMAR = r"""
    ?start: either
    ?either: both ("OR" both)*
    ?both: test ("AND" test)*
    ?test: "(" either ")" | comparison
    comparison: NAME EMPTY | NAME OPERATOR value
    value: TEXT | WORD | "[" (TEXT | WORD) ("," (TEXT | WORD))* "]"
    EMPTY.3: /EMPTY(_NOT)?\b/
    OPERATOR.3: /(CONTAIN|START_WITH|END_?WITH|IS|ANY_OF|BETWEEN|WITHIN|EQUAL|GREATER_OR_EQUAL|GREATER|LESS_OR_EQUAL|LESS|ON_OR_AFTER|ON_OR_BEFORE|ON|AFTER|BEFORE)(_NOT)?\b/
    NAME: /[A-Za-z_][\w.]*/
    TEXT: /"[^"]*"/
    WORD: /[^\s()\[\],"]+/
    %ignore /\s+/
"""  # noqa: E501 - one terminal
_COMPARE: dict[str, Compare] = {
    "IS": lambda value, given: str(value).lower() == str(given[0]).lower(),
    "EQUAL": lambda value, given: value == given[0],
    "ON": lambda value, given: value == given[0],
    "CONTAIN": lambda value, given: str(given[0]).lower() in str(value).lower(),
    "START_WITH": lambda value, given: str(value).lower().startswith(str(given[0]).lower()),
    "ENDWITH": lambda value, given: str(value).lower().endswith(str(given[0]).lower()),
    "ANY_OF": lambda value, given: value in given,
    "BETWEEN": lambda value, given: len(given) == 2 and given[0] <= value <= given[1],
    "WITHIN": lambda value, given: len(given) == 2 and given[0] <= value <= given[1],
    "GREATER": lambda value, given: bool(value > given[0]),
    "GREATER_OR_EQUAL": lambda value, given: bool(value >= given[0]),
    "LESS": lambda value, given: bool(value < given[0]),
    "LESS_OR_EQUAL": lambda value, given: bool(value <= given[0]),
    "AFTER": lambda value, given: bool(value > given[0]),
    "BEFORE": lambda value, given: bool(value < given[0]),
    "ON_OR_AFTER": lambda value, given: bool(value >= given[0]),
    "ON_OR_BEFORE": lambda value, given: bool(value <= given[0]),
}
_DAYS = {"ON", "AFTER", "BEFORE", "ON_OR_AFTER", "ON_OR_BEFORE", "WITHIN"}
_NUMBERS = {"ANY_OF", "BETWEEN", "EQUAL", "GREATER", "GREATER_OR_EQUAL", "LESS", "LESS_OR_EQUAL"}


def compile_filter(text: str) -> Test:
    """A test of a stored record. Raises NetSuiteError for text that is no filter."""
    try:
        return _Build().transform(_PARSER.parse(text))
    except VisitError as error:
        raise _wrong(text, error.orig_exc) from error
    except LarkError as error:
        raise _wrong(text, error) from error


class _Build(Transformer[Token, Test]):
    """Parse tree to predicate."""

    @v_args(inline=True)
    def comparison(self, name: Token, operator: Token, given: list[str] | None = None) -> Test:
        negated, word = operator.endswith("_NOT"), operator.removesuffix("_NOT").replace("END_WITH", "ENDWITH")
        if word == "EMPTY":
            return lambda record: (_field(record, name) is None) != negated
        wanted = [_typed(word, entry) for entry in given or []]
        compare = _COMPARE[word]
        return lambda record: _holds(compare, word, _field(record, name), wanted) != negated

    def value(self, tokens: list[Token]) -> list[str]:
        return [str(token).strip('"') for token in tokens]

    def both(self, tests: list[Test]) -> Test:
        return lambda record: all(test(record) for test in tests)

    def either(self, tests: list[Test]) -> Test:
        return lambda record: any(test(record) for test in tests)


_PARSER = Lark(_GRAMMAR, parser="lalr")


def _field(record: Record, name: str) -> Any:
    """A field by its name in any case; a reference gives its id."""
    value = next((value for key, value in record.items() if key.lower() == name.lower()), None)
    return value.get("id") if isinstance(value, dict) else value


def _typed(word: str, text: str) -> Any:
    """What the operator compares with: a day, a number, or text. Raises ValueError."""
    if word in _DAYS:
        form = "%Y-%m-%d" if "-" in text else "%m/%d/%Y"
        return datetime.strptime(text, form).date().isoformat()
    if word in _NUMBERS and text.replace(".", "", 1).lstrip("-").isdecimal():
        return Decimal(text)
    return text


def _holds(compare: Compare, word: str, value: Any, wanted: list[Any]) -> bool:
    if value is None:
        return False
    found = str(value)[:10] if word in _DAYS else _typed(word, str(value))
    return all(type(found) is type(entry) for entry in wanted) and compare(found, wanted)


def _wrong(text: str, error: object) -> NetSuiteError:
    return NetSuiteError(400, "INVALID_PARAMETER", f"The filter {text!r} is not valid: {str(error).splitlines()[0]}")
