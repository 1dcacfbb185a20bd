"""How the values of an Account filter compare.

Two that look like numbers compare as numbers (5, "5" and "5.0" are equal, "007" is text), two texts as texts,
true and false as the texts `true` and `false`. Anything else is unequal and has no order. Null equals null only and has no order.
Nothing raises, whatever JSON holds.
"""

import math
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

Check = Callable[[Any], bool]
Relation = Callable[[Any, Any], bool]

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
BOOLEANS = ("true", "false")


def quoted(text: str) -> str:
    """The text as the filter language quotes it."""
    return '"' + text.replace('"', '""') + '"'


def in_words(value: Any) -> str | None:
    """A text (in quotes when it is blank), a number, true or false; None for anything else."""
    text, number = _text_of(value), _number_of(value)
    if text is None:
        return None if number is None else str(Decimal(number))
    return text if text.strip() else quoted(text)


def _number_of(value: Any) -> Decimal | int | None:
    """The number that a value is or looks like, else None."""
    if isinstance(value, str):
        return Decimal(value) if NUMBER.fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return Decimal(repr(float(value))) if isinstance(value, float) and math.isfinite(value) else None


def _text_of(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def only_equals_itself(value: str | Decimal | None) -> bool:
    """Whether a literal is a text that no number, true or false can equal."""
    return isinstance(value, str) and value not in BOOLEANS and not NUMBER.fullmatch(value)


def _pair(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Both as numbers, else both as texts, else None."""
    for reading in (_number_of, _text_of):
        pair = reading(left), reading(right)
        if pair[0] is not None and pair[1] is not None:
            return pair
    return None


def _equal(left: Any, right: Any) -> bool:
    pair = _pair(left, right)
    return left is None and right is None if pair is None else bool(pair[0] == pair[1])


def _unequal(left: Any, right: Any) -> bool:
    return not _equal(left, right)


def _ordered(compare: Relation, left: Any, right: Any) -> bool:
    pair = _pair(left, right)
    return pair is not None and compare(*pair)


_ORDERS: dict[str, Relation] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_EXACT: dict[str, Relation] = {"==": operator.eq, "!=": operator.ne}
_IDENTICAL: dict[str, Relation] = {"==": operator.is_, "!=": operator.is_not}
RELATIONS: dict[str, Relation] = {"==": _equal, "!=": _unequal, **{sign: partial(_ordered, order) for sign, order in _ORDERS.items()}}


def check_for(relation: str, value: str | Decimal | None) -> Check:
    """The quickest check of `found relation value` that means the same as the relation itself."""
    if value is None and relation in _IDENTICAL:
        return partial(_IDENTICAL[relation], None)
    if only_equals_itself(value) and relation in _EXACT:
        return partial(_EXACT[relation], value)
    if isinstance(value, Decimal):
        return _check_number(relation, value)
    compare = RELATIONS[relation]
    return lambda found: compare(found, value)


def _check_number(relation: str, value: Decimal) -> Check:
    compare, otherwise = (_EXACT | _ORDERS)[relation], relation == "!="

    def check(found: Any) -> bool:
        number = found if type(found) is int else _number_of(found)
        return otherwise if number is None else compare(number, value)

    return check


def is_one_of(texts: frozenset[Any]) -> Check:
    return lambda found: isinstance(found, str) and found in texts
