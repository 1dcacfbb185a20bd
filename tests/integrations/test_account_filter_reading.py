"""The Account filter against a second, slow reading of the language: expressions as tuples, evaluated with no code of the product."""

import operator
import re
from decimal import Decimal
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from integrations.account_filter import FilterError, explain, parse

FIELDS = ("id", "currency", "customFields", "address.country", "customFields.country", "customFields.my-field_2", 'customFields."my field"')
TEXTS = ("UK", "USD", "5", "5.0", "05", "-3", "true", "null", "AND", "a b", "it's", 'say "x"', "", "é", "currency", "10")
NUMBERS = ("5", "5.0", "-3", "0", "10", "250.75")
BARE = ("UK", "USD", "AND", "or", "in", "NOT", "05", "2026-01-01", "a@b.co", "é")
SIGNS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 300),
    st.decimals(-10, 300, places=2),
    st.floats(),
    st.decimals(),
    st.sampled_from(TEXTS),
    st.text(max_size=5),
)
nested = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3))
custom_fields = st.fixed_dictionaries({}, optional={"country": scalars, "my-field_2": scalars, "my field": scalars, "other": nested})
accounts = st.fixed_dictionaries(
    {},
    optional={
        "id": scalars,
        "currency": st.sampled_from(["USD", "EUR"]) | scalars,
        "address": st.fixed_dictionaries({}, optional={"country": scalars}) | nested,
        "customFields": custom_fields | nested,
    },
)
quotes = st.sampled_from("\"'")
operands = st.one_of(
    st.tuples(st.just("text"), st.sampled_from(TEXTS), quotes),
    st.tuples(st.just("number"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("bare"), st.sampled_from(BARE)),
    st.tuples(st.just("word"), st.sampled_from(["null", "NULL", "true", "false", "True"])),
    st.tuples(st.just("field"), st.sampled_from(FIELDS)),
)
leaves = st.one_of(
    st.tuples(st.just("compare"), st.sampled_from(FIELDS), st.sampled_from(sorted(SIGNS)), operands),
    st.tuples(st.just("in"), st.sampled_from(FIELDS), st.lists(operands, min_size=1, max_size=3)),
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4)),
    ),
    max_leaves=8,
)


def operand_text(operand: tuple[Any, ...]) -> str:
    if operand[0] == "text":
        return operand[2] + operand[1].replace(operand[2], operand[2] * 2) + operand[2]
    return str(operand[1])


def spell(draw: st.DrawFn, node: Any) -> str:
    """The expression as text, in any of the language's spellings."""
    if node[0] == "compare":
        sign = draw(st.sampled_from([node[2], " ".join(node[2])]))
        return f"{node[1]}{draw(st.sampled_from(['', ' ']))}{sign} {operand_text(node[3])}"
    if node[0] == "in":
        return f"{node[1]} {draw(st.sampled_from(['IN', 'in', 'In']))} ({', '.join(map(operand_text, node[2]))})"
    if node[0] == "not":
        return f"{draw(st.sampled_from(['NOT ', 'not ', '!']))}({spell(draw, node[1])})"
    word = draw(st.sampled_from({"and": [" AND ", " and ", " && ", "&&", "\nAnd\n"], "or": [" OR ", " or ", "||"]}[node[0]]))
    return word.join(f"({spell(draw, term)})" for term in node[1])


@st.composite
def spelt(draw: st.DrawFn) -> tuple[Any, str]:
    node = draw(expressions)
    return node, spell(draw, node)


def look_up(path: str, account: dict[str, Any]) -> Any:
    root, _, name = path.partition(".")
    parent = account.get(root)
    if not name:
        return parent
    return parent.get(name.strip('"')) if isinstance(parent, dict) else None


def value_of(operand: tuple[Any, ...], account: dict[str, Any]) -> Any:
    if operand[0] == "field":
        return look_up(operand[1], account)
    if operand[0] == "number":
        return Decimal(operand[1])
    if operand[0] == "word":
        return {"null": None, "true": True, "false": False}[operand[1].lower()]
    return operand[1]


def as_number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str) and not re.fullmatch("-?(0|[1-9][0-9]*)([.][0-9]+)?", value):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None


def compares(left: Any, sign: str, right: Any) -> bool:
    if as_number(left) is not None and as_number(right) is not None:
        return bool(SIGNS[sign](as_number(left), as_number(right)))
    if as_text(left) is not None and as_text(right) is not None:
        return bool(SIGNS[sign](as_text(left), as_text(right)))
    same = left is None and right is None
    return {"==": same, "!=": not same}.get(sign, False)


def evaluate(node: Any, account: dict[str, Any]) -> bool:
    if node[0] == "compare":
        return compares(look_up(node[1], account), node[2], value_of(node[3], account))
    if node[0] == "in":
        return any(compares(look_up(node[1], account), "==", value_of(operand, account)) for operand in node[2])
    if node[0] == "not":
        return not evaluate(node[1], account)
    return {"and": all, "or": any}[node[0]]([evaluate(term, account) for term in node[1]])


@given(spelt(), accounts)
def test_a_filter_means_what_the_second_reading_says(case: tuple[Any, str], account: dict[str, Any]) -> None:
    node, text = case
    assert parse(text)(account) is evaluate(node, account)


@given(spelt(), accounts)
def test_a_filter_s_own_text_is_the_same_filter(case: tuple[Any, str], account: dict[str, Any]) -> None:
    predicate = parse(case[1])
    again = parse(str(predicate))
    assert str(again) == str(predicate)
    assert again(account) is predicate(account)


@given(spelt(), accounts)
def test_explain_never_fails_and_names_a_verdict(case: tuple[Any, str], account: dict[str, Any]) -> None:
    assert re.search(r" is (true|false): this Account has ", explain(parse(case[1]), account))


PIECES = [
    *FIELDS,
    *BARE,
    *SIGNS,
    "AND",
    "OR",
    "NOT",
    "IN",
    "(",
    ")",
    ",",
    "&&",
    "||",
    "!",
    '"',
    "'",
    "“",
    "”",
    "=",
    " ",
    "\n",
    "null",
    "5",
    ".",
]


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join) | st.lists(st.sampled_from(PIECES)).map("".join))
@example("\x1c")
@example("\ud800")
@example("customFields.")
@example('customFields."')
def test_any_text_is_a_predicate_or_a_filter_error(text: str) -> None:
    try:
        predicate = parse(text)
    except FilterError as error:
        lines = text.split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.position <= len(lines[error.line - 1]) + 1
    else:
        assert predicate({}) in (True, False)


@given(st.dictionaries(st.sampled_from(["id", "currency", "address", "customFields"]) | st.text(), nested), spelt())
def test_any_account_is_true_or_false(account: dict[str, Any], case: tuple[Any, str]) -> None:
    predicate = parse(case[1])
    assert predicate(account) in (True, False)
    assert explain(predicate, account)


@given(st.text(), st.text(min_size=1))
def test_any_text_can_be_quoted(name: str, value: str) -> None:
    quoted = '"' + value.replace('"', '""') + '"'
    field = 'customFields."' + name.replace('"', '""') + '"'
    assume(len(quoted) + len(field) < 9000)
    assert parse(f"{field} == {quoted}")({"customFields": {name: value}}) is True
    assert parse(f"{field} IN (x, {quoted})")({"customFields": {name: value}}) is True
    assert parse(f"{field} != {quoted}")({"customFields": {name: value}}) is False
