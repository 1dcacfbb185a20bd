"""FOCUS cost files: rows in any order, money exact to the last digit, and a Bill never without one of its charges."""

import csv
import io
import os
import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sources.canonical import read_bill
from integrations.sources.focus import SOURCE
from integrations.sources.focus.charges import AMOUNTS, COLUMNS, OPTIONAL, ROWS
from runs.intake.found import Found
from runs.intake.records import read_records
from tests.source import ROOT

REAL = Path(os.environ.get("FOCUS_SAMPLE") or ROOT.parent / "shared" / "data" / "focus_sample.csv")
HEADER = ("BilledCost", *COLUMNS, *OPTIONAL)
CHARGE = {
    "BilledCost": "0.0000008", "BillingCurrency": "USD", "BillingPeriodStart": "2024-09-01 00:00:00",
    "BillingPeriodEnd": "2024-10-01T00:00:00Z", "ChargeCategory": "Usage", "ProviderName": "AWS", "ServiceName": "Queue",
    "SubAccountId": "s-1", "SubAccountName": "Atlas", "BillingAccountId": "b-1", "BillingAccountName": "SunBird",
    "ConsumedQuantity": "2", "ConsumedUnit": "Requests",
}  # fmt: skip


def a_file(*changes: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER)
    writer.writeheader()
    writer.writerows(CHARGE | each for each in changes)
    return out.getvalue()


def read(text: str) -> list[Found]:
    return list(read_records("cost.csv", io.BytesIO(text.encode(errors="surrogateescape")), ("bills",), ROWS))


def test_rows_in_any_order_make_one_bill_per_sub_account_period_and_currency() -> None:
    rows = [{"SubAccountId": sub, "BillingCurrency": currency, "ServiceName": service}
            for sub in ("s-1", "s-2") for currency in ("USD", "EUR") for service in ("Queue", "Disk", "Queue")]  # fmt: skip
    random.Random(7).shuffle(rows)
    bills = [read_bill(found.value) for found in read(a_file(*rows))]
    assert [bill.source_id for bill in bills] == [
        f"AWS-{sub}-2024-09-01-{currency}" for sub in ("s-1", "s-2") for currency in ("EUR", "USD")
    ]
    for bill in bills:
        assert [(line.key, line.amount, line.quantity) for line in bill.lines] == [
            ("Disk/Usage", Decimal("0.0000008"), 2), ("Queue/Usage", Decimal("0.0000016"), 4),
        ]  # fmt: skip


def test_a_bill_is_what_the_file_says() -> None:
    [found] = read(a_file({"BilledCost": "12.345"}, {"BilledCost": "2.5", "ChargeCategory": "Tax", "ConsumedQuantity": "NULL"}))
    bill = read_bill(found.value)
    assert (bill.account.id, bill.account.name, bill.total, str(bill.bill_date)) == ("s-1", "Atlas", Decimal("14.85"), "2024-09-30")
    assert [(line.type, line.description, line.unit, line.refs["Product"].id) for line in bill.lines] == [
        ("AD_HOC", "Queue, tax", "", "Queue"), ("USAGE", "Queue", "Requests", "Queue"),
    ]  # fmt: skip
    assert found.where == "cost.csv: Bill AWS-s-1-2024-09-01-USD (2 rows from line 2 to 3)"


def test_what_names_no_sub_account_belongs_to_the_billing_account() -> None:
    [found] = read(a_file({"SubAccountId": "NULL", "SubAccountName": ""}))
    assert (found.value["account"], found.value["id"]) == ({"id": "b-1", "name": "SunBird"}, "AWS-b-1-2024-09-01-USD")


def test_different_units_are_not_added() -> None:
    [found] = read(a_file({}, {"ConsumedUnit": "GB"}))
    assert "quantity" not in found.value["lines"][0]


@given(costs=st.lists(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=12), min_size=1))
def test_the_sum_is_exact(costs: list[Decimal]) -> None:
    found = read(a_file(*({"BilledCost": f"{cost:f}", "ServiceName": f"s{number % 3}"} for number, cost in enumerate(costs))))
    assert sum(line.amount for line in read_bill(found[0].value).lines) == sum(costs)


@pytest.mark.parametrize(
    ("changes", "where", "why"),
    [
        ({"BilledCost": "lots"}, "cost.csv: line 3 (Bill AWS-s-1-2024-09-01-USD)", "BilledCost is lots, not a number."),
        ({"BilledCost": ""}, "cost.csv: line 3 (Bill AWS-s-1-2024-09-01-USD)", "BilledCost is missing."),
        ({"BillingPeriodStart": "soon"}, "cost.csv: line 3", "BillingPeriodStart is soon, not a date."),
        ({"SubAccountId": "", "BillingAccountId": "NULL"}, "cost.csv: line 3", "SubAccountId and BillingAccountId are both missing."),
        ({"ServiceName": "a\udcffb"}, "cost.csv: line 3", "The text is not UTF-8."),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_its_bill_is_not_taken(changes: dict[str, str], where: str, why: str) -> None:
    found = read(a_file({}, changes, {"SubAccountId": "s-2"}))
    [wrong] = [each for each in found if each.fault]
    assert (wrong.where, wrong.fault) == (where, why)
    whole = 1 if "BilledCost" in changes else 2
    assert len(found) == whole + 1 and found[-1].value["account"]["id"] == "s-2"


def test_another_csv_is_told_in_a_sentence() -> None:
    [found] = read("id,total\nb-1,3\n")
    assert (found.where, found.fault) == ("cost.csv: line 1", "There is no column “BilledCost”.")
    assert [each.fault for each in read("")] == ["There is no column “BilledCost”."]


@given(content=st.binary(max_size=300) | st.text(alphabet='a,"\n\r\x00é', max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused_in_a_sentence(content: bytes) -> None:
    header = ",".join(HEADER).encode() + b"\n"
    for data in (content, header + content):
        for found in read_records("cost.csv", io.BytesIO(data), ("bills",), ROWS):
            assert found.fault.strip() or found.value


real = pytest.mark.skipif(not REAL.exists(), reason="the FinOps Foundation's sample file is not there; FOCUS_SAMPLE names it")


@real
@pytest.mark.parametrize("amount", ["BilledCost", "EffectiveCost", "ListCost"])
def test_a_real_file_adds_up_to_the_cent(amount: str) -> None:
    """1,000 rows of real cost data: what the Bills come to is what the rows come to, and nothing is rejected."""
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    with REAL.open(newline="") as stream:
        for row in csv.DictReader(stream):
            sub = row["SubAccountId"] if row["SubAccountId"] != "NULL" else row["BillingAccountId"]
            expected[sub, row["BillingCurrency"]] += Decimal(row[amount])
    found = list(read_records("focus.csv", io.BytesIO(REAL.read_bytes()), ("bills",), ROWS, amount))
    assert not [each.fault for each in found if each.fault]
    got: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for each in found:
        bill = SOURCE.read_bill(each.value)
        got[bill.account.id, bill.currency] += sum((line.amount for line in bill.lines), Decimal(0))
        assert bill.note == f"From {each.value['id'].split('-')[0]}'s cost file, by {amount}."
    assert got == expected and len(expected) > 10


@real
def test_a_cost_that_a_real_file_leaves_out_rejects_its_bill() -> None:
    """Seven of its rows have no ContractedCost."""
    found = list(read_records("focus.csv", io.BytesIO(REAL.read_bytes()), ("bills",), ROWS, AMOUNTS[2]))
    assert [each.fault for each in found if each.fault] == ["ContractedCost is missing."] * 3 and len(found) == 73


@pytest.mark.parametrize(("amount", "total"), [("", "10.00"), ("BilledCost", "10.00"), ("EffectiveCost", "7.50"), ("ListCost", "0.00")])
def test_one_of_the_costs_is_billed(amount: str, total: str) -> None:
    costs = {"BilledCost": "10", "EffectiveCost": "7.5", "ListCost": "0"}
    text = (
        ",".join([*HEADER, "EffectiveCost", "ListCost"]) + "\n" + ",".join((CHARGE | costs)[name] for name in [*HEADER, *list(costs)[1:]])
    )
    [found] = read_records("cost.csv", io.BytesIO(text.encode()), ("bills",), ROWS, amount)
    assert str(read_bill(found.value).total) == total
    [missing] = read_records("cost.csv", io.BytesIO(text.encode()), ("bills",), ROWS, "ContractedCost")
    assert (missing.where, missing.fault) == ("cost.csv: line 1", "There is no column “ContractedCost”.")
