"""Golden cases: one JSON file holds a Bill, options and mappings, and the whole plan that must come of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from billing.bill import Bill
from integrations import options
from integrations.contract import Plan, Stamp
from integrations.destinations.quickbooks import DESTINATION
from tests.destinations.netsuite.golden import Mappings, exact, told

CASES = Path(__file__).parent / "cases"

__all__ = ["CASES", "build", "exact", "told"]


def build(case: Mapping[str, Any]) -> Plan:
    bill = msgspec.convert(case["bill"], Bill, strict=False)
    stamp = Stamp(**{"source": "m3ter", "revision": 2, "generation": 3} | case.get("stamp", {}))
    chosen = options.defaults(DESTINATION, "Bill") | case["options"]
    return DESTINATION.build(bill, chosen, Mappings(case["mappings"]), stamp)
