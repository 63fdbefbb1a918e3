"""Figures of the granularity bench show the numbers they are given."""

from __future__ import annotations

from typing import Any

import pytest

from retrievarium.figures import answer_curves, gains_by_group, unit_dots, unit_styles

UNITS = ["document", "passage", "sentence", "proposition (rules)", "proposition (oracle)", "proposition (random cuts)"]


def test_every_unit_has_a_look_of_its_own_and_keeps_it() -> None:
    styles = unit_styles(UNITS)
    assert len(set(styles.values())) == len(UNITS)
    assert unit_styles(["sentence"])["sentence"] == styles["sentence"]
    assert unit_styles(UNITS, dark=True)["passage"][0] != styles["passage"][0]


def test_curves_and_dots() -> None:
    figure: Any = answer_curves({"passage": [0, 0.2, 0.4], "sentence": [0, 0.3, 0.5]}, (0, 10, 20))
    assert [t.name for t in figure.data] == ["passage", "sentence"]
    assert list(figure.data[1].y) == [0, 0.3, 0.5]
    rows = [{"unit": "passage", "R@5": 0.5, "R@5 low": 0.4, "R@5 high": 0.7}, {"unit": "phrase"}]
    dots: Any = unit_dots(rows, "R@5")
    assert len(dots.data) == 1
    assert dots.data[0].error_x.array[0] == pytest.approx(0.2)
    assert dots.data[0].error_x.arrayminus[0] == pytest.approx(0.1)


def test_gains_stand_side_by_side_in_their_group() -> None:
    def row(unit: str, group: str, gain: float) -> dict[str, Any]:
        told = {"R@5 gain": gain, "R@5 gain low": gain - 0.1, "R@5 gain high": gain + 0.1}
        return {"unit": unit, "group": group, "questions": 9, **told}

    slices = [row("sentence", "rare", 0.1), row("sentence", "common", 0.0), row("phrase", "rare", -0.2)]
    figure: Any = gains_by_group([*slices, {"unit": "passage", "group": "rare", "questions": 9}], "R@5")
    assert [t.name for t in figure.data] == ["sentence", "phrase"]
    assert list(figure.layout.xaxis.ticktext) == ["rare", "common"]
    assert abs(figure.data[0].x[0] - figure.data[1].x[0]) > 0.2
    assert list(figure.data[1].y) == [-0.2]
