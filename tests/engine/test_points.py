"""Every commit and every request of the flow has a fault point, and every point is one where a test kills."""

import ast
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from runs import points
from runs.points import Harness, Order, Reached, point
from tests.engine.points import FILES, NAMES, POINTS
from tests.source import ROOT, parsed

ASKING = {"send", "held", "follow", "first_open_day", "headers"}
WITHOUT = {
    "orders.retry_all": "only puts runs back to WAITING, all or none, and a person sees whether it was done",
    "problem_orders.retry": "the same, for one problem",
    "adopt.look": "a person waits for the answer to this question, and nothing is stored before it",
    "adopt.adopt": "notes in one transaction what a person has confirmed; nothing is sent",
    "inbox._store": "one transaction, acknowledged only after it: what a death loses was not acknowledged, and its source posts it again",
    "file_import.keep": "a person waits for it, and a file is kept whole or not at all",
    "reconcile_kept.ask": "one insert; a person sees whether it was done",
    "reconcile._elsewhere": "a question that changes nothing, and a report that a person asks for again",
    "customer_pins.pin_to": "one transaction; a customer whose mapping a death has lost is found again by our external id",
    "record.needless": "nothing is sent: what a death leaves is a claim that runs out, and the run is built again",
    "record.hold_back": "the same",
    "send.look": "a question that changes nothing; whoever asks has a point before it and one after",
}


def sites(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions that open a transaction or speak through a client, once each."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(_is_site(inner) for inner in ast.walk(node)):
            yield node.name, node


def _is_site(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr if isinstance(node.value, ast.Attribute) else ""
    return (owner, node.attr) == ("transaction", "atomic") or (owner in ("client", "login") and node.attr in ASKING)


def has_point(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "point" for node in ast.walk(function))


def found() -> dict[str, bool]:
    """{module.function: whether it has a point}."""
    return {f"{path.stem}.{name}": has_point(function) for path in FILES for name, function in sites(parsed(path))}


def test_every_commit_and_request_of_the_flow_has_a_point() -> None:
    without = {name for name, has in found().items() if not has}
    assert without - set(WITHOUT) == set(), "give it a point(…), or say in WITHOUT why it needs none"


def test_an_exception_that_has_a_point_is_none() -> None:
    assert {name for name in WITHOUT if found().get(name)} == set()


def test_a_site_without_a_point_is_seen(tmp_path: Path) -> None:
    tree = ast.parse("def a():\n    with transaction.atomic():\n        pass\ndef b(kit):\n    point('x')\n    kit.client.held([])\n")
    assert {name: has_point(function) for name, function in sites(tree)} == {"a": False, "b": True}


def test_a_name_is_given_once() -> None:
    """So that a count of occurrences means one place in the flow."""
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
    assert len(POINTS) > 30


def test_a_point_costs_nothing_while_nobody_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as nothing:
        nothing.setattr(points, "harness", None)
        nothing.setattr(os, "environ", None)
        started = time.perf_counter()
        for _ in range(100_000):
            point("claimed")
        spent = time.perf_counter() - started
    assert spent < 0.5


def test_orders_name_the_point_the_occurrence_and_the_action(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(points, "harness", Harness([Order.read("sent:2:raise"), Order.read("*:0:tell")]))
    point("sent")
    with pytest.raises(Reached, match="sent"):
        point("sent")
    assert capsys.readouterr().err == "point sent\n"
    for wrong in ("sent", "sent:two:kill", "sent:1:explode"):
        with pytest.raises((ValueError, KeyError)):
            Order.read(wrong)


def test_another_process_takes_its_orders_from_the_environment() -> None:
    told = "from runs.points import point; point('claimed'); point('claimed'); print('alive')"
    command = [sys.executable, "-c", told]
    died = subprocess.run(command, cwd=ROOT, env=os.environ | {"BILLPOST_POINTS": "claimed:2:kill"}, capture_output=True, check=False)
    lived = subprocess.run(command, cwd=ROOT, env=os.environ | {"BILLPOST_POINTS": ""}, capture_output=True, check=False)
    assert (died.returncode, died.stdout) == (-9, b"")
    assert (lived.returncode, lived.stdout) == (0, b"alive\n")
