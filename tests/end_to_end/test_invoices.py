"""The whole path with what m3ter really sends: every document agrees with its Bill to the last digit of its currency."""

import json
import random
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.end_to_end.conftest import Installation
from tests.end_to_end.emulators import Record, lines
from tests.end_to_end.raw import Raw, a_bill, a_line
from tests.source import ROOT

SAMPLE = ROOT / "integrations" / "sources" / "m3ter" / "sample" / "demo.json"
RECALCULATED = SAMPLE.with_name("demo-recalculated.json")
MAPPINGS = ROOT / "integrations" / "destinations" / "netsuite" / "sample" / "mappings.csv"
UNITS = {"USD": Decimal("0.01"), "EUR": Decimal("0.01"), "GBP": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}
CONSUMED = ("COMMITMENT_CONSUMED", "BALANCE_CONSUMED")


def exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def counted(bill: Raw) -> list[Raw]:
    """The lines that its total is made of: what a prepayment has consumed is told as a positive amount and is not one of them."""
    return [line for line in bill["lineItems"] if not (line["lineItemType"] in CONSUMED and line["convertedSubtotal"] > 0)]


def check(bill: Raw, document: Record, sign: int) -> None:
    """The document against the Bill as m3ter sent it, without any code of ours."""
    unit = UNITS[bill["currency"]]
    assert document["total"] * sign == Decimal(bill["billTotal"]).quantize(unit, ROUND_HALF_UP)
    assert (document["currency"]["refName"], document["tranId"]) == (bill["currency"], bill["sequentialInvoiceNumber"])
    assert document["memo"].startswith(f"{bill['id']} r1 g")
    assert document["tranDate"] == bill.get("externalInvoiceDate", bill["billDate"])
    assert document.get("otherRefNum") == bill.get("purchaseOrderNumber")
    there = {line["custcol_m3ter_external_line_item"]: line for line in lines(document)}
    assert there.keys() == {line["id"] for line in counted(bill)} and len(there) == len(lines(document))
    assert sum(line["amount"] for line in there.values()) == document["total"]
    for line in counted(bill):
        assert abs(there[line["id"]]["amount"] * sign - line["convertedSubtotal"]) < unit
        assert there[line["id"]]["description"] == line["description"]


def test_every_sample_bill_becomes_the_document_it_says(installation: Installation) -> None:
    installation.integration(onlySendBillOnApproval=True, netsuiteDefaultItemId="")
    sample = exact(SAMPLE.read_text())
    imported = installation.answer("import_bills", "--source", "m3ter", str(SAMPLE))
    assert (imported["created"], imported["rejected"]) == (len(sample["bills"]), [])
    installation.call("import_mappings", str(MAPPINGS))
    came = installation.answer("sync", "--wait")
    writes = installation.emulators.writes()
    assert installation.sync() == {} and installation.emulators.writes() == writes

    invoices, memos = installation.emulators.by_bill(), installation.emulators.by_bill("creditMemo")
    approved = {bill["id"]: bill for bill in sample["bills"] if bill["status"] == "APPROVED"}
    failed = {run["bill"]: run for run in installation.runs("--status", "ERROR")}
    assert came == {"COMPLETE": len(approved) - len(failed), "ERROR": len(failed)}
    assert {**invoices, **memos}.keys() == approved.keys() - failed.keys()
    assert memos.keys() == {uid for uid, bill in approved.items() if bill["billTotal"] < 0}
    for uid in invoices:
        check(approved[uid], invoices[uid], 1)
    for uid in memos:
        check(approved[uid], memos[uid], -1)
    assert {run["error_code"] for run in failed.values()} == {"MISSING_MAPPING"}


def test_a_recalculated_bill_changes_its_own_invoice(installation: Installation) -> None:
    installation.integration(onlySendBillOnApproval=True)
    installation.call("import_bills", "--source", "m3ter", str(SAMPLE))
    installation.call("import_mappings", str(MAPPINGS))
    installation.sync()
    before = installation.emulators.by_bill()
    imported = installation.answer("import_bills", "--source", "m3ter", str(RECALCULATED))
    again = {bill["id"]: bill for bill in exact(RECALCULATED.read_text())["bills"] if bill["status"] == "APPROVED"}
    assert imported["revised"] == len(exact(RECALCULATED.read_text())["bills"])
    assert installation.sync() == {"COMPLETE": len(again)}
    after = installation.emulators.by_bill()
    for uid, bill in again.items():
        assert after[uid]["id"] == before[uid]["id"] and after[uid]["total"] == Decimal(bill["billTotal"])
        assert after[uid]["memo"] == f"{uid} r2 g2"
    assert {uid: record for uid, record in after.items() if uid not in again} == {
        uid: record for uid, record in before.items() if uid not in again
    }


def awkward_bills(seed: int, count: int) -> Iterator[Raw]:
    """Bills in five currencies with prices far below their minor unit, credits and up to 40 lines; totals are rounded sums, as m3ter's."""
    chance = random.Random(seed)
    for number in range(count):
        currency = chance.choice(list(UNITS))
        amounts = [Decimal(chance.randint(-(10**6), 10**8)).scaleb(chance.randint(-9, -4)) for _ in range(chance.randint(1, 40))]
        rows = [a_line(f"r{number}-{at}", str(amount), currency=currency) for at, amount in enumerate(amounts)]
        total = sum(amounts, Decimal(0)).quantize(UNITS[currency], ROUND_HALF_UP)
        yield a_bill(f"r{number}", rows, currency=currency, billTotal=str(total))


@pytest.mark.parametrize("seed", [7])
def test_awkward_amounts_add_up_to_the_bills_total_to_the_last_digit(installation: Installation, seed: int) -> None:
    installation.integration()
    installation.customers(acc_1="1001")
    bills = {bill["id"]: bill for bill in awkward_bills(seed, 60)}
    installation.bills(*bills.values())
    assert installation.answer("sync", "--wait") == {"COMPLETE": 60}
    invoices, memos = installation.emulators.by_bill(), installation.emulators.by_bill("creditMemo")
    assert invoices.keys() | memos.keys() == bills.keys()
    for uid, bill in bills.items():
        document, sign = (invoices[uid], 1) if uid in invoices else (memos[uid], -1)
        unit = UNITS[bill["currency"]]
        assert document["total"] * sign == Decimal(bill["billTotal"])
        amounts = {line["custcol_m3ter_external_line_item"]: line["amount"] * sign for line in lines(document)}
        assert sum(amounts.values()) == Decimal(bill["billTotal"])
        assert all(abs(amounts[line["id"]] - Decimal(line["convertedSubtotal"])) < unit for line in bill["lineItems"])
        assert all(amount % unit == 0 for amount in amounts.values())
