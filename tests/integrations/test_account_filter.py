"""The Account filter: what it accepts, what it means, how it fails and how it explains itself."""

import ast
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.account_filter import FilterError, explain, parse

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("config", "billing", "integrations", "mappings", "credentials", "runs")
ACME = {
    "id": "0f2a",
    "accountName": "Acme Cloud",
    "accountCode": "ACM-01",
    "emailAddress": "billing@acme.example",
    "currency": "USD",
    "address": {"addressLine1": "1 High Street", "region": "OR", "postCode": "01234", "country": "IN"},
    "customFields": {
        "country": "UK",
        "seats": 250,
        "tier": "2",
        "discount": Decimal("12.50"),
        "vip": True,
        "my field": 'a "b"',
        "note": "",
    },
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        (" \n\t ", True),
        ("customFields != null AND customFields.country == UK", True),
        ("customFields != null AND customFields.country = = UK", True),
        ("customFields.country == 'UK'", True),
        ('customFields.country=="UK"', True),
        ("customFields.country == “UK”", True),
        ("customFields.country == uk", False),
        ("address.country == UK", False),
        ("address.country == IN", True),
        ("address.region IN (IN, OR)", True),
        ("address.country != IN or address.region == OR", True),
        ("not currency == EUR && !(currency == GBP || currency == CHF)", True),
        ("NOT NOT currency == USD", True),
        ("currency == EUR OR currency == USD AND accountCode == nobody", False),
        ("(currency == USD OR currency == EUR) AND accountCode != nobody", True),
        ('accountCode IN ("UMB-01", "ACM-01")', True),
        ('accountCode not in ("UMB-01", "ACM-01")', False),
        ("accountName == 'Acme Cloud'", True),
        ("emailAddress == billing@acme.example", True),
        ('customFields."my field" == "a ""b"""', True),
        ("customFields.'my field' == 'a \"b\"'", True),
        ("customFields.note == ''", True),
        ("customFields.note == null", False),
        ("customFields.nothing == null", True),
        ("customFields.nothing != UK", True),
        ("customFields.nothing < 5 OR customFields.nothing >= 5", False),
        ("currency.nothing == 1 OR currency == USD", None),
        ("customFields.seats == 250.0", True),
        ("customFields.seats == '250'", True),
        ("customFields.seats > 99", True),
        ("customFields.seats > '99'", True),
        ("customFields.seats < abc", False),
        ("customFields.tier >= 2 AND customFields.tier < 10", True),
        ("customFields.discount == 12.5", True),
        ("customFields.seats IN (1, 250)", True),
        ("customFields.tier IN (2, 3)", True),
        ("address.postCode == 1234", False),
        ("address.postCode == 01234", True),
        ("customFields.vip == true", True),
        ("customFields.vip == 'true'", True),
        ("customFields.vip == TRUE", True),
        ("customFields.vip == 1", False),
        ("accountName < B", True),
        ("accountName >= B", False),
        ("customFields == 5", False),
        ("customFields != 5", True),
        ("customFields == customFields", False),
        ("address.country == customFields.country", False),
        ("address.country != customFields.country", True),
        ("customFields.seats > customFields.tier", True),
        ("currency == currency", True),
        ("null == null", None),
    ],
)
def test_meaning(text: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(FilterError):
            parse(text)
    else:
        assert parse(text)(ACME) is expected


@pytest.mark.parametrize(
    "account",
    [{}, {"customFields": None}, {"customFields": []}, {"customFields": "UK"}, {"customFields": 5}, {"customFields": {"country": None}}],
)
def test_a_missing_field_or_parent_is_null(account: dict[str, Any]) -> None:
    assert parse("customFields.country == null")(account) is True
    assert parse("customFields.country == UK")(account) is False
    assert parse("customFields.country != UK")(account) is True
    assert parse("customFields != null AND customFields.country == UK")(account) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customFields.a == 1 AND (country UK)", "Position 34: expected == or IN after “country”"),
        ("country == UK", "Position 1: “country” is not a field of an Account; did you mean customFields.country?"),
        ("currency == USD AND name == x", "Position 21: “name” is not a field of an Account; did you mean accountName?"),
        ("Currency == USD", "Position 1: “Currency” is not a field of an Account; did you mean currency?"),
        ("acountCode == x", "Position 1: “acountCode” is not a field of an Account; did you mean accountCode?"),
        ("postcode == x", "Position 1: “postcode” is not a field of an Account; did you mean address.postCode?"),
        ("customfields.Tier == x", "Position 1: “customfields.Tier” is not a field of an Account; did you mean customFields.Tier?"),
        ("sales/region == x", 'Position 1: “sales/region” is not a field of an Account; did you mean customFields."sales/region"?'),
        (
            "customFields.a.b == x",
            'Position 1: “customFields.a.b” is not a field; put an unusual name in quotes, as in customFields."my field"',
        ),
        ("currency", "Position 9: expected == or IN after “currency”"),
        ("currency = USD", "Position 10: expected == or IN after “currency”"),
        ("currency == ", "Position 12: expected a value after “==”"),
        ("currency == USD AND ", "Position 20: expected a field after “AND”"),
        ("currency == USD EUR", "Position 17: expected AND or OR after “USD”; text with spaces goes in quotes"),
        ("currency == 'USD", "Position 13: this quotation mark is never closed"),
        ("currency == USD)", "Position 16: expected AND or OR after “USD”"),
        ("(currency == USD", "Position 17: expected AND, OR or ) after “USD”"),
        ("()", "Position 2: expected a field after “(”"),
        (")", "Position 1: expected a field at the start"),
        ("'UK' == currency", "Position 1: expected a field at the start"),
        ("currency IN USD", "Position 13: expected ( after “IN”"),
        ("currency IN ()", "Position 14: expected a value after “(”"),
        ("currency IN (USD EUR)", "Position 18: expected , or ) after “USD”"),
        ("currency NOT USD", "Position 14: expected IN after “NOT”"),
        ("currency == USD\n\n  AND name == x", "Line 3, position 7: “name” is not a field of an Account; did you mean accountName?"),
        ("currency == USD\nAND", "Line 2, position 4: expected a field after “AND”"),
        ("x" * 10_001, "Position 10001: a filter has at most 10,000 characters"),
        ("(" * 5000 + "currency == USD" + ")" * 4000, "Position 101: this is nested too deeply; write it with fewer brackets"),
        ("NOT " * 2000 + "currency == USD", "Position 401: this is nested too deeply; write it with fewer brackets"),
        ("!" * 9000 + "currency == USD", "Position 101: this is nested too deeply; write it with fewer brackets"),
    ],
)
def test_errors_say_where_and_what(text: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert str(error) == error.message == message
    where = re.match(r"(?:Line (\d+), p|P)osition (\d+): ", message)
    assert where is not None
    assert (error.line, error.position) == (int(where[1] or 1), int(where[2]))


def test_long_and_moderately_deep_filters_work_with_little_stack_left() -> None:
    wide = parse("currency == EUR" + " OR id == 0f2a" * 700)
    deep = parse("(NOT " * 40 + "currency == USD" + ")" * 40)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        assert wide(ACME) is True and deep(ACME) is True
        assert explain(deep, ACME) == "currency == USD is true: this Account has USD"
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "There is no Account filter, so every Account passes"),
        ("customFields.country == US", "customFields.country == US is false: this Account has UK"),
        ("customFields != null AND customFields.country = = US", "customFields.country == US is false: this Account has UK"),
        ("NOT customFields.country == UK", "customFields.country == UK is true: this Account has UK"),
        ("currency == USD OR customFields.x == 1", "currency == USD is true: this Account has USD"),
        (
            "currency == EUR OR accountCode IN (a, 'b c')",
            'currency == EUR is false: this Account has USD; accountCode IN (a, "b c") is false: this Account has ACM-01',
        ),
        ("customFields.x == 1", "customFields.x == 1 is false: this Account has no customFields.x"),
        ("customFields == null", "customFields == null is false: this Account has customFields"),
        ("customFields.note == x", 'customFields.note == x is false: this Account has ""'),
        ("customFields.vip == false", "customFields.vip == false is false: this Account has true"),
        ("customFields.discount > 20.00", "customFields.discount > 20.00 is false: this Account has 12.50"),
        (
            "customFields.country == address.country",
            "customFields.country == address.country is false: this Account has UK and IN",
        ),
        (
            "currency == A OR currency == B OR currency == C OR currency == D OR currency == E",
            "currency == A is false: this Account has USD; currency == B is false: this Account has USD; "
            "currency == C is false: this Account has USD; and 2 more",
        ),
    ],
)
def test_explain(text: str, sentence: str) -> None:
    assert explain(parse(text), ACME) == sentence


def test_explain_cuts_what_is_long() -> None:
    sentence = explain(parse(f"accountName == {'x' * 5000}"), {"accountName": "y" * 5000})
    assert sentence == f"accountName == {'x' * 185}… is false: this Account has {'y' * 80}…"


def test_no_product_file_evaluates_text() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert ROOT / "integrations" / "account_filter.py" in files
    calls = [(path, node) for path in files for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert [(path, node.lineno) for path, node in calls if isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec")] == []
