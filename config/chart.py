"""Geometry of the stacked bar chart: positions as SVG attributes, so that no style attribute is needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HEIGHT = 200
TOP = 24
LEAST_HEIGHT = 3
GAP = 1
MOST_LINES = 4


@dataclass(frozen=True)
class Bar:
    """One column; x and width in percent of the plot, y and height in pixels from its top."""

    label: str
    posted: int
    failed: int
    x: str
    width: str
    middle: str
    posted_y: float
    posted_height: float
    failed_y: float
    failed_height: float

    @property
    def number_y(self) -> float:
        return self.failed_y - 5


@dataclass(frozen=True)
class GridLine:
    value: int
    y: float


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    lines: list[GridLine]
    posted: int
    failed: int
    height: int = HEIGHT + TOP


def bar_chart(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Posted with failed stacked on top, for rows of {label, posted, failed}; at most five grid lines."""
    step = grid_step(max((row["posted"] + row["failed"] for row in rows), default=0))
    top = step * MOST_LINES
    bars = [_bar(row, index, len(rows), top) for index, row in enumerate(rows)]
    lines = [GridLine(step * n, _y(step * n, top)) for n in range(MOST_LINES + 1)]
    return Chart(bars, lines, sum(bar.posted for bar in bars), sum(bar.failed for bar in bars))


def grid_step(most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 25, 50 … that holds `most` in four steps."""
    power = 1
    while True:
        for factor in (1, 2, 2.5, 5):
            step = factor * power
            if step == int(step) and step * MOST_LINES >= most:
                return int(step)
        power *= 10


def _y(value: float, top: int) -> float:
    return round(TOP + HEIGHT * (1 - value / top), 1)


def _bar(row: Mapping[str, Any], index: int, count: int, top: int) -> Bar:
    slot = 100 / count
    posted = _height(row["posted"], top)
    failed = _height(row["failed"], top)
    posted_y = TOP + HEIGHT - posted
    return Bar(
        label=row["label"],
        posted=row["posted"],
        failed=row["failed"],
        x=f"{slot * index + slot * 0.2:.2f}%",
        width=f"{slot * 0.6:.2f}%",
        middle=f"{slot * (index + 0.5):.2f}%",
        posted_y=posted_y,
        posted_height=posted,
        failed_y=posted_y - failed - (GAP if posted and failed else 0),
        failed_height=failed,
    )


def _height(value: int, top: int) -> float:
    return max(round(HEIGHT * value / top, 1), LEAST_HEIGHT) if value else 0
