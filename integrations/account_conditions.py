"""The conditions of an Account filter: a tree that compiles to closures and says which of its conditions decided.

A missing field, or a field of a missing parent, is null. How values compare is in `account_values`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from integrations.account_values import BOOLEANS, RELATIONS, Check, check_for, in_words, is_one_of, only_equals_itself, quoted

Account = Mapping[str, Any]
Test = Callable[[Account], bool]

PLAIN_FIELDS = ("id", "accountName", "accountCode", "emailAddress", "currency")
PARENT_FIELDS = ("address", "customFields")
NAME = re.compile(r"[\w-]+")
_BARE = re.compile(r"[^\W\d][\w@/-]*")
_LONGEST_SHOWN = 80


class Condition(Protocol):
    """A node of the tree; its text is the filter language again."""

    def compile(self) -> Test: ...

    def decisive(self, account: Account) -> list["Leaf"]:
        """The comparisons that make this condition what it is for the Account."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an Account, or with a name a field of its address or custom fields."""

    root: str
    name: str | None = None

    def read(self, account: Account) -> Any:
        value = account.get(self.root)
        if self.name is None:
            return value
        return value.get(self.name) if isinstance(value, dict) else None

    def compile(self, check: Check) -> Test:
        """A test of the field's value. The reading is inlined: one call less per condition is a third of its time."""
        root, name = self.root, self.name
        if name is None:
            return lambda account: check(account.get(root))

        def test(account: Account) -> bool:
            parent = account.get(root)
            return check(parent.get(name) if isinstance(parent, dict) else None)

        return test

    def shown(self, account: Account) -> str:
        """What the Account has here, in words."""
        value = self.read(account)
        if value is None:
            return f"no {self}"
        shown = in_words(value) or str(self)
        return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"

    def __str__(self) -> str:
        if self.name is None:
            return self.root
        return f"{self.root}.{self.name if NAME.fullmatch(self.name) else quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number or null as written in the filter; true and false are texts."""

    value: str | Decimal | None

    def __str__(self) -> str:
        if self.value is None:
            return "null"
        if isinstance(self.value, Decimal):
            return format(self.value, "f")
        return self.value if _can_be_bare(self.value) else quoted(self.value)


@dataclass(frozen=True, slots=True)
class Comparison:
    field: Field
    relation: str
    operand: Field | Literal

    def compile(self) -> Test:
        if isinstance(self.operand, Literal):
            return self.field.compile(check_for(self.relation, self.operand.value))
        read, other, relation = self.field.read, self.operand.read, RELATIONS[self.relation]
        return lambda account: relation(read(account), other(account))

    def decisive(self, account: Account) -> list["Leaf"]:
        return [self]

    def shown(self, account: Account) -> str:
        """What the Account has, on both sides when both are fields."""
        shown = self.field.shown(account)
        return f"{shown} and {self.operand.shown(account)}" if isinstance(self.operand, Field) else shown

    def __str__(self) -> str:
        return f"{self.field} {self.relation} {self.operand}"


@dataclass(frozen=True, slots=True)
class Membership:
    field: Field
    operands: tuple[Field | Literal, ...]

    def compile(self) -> Test:
        values = [operand.value for operand in self.operands if isinstance(operand, Literal)]
        if len(values) == len(self.operands) and all(map(only_equals_itself, values)):
            return self.field.compile(is_one_of(frozenset(values)))
        return _some([Comparison(self.field, "==", operand).compile() for operand in self.operands])

    def decisive(self, account: Account) -> list["Leaf"]:
        return [self]

    def shown(self, account: Account) -> str:
        return self.field.shown(account)

    def __str__(self) -> str:
        return f"{self.field} IN ({', '.join(map(str, self.operands))})"


Leaf = Comparison | Membership


@dataclass(frozen=True, slots=True)
class Negation:
    term: Condition

    def compile(self) -> Test:
        test = self.term.compile()
        return lambda account: not test(account)

    def decisive(self, account: Account) -> list[Leaf]:
        return self.term.decisive(account)

    def __str__(self) -> str:
        return f"NOT {_in_brackets(self.term)}"


@dataclass(frozen=True, slots=True)
class Conjunction:
    """True when all terms are; with no terms, always."""

    terms: tuple[Condition, ...]

    def compile(self) -> Test:
        return _every([term.compile() for term in self.terms])

    def decisive(self, account: Account) -> list[Leaf]:
        return _deciding(self.terms, account, False)

    def __str__(self) -> str:
        return " AND ".join(map(_in_brackets, self.terms))


@dataclass(frozen=True, slots=True)
class Disjunction:
    terms: tuple[Condition, ...]

    def compile(self) -> Test:
        return _some([term.compile() for term in self.terms])

    def decisive(self, account: Account) -> list[Leaf]:
        return _deciding(self.terms, account, True)

    def __str__(self) -> str:
        return " OR ".join(map(_in_brackets, self.terms))


def _deciding(terms: tuple[Condition, ...], account: Account, verdict: bool) -> list[Leaf]:
    """Those of the first term with this verdict; without one, those of all terms."""
    for term in terms:
        if term.compile()(account) is verdict:
            return term.decisive(account)
    return [leaf for term in terms for leaf in term.decisive(account)]


def _every(tests: list[Test]) -> Test:
    """All of them, by a plain loop: a generator would cost as much as the conditions."""

    def test(account: Account) -> bool:
        for holds in tests:  # noqa: SIM110
            if not holds(account):
                return False
        return True

    return test


def _some(tests: list[Test]) -> Test:
    """Any of them, by a plain loop as well."""

    def test(account: Account) -> bool:
        for holds in tests:  # noqa: SIM110
            if holds(account):
                return True
        return False

    return test


def _in_brackets(term: Condition) -> str:
    return f"({term})" if isinstance(term, Conjunction | Disjunction) else str(term)


def _can_be_bare(text: str) -> bool:
    reserved = text in PLAIN_FIELDS or text in PARENT_FIELDS or text.lower() in ("null", *BOOLEANS)
    return text in BOOLEANS or (not reserved and bool(_BARE.fullmatch(text)))
