"""Golden cases: one JSON file holds a Bill, options and mappings, and the whole plan that must come of them."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from billing.bill import Bill, Ref
from integrations import options
from integrations.contract import Match, Plan, Rule, Stamp
from integrations.destinations.netsuite import DESTINATION

CASES = Path(__file__).parent / "cases"
NAMES = {"1002": "Borealis AI, Inc.", "2001": "API Usage", "2004": "Platform Fee", "2020": "Other Usage"}
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Mappings:
    """A Lookup over {table: {"Entity:id": external id}}, and {external id: kind} of its items."""

    def __init__(self, tables: Mapping[str, Mapping[str, str]], kinds: Mapping[str, str] | None = None) -> None:
        self.tables, self.kinds = tables, kinds or {}

    def find(self, table: str, entities: Sequence[str], refs: Mapping[str, Ref], on: dt.date) -> Match | None:
        for entity in entities:
            found = self.tables.get(table, {}).get(f"{entity}:{refs[entity].id}") if entity in refs else None
            if found:
                return Match(rule=Rule.MAPPING, id=found, detail=f"{entity} {refs[entity].id}")
        return None

    def name(self, table: str, external_id: str) -> str:
        return NAMES.get(external_id, "") if table in ("Customer", "Item") else ""

    def currencies(self, table: str, external_id: str) -> Sequence[str]:
        return ()

    def kind(self, table: str, external_id: str) -> str:
        return self.kinds.get(external_id, "")


def exact(text: str | bytes) -> Any:
    """JSON with every number as it is written."""
    return json.loads(text, parse_float=str, parse_int=str)


def build(case: Mapping[str, Any]) -> Plan:
    bill = msgspec.convert(case["bill"], Bill, strict=False)
    stamp = Stamp(**{"source": "m3ter", "revision": 2, "generation": 3} | case.get("stamp", {}))
    chosen = options.defaults(DESTINATION, "Bill") | case["options"]
    return DESTINATION.build(bill, chosen, Mappings(case["mappings"], case.get("kinds")), stamp)


def told(plan: Plan) -> dict[str, Any]:
    """The plan as a case file holds it: bodies as they go over the wire, lines as what decided about them."""
    plain = without_nothing(exact(msgspec.json.encode(plan)), "fault", "unread")
    for document, made in zip(plain["documents"], plan.documents, strict=True):
        document["body"] = exact(_encode(made.body))
        document["lines"] = [_line(line) for line in document["lines"]]
        del document["number"]
        without_nothing(document, "made_from", "may_stand", "void", "awaits", "lacks", "slice")
        document["customer"] = document["customer"] and f"{document['customer']['id']} by {document['customer']['rule']}"
    return dict(plain)


def without_nothing(told: dict[str, Any], *names: str) -> dict[str, Any]:
    """Takes out those of these that say nothing."""
    for name in names:
        if not told[name]:
            del told[name]
    return told


def _line(line: Mapping[str, Any]) -> str:
    """`line-1 band-2: 2.005 -> 2.01 (+0.01), item 2001 by External mapping`"""
    item = f"item {line['item']['id']} by {line['item']['rule']}" if line["item"] else "no item"
    name = f"{line['line_key']} {line['band']}".strip()
    took = "" if float(line["adjustment"]) == 0 else f" ({line['adjustment']})"
    return f"{name}: {line['unrounded']} -> {line['amount']}{took}, {item}"
