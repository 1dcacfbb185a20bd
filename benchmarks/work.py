"""Work per Bill that does not depend on the machine: what Python executes to build a document and to encode it."""

import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from benchmarks import bills
from benchmarks.targets import target
from billing.bill import Ref
from integrations import registry
from integrations.contract import Answer, Match, Request, Rule, Sending, Stamp
from runs.intake.json_stream import parse

UNIT = "opcodes" if sys.version_info >= (3, 12) else "function calls"


class Everything:
    """A lookup that knows every entity."""

    def find(self, table: str, entities: Sequence[str], refs: Mapping[str, Ref], on: dt.date) -> Match | None:
        return Match(rule=Rule.MAPPING, id="1001")

    def name(self, table: str, external_id: str) -> str:
        return "Acme"

    def currencies(self, table: str, external_id: str) -> Sequence[str]:
        return ()

    def kind(self, table: str, external_id: str) -> str:
        return ""


class NoWire:
    """Building and encoding send nothing."""

    def __init__(self, system: str) -> None:
        self.system = system

    def send(self, request: Request) -> Answer:
        raise AssertionError(request)


def measure(destination: str) -> dict[str, Any]:
    """`ours`: one Bill of five lines to the request's bytes; `bare`: a dict and json.dumps. Counted twice to show that it repeats."""
    bill = registry.source("m3ter").read_bill(parse(json.dumps(bills.raw_bill(1))))
    measured = target(destination)
    declared = registry.destination(measured.system)
    client = declared.connect(NoWire(measured.system), "1", {})
    stamp = Stamp(source="m3ter", revision=1, generation=1)

    def ours() -> None:
        plan = declared.build(bill, {}, Everything(), stamp)
        client.pack([Sending(document=plan.documents[0], update=False)], lambda members, body: "key")

    def bare() -> None:
        json.dumps(measured.bare.request(1, "bench")[2]).encode()

    for act in (ours, bare):
        act()
    return {"unit": UNIT, "ours": [count(ours), count(ours)], "bare": count(bare)}


def count(act: Callable[[], None]) -> int:
    """What `act` executes: opcodes from Python 3.12 on, calls of Python and C functions before."""
    return _opcodes(act) if sys.version_info >= (3, 12) else _calls(act)


def _calls(act: Callable[[], None]) -> int:
    found = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        act()
    finally:
        sys.setprofile(None)
    return found


def _opcodes(act: Callable[[], None]) -> int:
    found = 0
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]

    def seen(code: object, offset: int) -> None:
        nonlocal found
        found += 1

    monitoring.use_tool_id(monitoring.PROFILER_ID, "bench")
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.INSTRUCTION, seen)
    monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.INSTRUCTION)
    try:
        act()
    finally:
        monitoring.set_events(monitoring.PROFILER_ID, 0)
        monitoring.free_tool_id(monitoring.PROFILER_ID)
    return found
