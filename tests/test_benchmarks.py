"""The benchmarks say what they mean: the shape of bench.json, and the counts that do not depend on the machine stay within their goals."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench
from benchmarks.figures import Figure, figure, table, write
from benchmarks.targets import all_targets
from integrations import registry

BULK, SINGLE, LOST, CHAINS = 300, 40, 4, 50


FIRST, *OTHERS = sorted(all_targets(), key=lambda target: target.slug)
TARGETS = [pytest.param(FIRST, id=FIRST.slug), *(pytest.param(target, id=target.slug, marks=pytest.mark.slow) for target in OTHERS)]


@pytest.fixture(scope="module", params=TARGETS)
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """300 Bills in bulk, 40 one by one, 50 as chains: each set through an installation and an emulator of its own, on SQLite."""
    target, folder = request.param, tmp_path_factory.mktemp("bench")
    made = bench.Bench(folder, {"sqlite": bench.migrated(f"sqlite:///{folder / 'template.sqlite3'}")}, quick=True)
    bulk = made.measure("deliver", destination=target.slug, mode="bulk", bills=BULK)[0]
    runs = {"target": target, "bulk": bulk}
    if target.single is not None:
        runs["single"] = made.measure("deliver", destination=target.slug, mode="single", bills=SINGLE, lost=LOST)[0]
    if target.chain is not None:
        runs["chain"] = made.measure("deliver", destination=target.slug, mode="chain", bills=CHAINS)[0]
    return runs


def test_every_bill_is_posted_once(counted: dict[str, Any]) -> None:
    """The bench's own first Bill is one document more."""
    assert (counted["bulk"]["complete"], counted["bulk"]["documents"]) == (BULK, BULK + 1)
    if single := counted.get("single"):
        assert (single["complete"], single["documents"]) == (SINGLE, SINGLE + 1)


def test_the_calls_per_bill_stay_within_their_goal(counted: dict[str, Any]) -> None:
    bulk = counted["bulk"]
    assert bulk["rerun_calls"] == 0
    assert bulk["calls"] / BULK <= counted["target"].goals["bulk"]
    if single := counted.get("single"):
        assert single["writes"] == SINGLE + LOST
        assert single["calls"] - single["writes"] <= 2 + LOST


def test_a_chain_costs_one_call_that_is_its_bills_own(counted: dict[str, Any]) -> None:
    """Orders and payments go as collections; only what is made of another record goes alone, and questions are asked for all at once."""
    chain = counted.get("chain")
    assert ("chain" in counted["target"].goals) == (chain is not None)
    if chain:
        assert (chain["complete"], chain["documents"], chain["rerun_calls"]) == (CHAINS, CHAINS + 1, 0)
        assert chain["writes"] == CHAINS + 2
        assert chain["calls"] - chain["writes"] <= 10


def test_statements_come_per_batch_and_not_per_bill(counted: dict[str, Any]) -> None:
    """A fixed number per claim, which 40 or 300 Bills are one of, and not one per Bill."""
    for mode in {"bulk", "single"} & counted.keys():
        assert sum(counted[mode]["sql"].values()) <= 200


def test_each_target_is_a_destination_that_is_there() -> None:
    for target in all_targets():
        assert registry.destination(target.system).slug == target.slug


def test_the_file_has_the_promised_shape(tmp_path: Path) -> None:
    one = figure("P2-netsuite-bulk", "API calls per Bill in bulk", "calls", [0.05, 0.04, 0.06], 0.05, peers={"bare loop": 1})
    write([one, figure("P8-filter", "decisions", "ratio", 0.25, 0.3, "higher")], tmp_path / "bench.json")

    [bulk, chosen] = json.loads((tmp_path / "bench.json").read_text())["figures"]
    assert list(bulk) == [field.name for field in fields(Figure)]
    assert bulk == {
        "id": "P2-netsuite-bulk",
        "name": "API calls per Bill in bulk",
        "unit": "calls",
        "value": 0.05,
        "goal": 0.05,
        "better": "lower",
        "min": 0.04,
        "max": 0.06,
        "peers": {"bare loop": 1},
    }
    assert (chosen["better"], chosen["min"], chosen["max"], chosen["peers"]) == ("higher", 0.25, 0.25, {})


def test_the_table_says_whether_a_goal_is_reached() -> None:
    lines = table([figure("P1-a", "wall", "ratio", 1.2, 1.05), figure("P8-b", "filter", "ratio", 0.4, 0.3, "higher")]).splitlines()

    assert lines[2].split()[-3:] == ["<=", "1.05", "no"] and lines[3].split()[-3:] == [">=", "0.3", "yes"]
