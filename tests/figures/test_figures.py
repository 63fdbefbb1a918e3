"""Figures hold the numbers they are made from, differ by shape and colour, and stay small."""

from __future__ import annotations

from typing import Any

import pytest

from retrievarium.contracts import InputError
from retrievarium.evaluation import compare
from retrievarium.figures import (
    PALETTE,
    difference_forest,
    effects_forest,
    histogram,
    overlap_fifths,
    query_scatter,
    system_colours,
    training_curve,
)
from retrievarium.retrievers import BM25


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(a: str, b: str) -> float:
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("theme", "ground"), [("light", "#ffffff"), ("dark", "#11161d")])
def test_every_colour_can_be_read_on_its_ground(theme: str, ground: str) -> None:
    assert len(set(PALETTE[theme])) == len(PALETTE[theme]) == 8
    assert all(_contrast(c, ground) >= 4.5 for c in PALETTE[theme])


def test_a_system_keeps_its_colour_whatever_stands_beside_it() -> None:
    alone = system_colours(["minilm"])
    assert system_colours(["dpr", "run:x", "bm25", "minilm"])["minilm"] == alone["minilm"]
    many = [f"system {i}" for i in range(6)]
    assert len(set(system_colours(many).values())) == 6
    assert system_colours(many) == system_colours(many)


def test_the_forest_holds_mean_and_interval(collection: Any) -> None:
    bm25 = BM25(collection)
    told = compare({"bm25": bm25, "half": bm25 % 1, "other": BM25(collection, b=1.0)}, collection)
    figure = difference_forest(told)
    assert [t.y[0] for t in figure.data] == ["half", "other"]
    d = told.differences["half"]
    assert figure.data[0].x[0] == pytest.approx(d.mean)
    assert figure.data[0].x[0] + figure.data[0].error_x.array[0] == pytest.approx(d.high)
    assert figure.data[0].x[0] - figure.data[0].error_x.arrayminus[0] == pytest.approx(d.low)
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol


def test_the_scatter_carries_ids_and_no_text_and_is_the_same_each_time() -> None:
    a = {f"q{i}": (i % 5) / 4 for i in range(10_000)}
    b = {q: 1 - v for q, v in a.items()}
    figure = query_scatter(a, b, ("a", "b"), "nDCG@10")
    assert list(figure.data[0].customdata) == list(a)
    assert abs(figure.data[0].x[3] - 0.75) < 0.013  # spread, but not away
    assert figure == query_scatter(a, b, ("a", "b"), "nDCG@10")
    assert len(figure.to_json()) < 700_000


def test_the_curve_shows_loss_and_dev_measure() -> None:
    rows = [{"step": float(i), "loss": 4.0 - i / 100} for i in range(100)]
    figure = training_curve([*rows, {"step": 50.0, "dev RR@10": 0.2}, {"step": 99.0, "dev RR@10": 0.4}])
    names = [t.name for t in figure.data]
    assert names == ["loss", "loss, mean of 20", "dev RR@10"]
    assert list(figure.data[2].y) == [0.2, 0.4]
    assert len(training_curve(rows).data) == 2
    assert len(training_curve([]).data) == 2  # nothing yet: empty axes


def test_fifths_are_five() -> None:
    figure = overlap_fifths({"bm25": [0.1, 0.2, 0.3, 0.4, 0.5], "dpr": [0.3] * 5}, "Success@5")
    assert [t.name for t in figure.data] == ["bm25", "dpr"]
    with pytest.raises(InputError, match="one a fifth"):
        overlap_fifths({"bm25": [1.0]}, "Success@5")


def test_histogram_bars_stand_between_their_edges() -> None:
    figure = histogram({"edges": [0, 1, 3], "counts": [5, 7]}, "words")
    assert list(figure.data[0].x) == [0.5, 2.0]
    assert list(figure.data[0].y) == [5, 7]
    with pytest.raises(InputError):
        histogram({"edges": [0, 1], "counts": [5, 7]}, "words")


def test_a_curve_with_the_gradient_norm_keeps_its_frame() -> None:
    rows = [
        {"step": 10, "what": "training", "loss": 2.0, "gradient norm": 1.5},
        {"step": 20, "what": "training", "loss": 1.0, "gradient norm": 0.5, "dev RR@10 of 9": 0.3},
    ]
    plain, full = training_curve(rows), training_curve(rows, norm=True, last=100)
    assert [t.name for t in plain.data] == ["loss", "loss, mean of 20", "dev RR@10 of 9"]
    assert full.data[-1].name == "gradient norm"
    assert list(full.data[-1].y) == [1.5, 0.5]
    assert full.layout.height > plain.layout.height
    assert full.layout.xaxis.range[1] == pytest.approx(102)
    assert len(training_curve(rows[:1], norm=True).data) == 3  # no measure on dev yet


def test_the_forest_of_effects_tells_states_apart_without_colour() -> None:
    def row(name: str, verdict: str, effect: float | None) -> dict[str, Any]:
        interval = None if effect is None else [effect - 0.02, effect + 0.03]
        about = {"verdict": verdict, "effect": effect, "interval": interval, "seeds": [101, 102]}
        return {"name": name, "contrast": "a - b", **about}

    rows = [row("one", "replicates", 0.1), row("two", "opposite", -0.2), row("three", "not yet measured", None)]
    figure = effects_forest(rows, delta=0.02)
    assert [t.y[0] for t in figure.data] == ["one: replicates", "two: opposite"]
    assert figure.data[0].x[0] + figure.data[0].error_x.array[0] == pytest.approx(0.13)
    assert figure.data[1].x[0] - figure.data[1].error_x.arrayminus[0] == pytest.approx(-0.22)
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol
    assert len(figure.layout.shapes) == 2
    assert len(effects_forest(rows[2:]).data) == 0
    assert effects_forest(rows, dark=True).data[0].marker.color != figure.data[0].marker.color
