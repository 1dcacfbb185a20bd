"""QuickBooks under measurement: invoices one by one, or thirty to a batch."""

from pathlib import Path
from typing import Any

from benchmarks import bills
from benchmarks.targets import Bare, Peer, Target

REALM = "9130"


def request(number: int, prefix: str) -> tuple[str, str, dict[str, Any]]:
    """One invoice as a script would write it down, with the ids of the emulator's own customers and items."""
    raw = bills.raw_bill(number, prefix)
    invoice = {
        "DocNumber": raw["sequentialInvoiceNumber"][-21:],
        "CustomerRef": {"value": "1001"},
        "TxnDate": raw["billDate"],
        "PrivateNote": raw["id"],
        "Line": [_line(line, place) for place, line in enumerate(raw["lineItems"])],
    }
    return "POST", f"/v3/company/{REALM}/invoice?minorversion=75", invoice


def _line(line: dict[str, Any], place: int) -> dict[str, Any]:
    detail = {"ItemRef": {"value": str(2001 + place)}, "Qty": 1, "UnitPrice": line["convertedSubtotal"]}
    money = {"Amount": line["convertedSubtotal"], "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return money | {"Description": line["description"]}


TARGET = Target(
    slug="quickbooks",
    system="QuickBooks",
    kind="QUICKBOOKS_OAUTH",
    tables={"Account": ("Customer", lambda number: str(1001 + number)), "Product": ("Item", lambda number: str(2001 + number))},
    single={"batchSize": 1},
    bulk={},
    documents=("Invoice", "CreditMemo"),
    writes=lambda row: bool(row["path"].endswith(("/batch", "/invoice", "/creditmemo"))),
    bare=Bare(host="quickbooks.api.intuit.com", request=request),
    goals={"single": 1.02, "bulk": 0.036},
    batches=(30,),
    peers=(Peer(name="python-quickbooks 0.9.12, batches of 30", script=Path(__file__).with_name("peer.py")),),
)
