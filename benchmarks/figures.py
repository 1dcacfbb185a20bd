"""What a benchmark says: figures, the table that people read, and bench.json."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Better = Literal["lower", "higher"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number: the median of its runs with their range, the goal, and what others reach in the same run."""

    id: str
    name: str
    unit: str
    value: float
    goal: float | None = None
    better: Better = "lower"
    min: float
    max: float
    peers: Mapping[str, float] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal


def figure(
    id: str,
    name: str,
    unit: str,
    values: float | Sequence[float],
    goal: float | None = None,
    better: Better = "lower",
    peers: Mapping[str, float] | None = None,
) -> Figure:
    """The median of several runs, or one exact count."""
    runs = [values] if isinstance(values, int | float) else list(values)
    return Figure(
        id=id,
        name=name,
        unit=unit,
        value=_short(statistics.median(runs)),
        goal=goal,
        better=better,
        min=_short(min(runs)),
        max=_short(max(runs)),
        peers={peer: _short(value) for peer, value in (peers or {}).items()},
    )


def _short(value: float) -> float:
    """Five significant digits: no more is meant."""
    return float(f"{value:.5g}")


def write(figures: Iterable[Figure], path: Path) -> None:
    path.write_text(json.dumps({"figures": [asdict(figure) for figure in figures]}, indent=1) + "\n")


def table(figures: Iterable[Figure]) -> str:
    """The figures as lines of text: id, what it is, value (range), goal, whether it is reached, peers."""
    rows = [("id", "figure", "value", "range", "goal", "", "others in the same run"), *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _row(figure: Figure) -> tuple[str, ...]:
    ranged = f"{_text(figure.min)} - {_text(figure.max)}" if figure.min != figure.max else ""
    sign = "<=" if figure.better == "lower" else ">="
    goal = "" if figure.goal is None else f"{sign} {_text(figure.goal)}"
    reached = {None: "", True: "yes", False: "no"}[figure.reached]
    peers = ", ".join(f"{name} {_text(value)}" for name, value in figure.peers.items())
    return figure.id, f"{figure.name}, {figure.unit}", _text(figure.value), ranged, goal, reached, peers


def _text(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
