"""One suite for every source package that the registry finds: a reader answers with a value or with a sentence, whatever it is given."""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.bill import LINE_TYPES, Bill
from billing.document import bill_of, document_of
from billing.money import adds_up
from integrations import options, registry
from integrations import sources as source_packages
from integrations.contract import Item, Source
from tests.contract.destination_checks import check_credential_kind

every = pytest.mark.parametrize("source", registry.sources(), ids=lambda source: source.platform)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.sampled_from(["USD", "XXX", "2026-02-30", "2026-11-01T00:00:00Z", "1e400", "NaN", "-0", Decimal("1E+999999"), 10**400, "\x00"])
)
garbage = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4))


def samples(source: Source) -> list[dict[str, Any]]:
    """The Bills of the package's own sample files."""
    folder = Path(source_packages.__path__[0]) / source.platform / "sample"
    documents = [json.loads(path.read_text(), parse_float=Decimal) for path in sorted(folder.glob("*.json"))]
    return [bill for document in documents for bill in (document if isinstance(document, list) else document["bills"])]


@every
def test_declaration(source: Source) -> None:
    assert source.platform == source.platform.lower() and source.label and source.schema >= 1
    for kind in source.credential_kinds:
        check_credential_kind(kind)


@every
def test_what_is_proposed_is_asked_somewhere_and_accepted(source: Source) -> None:
    asked: set[str] = set()
    for destination in registry.destinations():
        proposed = options.proposed(options.schema(destination, "Bill"), {source.platform})
        assert options.clean(proposed, destination, "Bill").items() >= proposed.items()
        asked |= set(proposed)
    assert asked == set(source.proposals)


@every
def test_the_samples_are_read_and_kept_without_loss(source: Source) -> None:
    bills = [source.read_bill(raw) for raw in samples(source)]
    assert bills
    assert [bill_of(json.loads(document_of(bill))) for bill in bills] == bills


@every
def test_the_lines_that_count_come_to_the_total(source: Source) -> None:
    for bill in map(source.read_bill, samples(source)):
        assert adds_up([line.amount for line in bill.lines if line.counted], bill.total, bill.currency), bill.source_id
        assert {line.type for line in bill.lines} <= set(LINE_TYPES)
        assert len({line.key for line in bill.lines}) == len(bill.lines)


@every
@given(data=st.data())
def test_garbage_is_refused_with_a_sentence(source: Source, data: st.DataObject) -> None:
    """Any JSON under any names, those of the source's own records among them."""
    known = sorted({key for _, key in _places(samples(source)) if isinstance(key, str)})
    keys = st.text(max_size=12) | st.sampled_from(known)
    inner = garbage | st.lists(st.dictionaries(keys, garbage, max_size=6), max_size=3)
    _answers(source, data.draw(st.dictionaries(keys, inner, max_size=8)))


@every
@given(data=st.data())
def test_a_sample_with_one_wrong_value_is_read_or_refused(source: Source, data: st.DataObject) -> None:
    """Any value anywhere in a real Bill replaced by anything."""
    raw = json.loads(json.dumps(data.draw(st.sampled_from(samples(source))), default=str))
    holder, key = data.draw(st.sampled_from(list(_places(raw))))
    holder[key] = data.draw(garbage)
    _answers(source, raw)


def _answers(source: Source, raw: Mapping[str, Any]) -> None:
    items = [partial(source.read_item, kind) for kind in source.items.values()]
    for read, kind in [(source.read_bill, Bill), (source.read_party, object), *((item, Item) for item in items)]:
        try:
            value = read(raw)
        except ValueError as refused:
            assert str(refused).strip(), "refused without a sentence"
        else:
            assert isinstance(value, kind)
            assert not any(isinstance(inner, float) for _, inner in _values(value)), "money went through a float"
    try:
        assert all(isinstance(item, Item) for item in source.read_named(raw)) if source.read_named else True
    except ValueError as refused:
        assert str(refused).strip(), "refused without a sentence"


def _values(value: object) -> list[tuple[Any, Any]]:
    plain = msgspec.to_builtins(value, builtin_types=(Decimal,))
    return [(key, holder[key]) for holder, key in _places(plain)]


def _places(value: Any) -> Any:
    """Every (container, key) of a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _places(inner)
