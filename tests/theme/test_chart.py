from hypothesis import given
from hypothesis import strategies as st

from config.chart import HEIGHT, LEAST_HEIGHT, MOST_LINES, TOP, bar_chart, grid_step

ROWS = st.lists(
    st.fixed_dictionaries({"label": st.just("1 Nov"), "posted": st.integers(0, 10**6), "failed": st.integers(0, 10**6)}), max_size=40
)


@given(ROWS)
def test_every_bar_lies_in_the_plot_and_is_seen(rows: list[dict[str, int]]) -> None:
    chart = bar_chart(rows)
    assert [line.value for line in chart.lines] == sorted({line.value for line in chart.lines})
    assert len(chart.lines) == MOST_LINES + 1
    for bar, row in zip(chart.bars, rows, strict=True):
        assert (bar.posted_height >= LEAST_HEIGHT) == (row["posted"] > 0)
        assert (bar.failed_height >= LEAST_HEIGHT) == (row["failed"] > 0)
        assert bar.posted_y + bar.posted_height == TOP + HEIGHT
        assert bar.failed_y >= TOP - 2 * LEAST_HEIGHT
        assert float(bar.x.rstrip("%")) + float(bar.width.rstrip("%")) <= 100


def test_no_days_is_an_empty_chart() -> None:
    assert bar_chart([]).bars == []


def test_grid_lines_are_round_numbers() -> None:
    assert [grid_step(most) for most in (0, 3, 5, 9, 21, 171, 999)] == [1, 1, 2, 5, 10, 50, 250]
