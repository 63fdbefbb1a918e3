"""How many dimensions keep two documents apart: the bound against what is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.analysis import (
    dimensions_needed,
    inversion_bound,
    inversion_rate,
    normalised_margin,
    random_projection,
    smallest_margin,
)
from retrievarium.contracts import InputError


def bags(query_words: int, differing: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A question and two documents as 0/1 bags: one word speaks for d1, `differing` words differ, ten are shared."""
    width = query_words + differing + 10
    q, d1, d2 = np.zeros((3, width))
    q[:query_words] = 1
    d1[0], d1[-10:], d2[-10:] = 1, 1, 1
    others = np.arange(query_words, query_words + differing - 1)
    d1[others[: differing // 2 - 1]], d2[others[differing // 2 - 1 :]] = 1, 1
    return q, d1, d2


@pytest.mark.parametrize("kind", ["gaussian", "sign"])
@pytest.mark.works_when("me-bert", 4)
def test_measured_inversions_stay_below_the_bound(kind: str) -> None:
    """2,000 draws a cell; a grid of small k alone would prove nothing, since its bounds are above 1."""
    told, rates = [], []
    for query_words, differing in ((1, 2), (2, 2), (2, 4), (4, 4), (5, 10)):
        q, d1, d2 = bags(query_words, differing)
        margin = normalised_margin(q, d1, d2)
        assert margin == pytest.approx(1 / np.sqrt(query_words * differing))
        for k in (16, 64, 256, 512):
            rate, bound = inversion_rate(q, d1, d2, k, kind, draws=2_000), inversion_bound(margin, k)
            assert rate <= bound
            told.append(bound < 1)
            rates.append(rate)
    assert np.mean(told) >= 1 / 3
    assert margin == pytest.approx(0.1414, abs=1e-3), "the hard row: it takes k of 300 or more"
    assert [inversion_bound(margin, k) < 1 for k in (256, 512)] == [False, True]
    assert rates[-4] > rates[-1], "more dimensions, fewer inversions"
    assert rates[-4] > 0.1, "a frequency that is always 0 is below any bound"


@pytest.mark.works_when("me-bert", 4)
def test_no_bags_of_words_have_a_smaller_margin_than_the_length_allows() -> None:
    draw, seen = np.random.default_rng(0), 0
    for _ in range(3_000):
        size = int(draw.integers(2, 30))
        q = (draw.random(60) < draw.uniform(0.02, 0.2)).astype(float)
        d1, d2 = np.zeros((2, 60))
        for d in (d1, d2):
            d[draw.choice(60, size, replace=False)] = 1
        if q @ (d1 - d2) >= 1:
            seen += 1
            assert normalised_margin(q, d1, d2) >= smallest_margin(int(q.sum()), size) - 1e-12
    assert seen > 300
    q, d1, d2 = np.eye(3)[0], np.eye(3)[0], np.eye(3)[1]
    assert normalised_margin(q, d1, d2) == pytest.approx(smallest_margin(1, 1)), "the bound is reached"


def test_needed_dimensions_undo_the_bound() -> None:
    for margin in (0.1, 0.3, 0.8):
        for failure in (0.5, 0.05, 1e-4):
            k = dimensions_needed(margin, failure)
            assert inversion_bound(margin, k) <= failure < inversion_bound(margin, k - 1)
    assert dimensions_needed(0.1, 0.05) > 4 * dimensions_needed(0.3, 0.05)


@pytest.mark.parametrize("kind", ["gaussian", "sign"])
def test_a_projection_keeps_inner_products_on_average(kind: str) -> None:
    x = np.random.default_rng(1).normal(size=(3, 40))
    kept = np.mean([(p := random_projection(x, 32, kind, s)) @ p.T for s in range(800)], axis=0)
    np.testing.assert_allclose(kept, x @ x.T, atol=2.0)
    assert np.array_equal(random_projection(x, 8, kind, 5), random_projection(x, 8, kind, 5))
    assert not np.array_equal(random_projection(x, 8, kind, 5), random_projection(x, 8, kind, 6))


def test_one_dimension_turns_round_as_often_as_the_angle_says() -> None:
    """With k = 1 the chance of an inversion is exactly angle / pi."""
    q, d1, d2 = np.array([1.0, 0.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0])
    rate = inversion_rate(q, d1, d2, 1, draws=20_000)
    assert rate == pytest.approx(np.arccos(normalised_margin(q, d1, d2)) / np.pi, abs=0.015)


def test_refusals() -> None:
    one: Any = np.ones(3)
    with pytest.raises(InputError, match="no margin between equal documents"):
        normalised_margin(one, one, one)
    with pytest.raises(InputError, match="stands as close to q already"):
        inversion_rate(one, np.zeros(3), one, 4)
    with pytest.raises(InputError, match="no projection 'cosine'"):
        random_projection(np.ones((2, 3)), 4, "cosine")
    with pytest.raises(InputError, match="a margin of 0"):
        inversion_bound(0, 4)
    with pytest.raises(InputError, match="a failure rate of 1"):
        dimensions_needed(0.5, 1)
