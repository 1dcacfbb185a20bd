"""The grammar of SOQL that is understood, and its conditions as tests of records."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lark import Token, Transformer

from integrations.destinations.salesforce.emulation.books import Record

GRAMMAR = r"""
query: "SELECT"i fields "FROM"i NAME where? order? limit? offset?
fields: COUNT | PATH ("," PATH)*
where: "WHERE"i either
order: "ORDER"i "BY"i sort ("," sort)*
sort: PATH DIRECTION? NULLS?
limit: "LIMIT"i INT
offset: "OFFSET"i INT
?either: both ("OR"i both)*
?both: one ("AND"i one)*
?one: "NOT"i one -> negated
    | "(" either ")"
    | PATH SIGN literal -> compared
    | PATH "LIKE"i STRING -> like
    | PATH "IN"i "(" literal ("," literal)* ")" -> among
    | PATH "NOT"i "IN"i "(" literal ("," literal)* ")" -> not_among
literal: STRING | DATETIME | DATE | NUMBER | WORD
COUNT.3: /COUNT\(\s*\)/i
DIRECTION.3: /(ASC|DESC)\b/i
NULLS.3: /NULLS\s+(FIRST|LAST)\b/i
WORD.3: /(true|false|null)\b/i
SIGN: "!=" | "<>" | "<=" | ">=" | "=" | "<" | ">"
STRING: /'(\\.|[^'\\])*'/
DATETIME.2: /\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:?\d\d)/
DATE.1: /\d{4}-\d\d-\d\d/
NUMBER: /-?\d+(\.\d+)?/
INT: /\d+/
NAME: /\w+/
PATH: /(?!(FROM|WHERE|AND|OR|NOT|ORDER|LIMIT|IN)\b)\w+(\.\w+)*/i
%ignore /\s+/
"""
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
Value = Callable[[Record], Any]
Test = Callable[[Record], bool]


class Conditions(Transformer[Token, Any]):
    """Parsed conditions as tests of one object's records."""

    def __init__(self, value: Callable[[str], Value]) -> None:
        super().__init__()
        self._value = value

    def literal(self, found: Sequence[Token]) -> Any:
        return _literal(found[0])

    def either(self, tests: Sequence[Test]) -> Test:
        return lambda record: any(test(record) for test in tests)

    def both(self, tests: Sequence[Test]) -> Test:
        return lambda record: all(test(record) for test in tests)

    def negated(self, tests: Sequence[Test]) -> Test:
        return lambda record: not tests[0](record)

    def compared(self, found: Sequence[Any]) -> Test:
        value, compare, wanted = self._value(str(found[0])), _SIGNS[str(found[1])], found[2]
        return lambda record: _compare(compare, value(record), wanted)

    def like(self, found: Sequence[Any]) -> Test:
        value, wanted = self._value(str(found[0])), str(_literal(found[1]))
        pattern = re.compile("".join(".*" if part == "%" else "." if part == "_" else re.escape(part) for part in wanted), re.I | re.S)
        return lambda record: bool(pattern.fullmatch(str(value(record) or "")))

    def among(self, found: Sequence[Any]) -> Test:
        value, wanted = self._value(str(found[0])), {folded(each) for each in found[1:]}
        return lambda record: folded(value(record)) in wanted

    def not_among(self, found: Sequence[Any]) -> Test:
        among = self.among(found)
        return lambda record: not among(record)


def _literal(token: Token) -> Any:
    text = str(token)
    if token.type == "STRING":
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
    if token.type == "NUMBER":
        return Decimal(text)
    if token.type == "WORD":
        return {"true": True, "false": False, "null": None}[text.lower()]
    return text.replace("Z", ".000+0000") if token.type == "DATETIME" else text


def folded(value: Any) -> Any:
    """Texts are compared without their case."""
    return value.lower() if isinstance(value, str) else value


def _compare(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    if value is None or wanted is None:
        return compare in (operator.eq, operator.ne) and compare(value, wanted)
    try:
        return compare(folded(value), folded(wanted))
    except TypeError:
        return False
