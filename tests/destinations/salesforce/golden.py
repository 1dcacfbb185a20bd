"""Golden cases: one JSON file holds a Bill, options and mappings, and the whole plan that must come of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from billing.bill import Bill
from integrations import options
from integrations.contract import Plan, Stamp
from integrations.destinations.salesforce import DESTINATION
from tests.destinations.netsuite.golden import Mappings

CASES = Path(__file__).parent / "cases"


def build(case: Mapping[str, Any]) -> Plan:
    bill = msgspec.convert(case["bill"], Bill, strict=False)
    stamp = Stamp(**{"source": "m3ter", "revision": 2, "generation": 3} | case.get("stamp", {}))
    chosen = options.clean(case.get("options", {}), DESTINATION, "Bill")
    return DESTINATION.build(bill, chosen, Mappings(case.get("mappings", {})), stamp)
