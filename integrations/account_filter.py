"""The Account filter language: text -> Predicate over an Account.

`customFields != null AND customFields.country == UK`. Connectives AND OR NOT (also && || !, in any case) and brackets;
relations == != < <= > >= IN and NOT IN; values are quoted texts (a quote inside is doubled), bare words, numbers, true, false, null
and other fields. How values compare is in `account_values`.
"""

import difflib
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from integrations.account_conditions import (
    NAME,
    PARENT_FIELDS,
    PLAIN_FIELDS,
    Account,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Field,
    Leaf,
    Literal,
    Membership,
    Negation,
)
from integrations.account_values import BOOLEANS, NUMBER

_LONGEST = 10_000
_DEEPEST = 100
_LONGEST_WORD_SHOWN = 40
_LONGEST_CONDITION_SHOWN = 200
_SHOWN_CONDITIONS = 3
_GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction (_OR conjunction)*
?conjunction: term (_AND term)*
?term: _NOT term -> negation
     | _OPEN disjunction _CLOSE
     | field RELATION value -> comparison
     | field _IN values -> membership
     | field _NOT _IN values -> exclusion
field: WORD | QUOTED_FIELD
value: WORD | QUOTED_FIELD | TEXT
values: _OPEN value (_COMMA value)* _CLOSE

_OR.2: /OR(?![^\s"'“”‘(),=!<>&|])|\|\|/i
_AND.2: /AND(?![^\s"'“”‘(),=!<>&|])|&&/i
_NOT.2: /NOT(?![^\s"'“”‘(),=!<>&|])|!(?!\s*=)/i
_IN.2: /IN(?![^\s"'“”‘(),=!<>&|])/i
RELATION: /=\s*=|!\s*=|<\s*=|>\s*=|<|>/
QUOTED_FIELD.3: /customFields\.("([^"]|"")*"|'([^']|'')*')/
TEXT: /"([^"]|"")*"|'([^']|'')*'|“[^”]*”|‘[^’]*’/
WORD: /[^\s"'“”‘(),=!<>&|]+/
_OPEN: "("
_CLOSE: ")"
_COMMA: ","
%ignore /\s+/
"""
_EXPECTED = (
    ("RELATION", "== or IN"),
    ("TEXT", "a value"),
    ("WORD", "a field"),
    ("_COMMA", ", or )"),
    ("_IN", "IN"),
    ("_CLOSE", "AND, OR or )"),
    ("_AND", "AND or OR"),
    ("_OPEN", "("),
    ("$END", "AND or OR"),
)
_MEANT = {"name": "accountName", "code": "accountCode", "email": "emailAddress"} | {
    part.lower(): f"address.{part}"
    for part in ("addressLine1", "addressLine2", "addressLine3", "addressLine4", "locality", "region", "postCode")
}


class FilterError(ValueError):
    """The text is not a filter. `message` is a sentence that starts with where; `position` is the column, from 1, in `line`, from 1."""

    def __init__(self, detail: str, position: int, line: int = 1) -> None:
        where = f"Position {position}" if line == 1 else f"Line {line}, position {position}"
        self.message = f"{where}: {detail}"
        self.position = position
        self.line = line
        super().__init__(self.message)


class Predicate:
    """A parsed filter: call it with an Account as a mapping of the filter's fields. Its text is the filter in its plainest form."""

    __slots__ = ("_test", "condition")

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self._test = condition.compile()

    def __call__(self, account: Account) -> bool:
        return self._test(account)

    def __str__(self) -> str:
        return str(self.condition)


@lru_cache(maxsize=256)
def parse(text: str) -> Predicate:
    """The filter's predicate; blank text is true for every Account. FilterError for what is not a filter, too long or too deep."""
    if len(text) > _LONGEST:
        raise FilterError(f"a filter has at most {_LONGEST:,} characters", _LONGEST + 1)
    return Predicate(_condition(text) if text.strip() else Conjunction(()))


def explain(predicate: Predicate, account: Account) -> str:
    """Why the predicate is what it is for the Account, for its Bills' page: the conditions that decided and what the Account has."""
    deciding = predicate.condition.decisive(account)
    if not deciding:
        return "There is no Account filter, so every Account passes"
    more = len(deciding) - _SHOWN_CONDITIONS
    return "; ".join(_reason(leaf, account) for leaf in deciding[:_SHOWN_CONDITIONS]) + (f"; and {more} more" if more > 0 else "")


def _reason(leaf: Leaf, account: Account) -> str:
    verdict = "true" if leaf.compile()(account) else "false"
    return f"{_cut(str(leaf), _LONGEST_CONDITION_SHOWN)} is {verdict}: this Account has {leaf.shown(account)}"


def _condition(text: str) -> Condition:
    parser: Any = _PARSER.parse_interactive(text)
    seen: list[Token] = []
    try:
        for token in parser.iter_parse():
            seen.append(token)
            if len(parser.parser_state.state_stack) > _DEEPEST:
                raise FilterError("this is nested too deeply; write it with fewer brackets", *_place(token))
        condition: Condition = parser.feed_eof(seen[-1])
    except UnexpectedInput as error:
        raise _syntax_error(text, error, seen, parser.accepts()) from None
    return condition


def _syntax_error(text: str, error: UnexpectedInput, seen: list[Token], accepted: set[str]) -> FilterError:
    token = error.token if isinstance(error, UnexpectedToken) else None
    offset = len(text.rstrip()) if token is not None and token.type == "$END" else error.pos_in_stream or 0
    line, start = text.count("\n", 0, offset) + 1, text.rfind("\n", 0, offset) + 1
    if token is None and text[offset] in "\"'“‘":
        return FilterError("this quotation mark is never closed", offset - start + 1, line)
    before = [earlier for earlier in seen if (earlier.start_pos or 0) < offset]
    where = f"after “{_cut(before[-1])}”" if before else "at the start"
    hint = "; text with spaces goes in quotes" if "_AND" in accepted and token is not None and token.type == "WORD" else ""
    return FilterError(f"expected {_expected(accepted)} {where}{hint}", offset - start + 1, line)


def _expected(accepted: Iterable[str]) -> str:
    return next(phrase for terminal, phrase in _EXPECTED if terminal in accepted)


def _place(token: Token) -> tuple[int, int]:
    return token.column or 1, token.line or 1


def _cut(text: str, longest: int = _LONGEST_WORD_SHOWN) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def _unquoted(text: str) -> str:
    return text[1:-1].replace(text[-1] * 2, text[-1])


def _field(token: Token) -> Field:
    root, dot, name = str(token).partition(".")
    if root in PARENT_FIELDS and token.type == "QUOTED_FIELD":
        return Field(root, _unquoted(name))
    if root in PARENT_FIELDS and NAME.fullmatch(name):
        return Field(root, name)
    if root in PARENT_FIELDS and dot:
        raise FilterError(f'“{_cut(token)}” is not a field; put an unusual name in quotes, as in customFields."my field"', *_place(token))
    if token in PLAIN_FIELDS or token in PARENT_FIELDS:
        return Field(root)
    raise FilterError(f"“{_cut(token)}” is not a field of an Account; did you mean {_cut(_meant(token))}?", *_place(token))


def _meant(word: str) -> str:
    root, dot, name = word.lower().partition(".")
    for parent in PARENT_FIELDS:
        if root == parent.lower() and dot:
            return f"{parent}.{word[-len(name) :]}" if name else parent
    known = {field.lower(): field for field in PLAIN_FIELDS + PARENT_FIELDS} | _MEANT
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.8)
    return known[close[0]] if close else str(Field("customFields", word))


def _value(token: Token) -> Field | Literal:
    if token.type == "TEXT":
        return Literal(_unquoted(token))
    if token.type == "QUOTED_FIELD" or token in PLAIN_FIELDS or token.partition(".")[0] in PARENT_FIELDS:
        return _field(token)
    if token.lower() == "null":
        return Literal(None)
    if token.lower() in BOOLEANS:
        return Literal(token.lower())
    return Literal(Decimal(token) if NUMBER.fullmatch(token) else str(token))


@v_args(inline=True)
class _Tree(Transformer[Token, Condition]):
    """Builds the conditions while the text is parsed, so that no tree is walked."""

    def field(self, token: Token) -> Field:
        return _field(token)

    def value(self, token: Token) -> Field | Literal:
        return _value(token)

    def values(self, *values: Field | Literal) -> tuple[Field | Literal, ...]:
        return values

    def comparison(self, field: Field, relation: Token, operand: Field | Literal) -> Condition:
        return Comparison(field, "".join(relation.split()), operand)

    def membership(self, field: Field, values: tuple[Field | Literal, ...]) -> Condition:
        return Membership(field, values)

    def exclusion(self, field: Field, values: tuple[Field | Literal, ...]) -> Condition:
        return Negation(Membership(field, values))

    def negation(self, term: Condition) -> Condition:
        return Negation(term)

    def conjunction(self, *terms: Condition) -> Condition:
        return Conjunction(terms)

    def disjunction(self, *terms: Condition) -> Condition:
        return Disjunction(terms)


_PARSER = Lark(_GRAMMAR, parser="lalr", transformer=_Tree())
