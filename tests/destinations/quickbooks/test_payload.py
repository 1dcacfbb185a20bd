"""A Bill as a QuickBooks document: golden cases whole, and what holds for every Bill."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.bill import Bill
from billing.money import minor_unit
from integrations import guard, options
from integrations.contract import Match, Rule, Stamp
from integrations.destinations.quickbooks import DESTINATION
from integrations.destinations.quickbooks.identity import read_note
from integrations.lines import Split
from tests import strategies
from tests.destinations.quickbooks import golden

STAMP = Stamp(source="m3ter", revision=1, generation=1)


class Mapped:
    """A Lookup in which everything that a line names is mapped."""

    def find(self, table: str, *_: Any) -> Match | None:
        return Match(rule=Rule.MAPPING, id={"Customer": "1001"}.get(table, "2001"))

    def name(self, table: str, external_id: str) -> str:
        return ""

    def currencies(self, table: str, external_id: str) -> tuple[str, ...]:
        return ()

    def kind(self, table: str, external_id: str) -> str:
        return ""


@pytest.mark.parametrize("path", sorted(golden.CASES.glob("*.json")), ids=lambda path: path.stem)
def test_golden_case(path: Path) -> None:
    case = json.loads(path.read_text())
    assert golden.told(golden.build(case)) == golden.exact(path.read_text())["plan"], case["about"]


@given(bill=strategies.bills(), split=st.sampled_from(Split), zeros=st.booleans())
def test_quantity_times_price_is_the_amount_and_the_amounts_are_the_total(bill: Bill, split: Split, zeros: bool) -> None:
    chosen = {"splitUsageLineItems": split.value, "sendZeroQuantityLineItems": zeros}
    plan = DESTINATION.build(bill, options.defaults(DESTINATION, "Bill") | chosen, Mapped(), STAMP)
    (document,) = plan.documents
    lines, sign = document.body["Line"], -1 if document.kind == "CreditMemo" else 1
    assert sum((line["Amount"] for line in lines), Decimal(0)) * sign == plan.target == document.total == bill.total
    assert document.kind == ("CreditMemo" if bill.total < 0 else "Invoice")
    cent = Decimal(1).scaleb(-minor_unit(bill.currency))
    for line in lines:
        detail = line["SalesItemLineDetail"]
        assert (detail["Qty"] * detail["UnitPrice"]).quantize(cent, ROUND_HALF_UP) == line["Amount"]
        assert all(_decimals(detail[name]) <= 5 for name in ("Qty", "UnitPrice"))
    assert guard.guard(bill, plan) is None or not lines


def _decimals(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


@pytest.mark.parametrize("source", ["m3ter", "eu-1"])
@given(source_id=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=80))
def test_our_note_names_the_document(source: str, source_id: str) -> None:
    """What is written is read back as the same key and tag, whatever the source's ids look like."""
    case = json.loads((golden.CASES / "invoice.json").read_text())
    case["bill"]["source_id"] = source_id
    case["stamp"] = {"source": source, "default_source": source == "m3ter"}
    (document,) = golden.build(case).documents
    assert read_note(document.body["PrivateNote"]) == (document.key, document.tag)
    assert read_note(f"{document.body['PrivateNote']}\nCalled the customer.") == (document.key, document.tag)
    assert 0 < len(document.number) <= 21


@pytest.mark.parametrize("text", ["", "Voided", "thank you", "INV-7 r2", "\n"])
def test_another_note_names_none(text: str) -> None:
    assert read_note(text)[0] == ""


def test_addresses_that_quickbooks_refuses_are_left_out() -> None:
    case = json.loads((golden.CASES / "invoice.json").read_text())
    case["bill"]["account"] |= {"email": "nobody", "custom_fields": {"manager": "a" * 100 + "@example.test"}}
    (document,) = golden.build(case).documents
    assert "BillEmail" not in document.body and "BillEmailCc" not in document.body
