"""A Bill as a NetSuite document: golden cases whole, and what holds for every Bill."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.bill import Bill
from billing.money import minor_unit
from integrations import guard, options
from integrations.contract import Match, Rule, Stamp
from integrations.destinations.netsuite import DESTINATION
from integrations.destinations.netsuite.identity import document_key
from integrations.lines import Split
from tests import strategies
from tests.destinations.netsuite import golden

STAMP = Stamp(source="m3ter", revision=1, generation=1)


class Mapped:
    """A Lookup in which everything that a line names is mapped, and the rest has a default item."""

    def find(self, table: str, *_: Any) -> Match | None:
        return Match(rule=Rule.MAPPING, id={"Customer": "1001", "Currency": "1"}.get(table, "2001"))

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


@given(bill=strategies.bills(), split=st.sampled_from(Split))
def test_the_body_adds_up_in_every_currency(bill: Bill, split: Split) -> None:
    plan = DESTINATION.build(bill, options.defaults(DESTINATION, "Bill") | {"splitUsageLineItems": split.value}, Mapped(), STAMP)
    [document] = [each for each in plan.documents if each.slot == "main"]
    lines, sign = document.body["item"]["items"], -1 if document.kind == "creditMemo" else 1
    assert sum((line["amount"] for line in lines), Decimal(0)) * sign == plan.target == document.total == bill.total
    assert document.kind == ("creditMemo" if bill.total < 0 else "invoice")
    assert [line["line"] for line in lines] == list(range(1, len(lines) + 1))
    for line in lines:
        assert _decimals(line["amount"]) <= minor_unit(bill.currency)
        assert str(line["amount"])[:2] not in ("-0", "-0.") or line["amount"]
        assert all(_decimals(line[name]) <= 10 for name in ("rate", "quantity") if name in line)
    assert guard.guard(bill, plan) is None or not lines


def _decimals(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


def test_without_the_commitment_setting_the_line_type_then_the_default_is_taken() -> None:
    case = json.loads((golden.CASES / "settings.json").read_text())
    del case["options"]["netsuiteCommitmentItemId"]
    found = [(line.item.id, line.item.rule) for line in golden.build(case).documents[0].lines[:2] if line.item]
    assert found == [("2099", Rule.LINE_TYPE), ("2020", Rule.DEFAULT)]


@given(st.text(), st.text())
def test_different_bills_never_share_a_key(one: str, other: str) -> None:
    assert (document_key(one) == document_key(other)) == (one == other)
    assert re.fullmatch(r"[A-Za-z0-9_-]*", document_key(one))


@given(st.text() | st.from_regex(r"(_x[0-9A-F]{4}_|[ _x0F/])*", fullmatch=True))
def test_a_key_can_be_read_back(source_id: str) -> None:
    plain = re.sub(r"_x([0-9A-F]{4,6})_", lambda found: chr(int(found[1], 16)), document_key(source_id))
    assert plain == source_id


def test_a_plain_id_is_the_key_as_it_is() -> None:
    assert document_key("b7e2f4c1-0931_A") == "b7e2f4c1-0931_A"
    assert document_key("7", "maxio-eu") != document_key("7")
