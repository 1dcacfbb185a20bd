"""JSON from a stream: the same values as at once, wherever a block ends; and never more of it held than a value and a block."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.intake import json_stream
from runs.intake.json_stream import Broken, Tokens, parse

texts = st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def all_values(text: str) -> list[tuple[Any, str]]:
    return list(Tokens(io.StringIO(text)).elements())


@given(st.lists(values, max_size=5), st.integers(1, 20), st.booleans(), st.sampled_from([None, 1]))
def test_blocks_may_end_anywhere(wanted: list[Any], block: int, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(wanted, ensure_ascii=ascii_only, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_BLOCK", block)
        read = all_values(text)
    assert [value for value, _ in read] == wanted
    assert [json.loads(raw) for _, raw in read] == wanted


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape")), st.integers(1, 20))
def test_what_is_not_json_is_broken_and_nothing_else(text: str, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_BLOCK", block)
        try:
            read = all_values(text)
        except Broken as error:
            assert error.why
            assert 1 <= error.line <= text.count("\n") + 1
        else:
            assert text.lstrip(" \t\r\n").startswith("[")
            assert [json.loads(raw) for _, raw in read] == [value for value, _ in read]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('[{"a": 1},\n {"b": }]', 2, 8),
        ('[{"a": 1}\n {"b": 1}]', 2, 2),
        ('[\n\n  {"a": "x}]', 3, 9),
        ('[{"a": 1},', 1, 11),
        ("[1, nul]", 1, 5),
        ("{}", 1, 1),
        ("", 1, 1),
    ],
)
@pytest.mark.parametrize("block", [1, 3, 1 << 16])
def test_where_it_breaks(text: str, line: int, column: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_BLOCK", block)
    with pytest.raises(Broken) as caught:
        all_values(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_break_is_found_without_reading_the_rest() -> None:
    """A gigabyte behind a broken record is not read to learn that it is broken."""
    stream = io.StringIO('[{"a": 1}, {"b": oops}, ' + " " * 10_000_000)
    tokens = Tokens(stream)
    with pytest.raises(Broken, match="Expecting value"):
        list(tokens.elements())
    assert stream.tell() <= 1 << 17


def test_a_value_that_never_ends_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_LONGEST", 1000)
    monkeypatch.setattr(json_stream, "_BLOCK", 100)
    with pytest.raises(Broken, match="one value has more than 1,000 characters"):
        all_values('["' + "x" * 5000 + '"]')


def test_too_deep_is_broken() -> None:
    with pytest.raises(Broken, match="nested too deeply"):
        all_values("[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        parse("[" * 100_000)


def test_names_come_one_by_one() -> None:
    tokens = Tokens(io.StringIO('{"a": [1], "b": {"c": "}"}, "a": 2} [3]'))
    assert [(name, tokens.value()[0]) for name in tokens.names()] == [("a", [1]), ("b", {"c": "}"}), ("a", 2)]
    assert (tokens.peek(), list(tokens.elements()), tokens.peek()) == ("[", [(3, "3")], "")


def test_numbers_are_exact() -> None:
    read = parse("[0.1, 1e400, 12345678901234567890, 7, 0.30000000000000004, -0.0]")
    assert read == [Decimal("0.1"), Decimal("1e400"), Decimal(12345678901234567890), 7, Decimal("0.30000000000000004"), Decimal("-0.0")]
    assert [type(number) for number in read] == [Decimal, Decimal, Decimal, int, Decimal, Decimal]


def test_numbers_beyond_all_numbers_are_read_as_infinite() -> None:
    assert parse(f"[{'9' * 5000}, 1e99999999999999999999]") == [Decimal("9" * 5000), Decimal("Infinity")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1, "a": 1}', "“a” stands twice in one object, so it is not clear which holds."),
        ('[{"b": {"c": 1, "d": 2, "c": 3}}]', "“c” stands twice in one object, so it is not clear which holds."),
        ("[NaN]", "NaN is not a number that JSON has."),
        ('{"a": -Infinity}', "-Infinity is not a number that JSON has."),
        ('{"a": "\udcff"}', "The text is not UTF-8."),
        ("{} {}", "Something follows the end of the JSON at column 3."),
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_what_no_record_may_have(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert str(caught.value) == sentence
