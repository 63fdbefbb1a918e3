"""The clinic's figures: what a mark shows is what it opens, and nothing is told by colour alone."""

from __future__ import annotations

from retrievarium.evaluation import break_down
from retrievarium.figures import failures_stacked, groups_dots, popularity_curve

VALUES = {f"q{i}": i % 3 / 2 for i in range(30)}
GROUPS = {f"q{i}": "abc"[i % 3] for i in range(30)}
TABLES = {"bm25": break_down(VALUES, GROUPS), "minilm": break_down({q: 1 - v for q, v in VALUES.items()}, GROUPS)}


def test_dots_stand_at_the_means_with_their_intervals() -> None:
    figure = groups_dots(TABLES, ["c", "a", "b"], "nDCG@10")
    for trace in figure.data:
        cells = TABLES[trace.name].cells
        for x, up, down, opens, y in zip(
            trace.x, trace.error_x.array, trace.error_x.arrayminus, trace.customdata, trace.y, strict=True
        ):
            cell = cells[opens[0]]
            assert (x, x + up, x - down) == (cell.mean, cell.mean + up, cell.mean - down)
            assert abs(x + up - cell.high) < 1e-12
            assert abs(y - ["c", "a", "b"].index(opens[0])) < 0.5
            assert opens[1] == trace.name
    assert len({t.marker.symbol for t in figure.data}) == len({t.marker.color for t in figure.data}) == 2


def test_the_curve_keeps_the_order_of_the_bins_and_shows_their_counts() -> None:
    figure = popularity_curve(TABLES, ["b", "a", "c"], "mentions", "nDCG@10")
    assert [d[0] for d in figure.data[0].customdata] == ["b", "a", "c"]
    assert list(figure.layout.xaxis.ticktext) == [f"{b}<br>10 questions" for b in "bac"]
    assert len({t.line.dash for t in figure.data}) == 2


def test_bars_add_up_to_the_failures_and_unmeasured_rules_are_grey() -> None:
    counts = {"bm25": {"x": 3, "z": 2}, "minilm": {"x": 1, "y": 4}}
    figure = failures_stacked(counts, ["x", "y", "z", "never"], grey=["z"])
    assert [t.name for t in figure.data] == ["x", "y", "z"]
    assert [sum(t.x[i] for t in figure.data) for i in (0, 1)] == [5, 5]
    shown = {t.name: t.marker for t in figure.data}
    assert "128,128,128" in shown["z"].color
    assert shown["x"].color != shown["y"].color
    assert shown["x"].pattern.shape != shown["y"].pattern.shape  # told apart without colour
    assert list(figure.data[0].customdata[1]) == ["x", "minilm"]
