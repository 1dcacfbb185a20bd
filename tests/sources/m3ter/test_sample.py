"""The demo's files: Bills that add up, Accounts and products that they name, and mappings that point to them."""

import csv
from pathlib import Path
from typing import Any

import pytest

from billing.bill import LINE_TYPES, Bill
from billing.money import agrees, share_out
from integrations.sources import m3ter
from integrations.sources.m3ter.reader import read_bill, read_item, read_party
from runs.intake.json_stream import parse

SAMPLE = Path(m3ter.__file__).parent / "sample"
MAPPINGS = SAMPLE.parents[2] / "destinations" / "netsuite" / "sample" / "mappings.csv"
DEMO: dict[str, Any] = parse((SAMPLE / "demo.json").read_text())
AGAIN: dict[str, Any] = parse((SAMPLE / "demo-recalculated.json").read_text())
BILLS = [read_bill(raw) for raw in DEMO["bills"]]


@pytest.mark.parametrize("bill", [*BILLS, *map(read_bill, AGAIN["bills"])], ids=lambda bill: bill.number)
def test_every_bill_adds_up(bill: Bill) -> None:
    counted = [line.amount for line in bill.lines if line.counted]
    assert agrees(counted, bill.total, bill.currency)
    assert sum(share.rounded for share in share_out(counted, bill.total, bill.currency)) == bill.total
    for line in bill.lines:
        assert line.type in LINE_TYPES
        assert not line.bands or sum(band.amount for band in line.bands) == line.amount
        assert line.period is not None
    assert bill.note == ""


def test_what_the_demo_shows() -> None:
    lines = [line for bill in BILLS for line in bill.lines]
    assert len({bill.number for bill in BILLS}) == len(BILLS) >= 14
    assert {bill.currency for bill in BILLS} == {"USD", "EUR", "GBP", "JPY", "KWD"}
    assert {bill.status for bill in BILLS} == {"PENDING", "APPROVED"}
    assert {(bill.total > 0) - (bill.total < 0) for bill in BILLS} == {1, 0, -1}
    assert {line.type for line in lines} >= set(LINE_TYPES) - {"CREDIT_DEDUCTION", "DISCOUNT", "TAX"}
    assert any(line.bands for line in lines) and any(not line.counted for line in lines)
    assert any(set(line.refs) >= {"Product", "AccountingProduct", "Aggregation"} for line in lines)
    assert max(len(line.refs["Product"].name) for line in lines) > 120


def test_the_demo_names_only_what_it_brings() -> None:
    accounts = {read_party(raw).id for raw in DEMO["accounts"]}
    items = {kind: {read_item(kind, raw).ref.id for raw in DEMO[key]} for key, kind in m3ter.SOURCE.items.items()}
    items["AccountingProduct"] = items["Product"]
    assert {bill.account.id for bill in BILLS} == accounts
    for kind, known in items.items():
        assert {line.refs[kind].id for bill in BILLS for line in bill.lines if kind in line.refs} <= known
    assert all(raw["emailAddress"].endswith(".example.test") for raw in DEMO["accounts"])


def test_the_recalculated_bill_is_newer_and_keeps_its_lines() -> None:
    (newer,) = map(read_bill, AGAIN["bills"])
    (older,) = (bill for bill in BILLS if bill.source_id == newer.source_id)
    assert older.version is not None and newer.version == older.version + 1
    assert older.total != newer.total
    assert {line.key for line in older.lines} < {line.key for line in newer.lines}


def test_the_mappings_leave_one_account_and_one_product_to_other_rules() -> None:
    rows = list(csv.DictReader(MAPPINGS.read_text().splitlines()))
    mapped = {(row["m3terEntity"], row["m3terId"]): int(row["externalId"]) for row in rows}
    assert {row["externalSystem"] for row in rows} == {"Netsuite"}
    accounts, products = DEMO["accounts"], DEMO["products"]
    assert [raw["name"] for raw in accounts if ("Account", raw["id"]) not in mapped] == ["Cobalt Analytics"]
    assert [raw["name"] for raw in accounts if "netsuite_internal_customer_id" in raw["customFields"]] == ["Cobalt Analytics"]
    charged = {line.refs["Product"].id for bill in BILLS for line in bill.lines}
    assert [raw["name"] for raw in products if raw["id"] in charged and ("Product", raw["id"]) not in mapped] == ["Egress"]
    assert {1000 < number <= 1020 for (entity, _), number in mapped.items() if entity == "Account"} == {True}
    assert {2000 < number <= 2020 for (entity, _), number in mapped.items() if entity != "Account"} == {True}
