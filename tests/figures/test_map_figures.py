"""The map's figure: small, the same for the same state, and carrying row numbers instead of texts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from retrievarium.analysis import category, number
from retrievarium.figures import MapFigure, Overlay, time_lapse

RNG = np.random.default_rng(3)


def drawn(n: int = 500, **more: object) -> MapFigure:
    shade = category("type", "type", [f"t{i % 8}" for i in range(n)])
    return MapFigure(RNG.normal(size=(n, 2)).astype(np.float32), n - n // 10, shade, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("points", "limit"), [(10_000, 2.0), (100_000, 5.0)])
def test_the_message_stays_small(points: int, limit: float) -> None:
    overlay = Overlay(points - 1, range(10), 3, range(10), range(10, 20), range(400))
    figure = drawn(points, overlay=overlay, selected=range(points // 2)).figure()
    assert len(figure.to_json()) / 1e6 < limit


def test_titles_show_on_hover_and_are_escaped() -> None:
    hostile = "<b>bold</b> <a href='javascript:alert(1)'>x</a> \x00 " + "long " * 40
    figure = drawn(40, titles=[hostile] * 40).figure()
    text = figure.data[0].text[0]
    assert text.startswith("&lt;b&gt;bold")
    assert "\x00" not in text
    assert len(text) < 90


def test_equal_states_make_equal_figures() -> None:
    one = drawn(200, selected=[1, 2], overlay=Overlay(190, [3, 4]))
    assert one.figure().to_json() == one.figure().to_json()


def test_points_carry_their_position() -> None:
    figure = drawn(100).figure()
    assert figure.data[0].customdata.tolist() == list(range(90))
    assert figure.data[1].customdata.tolist() == list(range(90, 100))


def test_a_selection_is_marked_in_each_trace() -> None:
    figure = drawn(100, selected=[2, 95]).figure()
    assert list(figure.data[0].selectedpoints) == [2]
    assert list(figure.data[1].selectedpoints) == [5]


def test_an_empty_selection_greys_nothing() -> None:
    figure = drawn(100).figure()
    assert figure.data[0].selectedpoints is None


def test_categories_differ_by_shape_too() -> None:
    figure = drawn(100).figure()
    assert len(set(figure.data[0].marker.symbol)) == 8
    assert all(s.endswith("-open") for s in figure.data[1].marker.symbol)  # queries are hollow
    legend = [t for t in figure.data if t.showlegend]
    assert len({t.marker.symbol for t in legend}) == len(legend) == 8


def test_rays_and_rings_are_traces_of_their_own() -> None:
    figure = drawn(100, overlay=Overlay(95, [1, 2, 3], 4, [5], [6], [7])).figure()
    names = [t.name for t in figure.data]
    assert "its true top 3" in names
    rays = figure.data[names.index("its true top 3")]
    assert [t for t in rays.text if t] == ["1", "2", "3"]
    assert sum("friend" in (n or "") for n in names) == 2


def test_numbers_get_a_scale_and_categories_a_legend() -> None:
    values = number("kept", "kept", np.linspace(0, 1, 50))
    figure = MapFigure(RNG.normal(size=(50, 2)), 40, values, dark=True).figure()
    assert figure.data[0].marker.showscale
    assert not figure.data[1].marker.showscale
    assert not [t for t in figure.data if t.showlegend]


def test_three_dimensions_and_frames() -> None:
    shade = category("type", "type", ["a", "b"] * 10)
    assert MapFigure(RNG.normal(size=(20, 3)), 15, shade).figure().data[0].type == "scatter3d"
    figure = time_lapse(RNG.normal(size=(3, 20, 2)), ["0", "50", "100"], 15, shade)
    assert [f.name for f in figure.frames] == ["0", "50", "100"]
    json.loads(figure.to_json())
