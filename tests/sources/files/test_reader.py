"""Billpost's own form: the template whole, what may be left out, and what is refused."""

import datetime as dt
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.bill import Bill, Line, Movement, Party, Period, Ref
from billing.document import document_of
from integrations.sources.canonical import read_bill
from integrations.sources.files import SAMPLES
from integrations.sources.files.schema import schema
from runs.intake.records import read_records

OCTOBER = Period(start=dt.date(2026, 10, 1), end=dt.date(2026, 11, 1))
LEAST = {"id": "b-1", "account": {"id": "a-1"}, "currency": "USD", "bill_date": "2026-10-31"}
TEMPLATE = Bill(
    source_id="inv-2026-10-acme",
    account=Party(id="acme", code="ACME", name="Acme Cloud", email="ap@acme.example", custom_fields={"country": "UK"}),
    currency="USD",
    total=Decimal("149.95"),
    bill_date=dt.date(2026, 10, 31),
    status="APPROVED",
    number="INV-1001",
    due_date=dt.date(2026, 11, 30),
    period=OCTOBER,
    purchase_order="PO-7",
    lines=(
        Line(
            key="api", type="USAGE", description="API calls", amount=Decimal("99.9512"), quantity=Decimal("99951.2"), unit="call",
            unit_price=Decimal("0.001"), refs={"Product": Ref(id="api", code="API", name="API calls")}, period=OCTOBER,
        ),
        Line(
            key="support", type="STANDING_CHARGE", description="Support", amount=Decimal(50),
            refs={"Product": Ref(id="support", name="Support")},
        ),
    ),
    movements=(Movement(uid="pay-1", kind="payment", date=dt.date(2026, 11, 5), currency="USD", amount=Decimal("100.00"), memo="Card"),),
)  # fmt: skip


def found(path: Path) -> list[Bill]:
    return [read_bill(record.value) for record in read_records(path.name, io.BytesIO(path.read_bytes()), ("bills",))]


def test_the_template_is_read_whole() -> None:
    assert found(SAMPLES / "template.json") == [TEMPLATE]
    [bill] = found(SAMPLES / "template.csv")
    assert [(line.key, line.amount, line.refs["Product"].id) for line in bill.lines] == [
        ("api", Decimal("99.9512"), "api"), ("support", Decimal(50), "support"),
    ]  # fmt: skip
    assert (bill.account.email, bill.period, bill.total) == ("ap@acme.example", OCTOBER, Decimal("149.95"))


def test_the_least_that_is_a_bill() -> None:
    bill = read_bill(LEAST | {"lines": [{"amount": Decimal("1.004")}, {"amount": "1.004"}, {"amount": 5, "counted": "false"}]})
    assert (bill.total, bill.status) == (Decimal("2.01"), "APPROVED") and bill.note.endswith("the sum of its lines.")
    assert [(line.key, line.type) for line in bill.lines] == [("1", "AD_HOC"), ("2", "AD_HOC"), ("3", "AD_HOC")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": ""}, "id is missing."),
        ({"account": {}}, "account: id is missing."),
        ({"currency": "EURO"}, "currency: “EURO” is not a currency code of ISO 4217."),
        ({"bill_date": "31.10.2026"}, "bill_date is 31.10.2026, not a date."),
        ({"status": "OPEN"}, "status is OPEN, not one of PENDING, APPROVED, VOID."),
        ({"total": "NaN"}, "total is NaN, not a number."),
        ({"lines": [{"amount": ""}]}, "line 1: amount is missing."),
        ({"lines": [{"key": "a", "amount": 1}, {"key": "a", "amount": 1}]}, "line 2: key a stands twice."),
        ({"lines": [{"amount": 1, "refs": {"Product": {}}}]}, "line 1, refs, Product: id is missing."),
        ({"lines": [{"amount": 1, "refs": {"\ud800": {"id": "p"}}}]}, "line 1, refs: the name of an entity has control characters."),
        ({"period": {"start": "2026-10-31", "end": "2026-10-01"}}, "period: end is before start."),
        ({"movements": [{"uid": "m", "kind": "gift", "date": "2026-10-01", "amount": 1}]}, "movement 1: kind is gift, not one of"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        read_bill(LEAST | changes)


@given(amounts=st.lists(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=9), max_size=9))
def test_no_digit_is_lost(amounts: list[Decimal]) -> None:
    """As numbers, as text, in the stored document."""
    for form in (str, Decimal):
        bill = read_bill(LEAST | {"total": "0", "lines": [{"amount": form(amount)} for amount in amounts]})
        assert [line.amount for line in bill.lines] == amounts
        assert [Decimal(line["amount"]) for line in json.loads(document_of(bill))["lines"]] == amounts


def test_the_schema_names_every_field_of_a_bill() -> None:
    published = schema()["$defs"]
    assert set(published["Bill"]["properties"]) == {"id"} | {name for name in Bill.__dataclass_fields__ if name != "source_id"}
    assert set(published["Line"]["properties"]) == set(Line.__dataclass_fields__)
