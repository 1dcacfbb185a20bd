"""A Bill as stored comes back equal, and two Bills that say the same have one digest."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.bill import Band, Bill, Line, Movement, Party, Period, Ref
from billing.document import bill_of, digest, document_of, party_digest, slice_digest

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
ids = texts.filter(bool)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18)
optional = st.none() | decimals
days = st.dates()
refs = st.builds(Ref, id=ids, code=texts, name=texts)
periods = st.none() | st.builds(Period, start=days, end=days)
bands = st.builds(Band, ref=refs, amount=decimals, quantity=optional, unit_price=optional, fixed_price=optional, lower_limit=optional)
lines = st.builds(
    Line,
    key=ids,
    type=texts,
    description=texts,
    amount=decimals,
    counted=st.booleans(),
    quantity=optional,
    unit_price=optional,
    unit=texts,
    refs=st.dictionaries(st.sampled_from(["Product", "AccountingProduct", "Contract"]), refs),
    period=periods,
    bands=st.lists(bands, max_size=2).map(tuple),
    referenced_bill=texts,
    referenced_line=texts,
    tax=optional,
)
kinds = st.sampled_from(["payment", "refund", "credit"])
movements = st.builds(Movement, uid=ids, kind=kinds, date=days, currency=st.just("USD"), amount=decimals, memo=texts)
custom = st.dictionaries(ids, texts | st.integers(-(2**53), 2**53) | st.booleans(), max_size=2)
addresses = st.dictionaries(ids, texts, max_size=2)
parties = st.builds(Party, id=ids, code=texts, name=texts, email=texts, address=addresses, custom_fields=custom)
bills = st.builds(
    Bill,
    source_id=ids,
    account=parties,
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
    total=decimals,
    bill_date=days,
    status=st.sampled_from(["PENDING", "APPROVED", "VOID"]),
    lines=st.lists(lines, max_size=3).map(tuple),
    number=texts,
    invoice_date=st.none() | days,
    due_date=st.none() | days,
    period=periods,
    purchase_order=texts,
    locked=st.booleans(),
    version=st.none() | st.integers(0, 2**63 - 1),
    updated_at=st.none() | st.datetimes(timezones=st.just(dt.UTC)),
    movements=st.lists(movements, max_size=2).map(tuple),
    note=texts,
    withheld=texts,
)

BILL = Bill(
    source_id="b1",
    account=Party(id="a1", name="Acme"),
    currency="USD",
    total=Decimal("10.10"),
    bill_date=dt.date(2026, 10, 31),
    status="APPROVED",
    lines=(
        Line(
            key="l1",
            type="USAGE",
            description="API",
            amount=Decimal("10.10"),
            quantity=Decimal("1E+2"),
            refs={"Product": Ref(id="p1", name="API"), "Contract": Ref(id="c1")},
            bands=(Band(ref=Ref(id="t1", name="from 0"), amount=Decimal("10.10")),),
        ),
    ),
)


@given(bills)
def test_a_stored_bill_comes_back_equal(bill: Bill) -> None:
    stored = json.loads(document_of(bill))
    assert bill_of(stored) == bill
    assert (digest(bill_of(stored)), slice_digest(bill_of(stored))) == (digest(bill), slice_digest(bill))


def test_decimals_are_text_in_the_document() -> None:
    document = json.loads(document_of(BILL))
    line = document["lines"][0]
    assert (document["total"], line["amount"], line["quantity"]) == ("10.10", "10.10", "1E+2")


def with_line(**more: Any) -> Bill:
    return replace(BILL, lines=(replace(BILL.lines[0], **more),))


SAME = [
    replace(BILL, version=7, updated_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC), locked=True, note="rounded"),
    replace(BILL, account=Party(id="a1", name="Acme Cloud", email="ap@acme.test")),
    replace(BILL, total=Decimal("10.1")),
    replace(BILL, total=Decimal("101E-1")),
    with_line(amount=Decimal("10.1000"), quantity=Decimal("100.0")),
    with_line(refs={"Contract": Ref(id="c1"), "Product": Ref(id="p1", name="API calls", code="API")}),
    with_line(bands=(Band(ref=Ref(id="t1"), amount=Decimal("10.1")),)),
]


@pytest.mark.parametrize("same", SAME)
def test_what_says_the_same_has_the_same_digests(same: Bill) -> None:
    assert (digest(same), slice_digest(same)) == (digest(BILL), slice_digest(BILL))


def test_minus_zero_is_zero() -> None:
    assert digest(replace(BILL, total=Decimal("-0.00"))) == digest(replace(BILL, total=Decimal(0)))


@pytest.mark.parametrize(
    "other",
    [
        replace(BILL, status="VOID"),
        replace(BILL, withheld="The source delivers it itself."),
        replace(BILL, movements=(Movement(uid="p1", kind="payment", date=dt.date(2026, 11, 2), currency="USD", amount=Decimal(1)),)),
    ],
)
def test_status_and_movements_are_no_part_of_the_main_document(other: Bill) -> None:
    assert digest(other) != digest(BILL)
    assert slice_digest(other) == slice_digest(BILL)


@pytest.mark.parametrize(
    "other",
    [
        replace(BILL, account=Party(id="a2")),
        replace(BILL, total=Decimal("10.11")),
        replace(BILL, bill_date=dt.date(2026, 11, 1)),
        replace(BILL, parent_bill="b0"),
        with_line(counted=False),
        with_line(amount=Decimal("10.101")),
        with_line(quantity=None),
        with_line(unit="calls"),
        with_line(tax=Decimal(0)),
        with_line(unit_price=Decimal(1)),
        with_line(refs={"Product": Ref(id="p1")}),
        with_line(period=Period(start=dt.date(2026, 10, 1), end=dt.date(2026, 11, 1))),
        with_line(bands=(Band(ref=Ref(id="t1"), amount=Decimal("10.10"), unit_price=Decimal(1)),)),
        with_line(referenced_bill="b0"),
        replace(BILL, lines=()),
        replace(BILL, lines=BILL.lines * 2),
    ],
)
def test_what_the_main_document_depends_on_changes_both(other: Bill) -> None:
    assert digest(other) != digest(BILL)
    assert slice_digest(other) != slice_digest(BILL)


def test_the_partys_digest_is_that_of_name_email_and_address_alone() -> None:
    known = replace(BILL.account, name="Acme", email="ap@acme.test", address={"country": "GB", "locality": "Leeds"})
    bill = replace(BILL, account=known)
    same = replace(known, address=dict(reversed(list(known.address.items()))), custom_fields={"tier": "gold"}, currency="EUR")
    assert party_digest(replace(bill, account=same, total=Decimal(7), lines=())) == party_digest(bill)
    others = [replace(known, name="Acme Ltd"), replace(known, email="x@acme.test"), replace(known, address={"country": "GB"})]
    assert len({party_digest(replace(bill, account=other)) for other in (known, *others)}) == 4
