"""NetSuite under measurement: invoices by external id, one by one or as collections of a hundred."""

from pathlib import Path
from typing import Any

from benchmarks import bills
from benchmarks.targets import Bare, Peer, Target

SERVICES = 10
"""The emulator's first items are services and fees: an order of them is invoiced at once."""


def request(number: int, prefix: str) -> tuple[str, str, dict[str, Any]]:
    """An upsert of one invoice as a script would write it down, with the ids of the emulator's own customers and items."""
    raw = bills.raw_bill(number, prefix)
    lines = [
        {
            "item": {"id": str(2001 + position)},
            "quantity": line["quantity"],
            "rate": line["averageUnitPrice"],
            "amount": line["convertedSubtotal"],
            "description": line["description"],
        }
        for position, line in enumerate(raw["lineItems"])
    ]
    invoice = {
        "externalId": raw["id"],
        "entity": {"id": "1001"},
        "currency": {"id": "1"},
        "tranDate": raw["billDate"],
        "memo": raw["id"],
        "item": {"items": lines},
    }
    return "PUT", f"/services/rest/record/v1/invoice/eid:{raw['id']}", invoice


TARGET = Target(
    slug="netsuite",
    system="Netsuite",
    kind="NETSUITE_AUTH",
    tables={"Account": ("Customer", lambda number: str(1001 + number)), "Product": ("Item", lambda number: str(2001 + number % SERVICES))},
    single={"bulkThreshold": 1_000_000},
    bulk={"bulkThreshold": 20},
    chain={"bulkThreshold": 20, "documentFlow": "SALES_ORDER_TO_INVOICE"},
    documents=("invoice", "creditMemo"),
    writes=lambda row: bool(row["method"] == "PUT" or "!transform" in row["path"]),
    bare=Bare(host="1234567-sb1.suitetalk.api.netsuite.com", request=request),
    goals={"single": 1.02, "bulk": 0.05, "chain": 1.15},
    batches=(30, 100),
    peers=(Peer(name="netsuite 0.12", package="netsuite==0.12.0", script=Path(__file__).with_name("peer.py"), at_once=(5, 10)),),
)
