"""Intervals that cover, p values that are exact where all sign flips can be listed, Holm as on paper."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrievarium.contracts import InputError
from retrievarium.evaluation import holm, paired
from retrievarium.evaluation.significance import bootstrap_interval, permutation_p


def _values(numbers: list[float]) -> dict[str, float]:
    return {f"q{i:03d}": x for i, x in enumerate(numbers)}


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """400 samples of 60 skewed differences: about 95% of the intervals hold the true mean."""
    rng = np.random.default_rng(11)
    samples = rng.exponential(0.3, (400, 60)) - 0.3
    held = sum(
        low <= 0.0 <= high
        for low, high in (bootstrap_interval(s, seed=i, resamples=800) for i, s in enumerate(samples))
    )
    assert 0.90 <= held / 400 <= 0.98
    narrow = sum(
        low <= 0.0 <= high
        for low, high in (bootstrap_interval(s, seed=i, resamples=800, level=0.5) for i, s in enumerate(samples))
    )
    assert 0.42 <= narrow / 400 <= 0.58  # guard: a level of 50% covers half as often


def test_the_interval_is_that_of_the_mean() -> None:
    d = np.random.default_rng(0).normal(0.1, 0.4, 500)
    low, high = bootstrap_interval(d, seed=1)
    half = 1.96 * d.std(ddof=1) / math.sqrt(500)
    assert low == pytest.approx(d.mean() - half, abs=0.005)
    assert high == pytest.approx(d.mean() + half, abs=0.005)


@pytest.mark.parametrize(
    "numbers",
    [
        [0.5, 0.2, -0.1, 0.3, 0.4, 0.1, 0.6, -0.2],
        [1, 1, 1, -1, 0, 0, 1, 1, 1],
        [0.1, 0.2, 0.3, -0.6],  # the observed sum is 0 but for rounding: every flip is as far out
        [0.1] * 10,
        [0.0] * 5,
        [0.3],
    ],
)
def test_the_permutation_p_is_the_enumerated_one(numbers: list[float]) -> None:
    d = np.array(numbers, dtype=float)
    sums = np.array(list(itertools.product([-1, 1], repeat=len(d)))) @ d
    exact = (np.abs(sums) >= abs(d.sum()) - 1e-9).mean()
    n = 9_999
    told = permutation_p(d, seed=3, permutations=n)
    assert told == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / n) + 1.01 / (n + 1))
    assert told >= 1 / (n + 1)  # never 0


def test_p_is_never_zero_and_never_above_one() -> None:
    strong = permutation_p(np.full(200, 0.5) + np.linspace(0, 0.1, 200))
    assert strong == 1 / 10_000
    assert permutation_p(np.zeros(7)) == 1.0


def test_equal_sums_count_as_equal_whatever_the_rounding() -> None:
    """Flips of +-0.1 tie with the observed sum on paper; their floating sums differ in the last bits."""
    signs = np.where(np.random.default_rng(5).random(4000) < 0.5, 0.1, -0.1)
    whole = np.sign(signs)
    assert permutation_p(signs, seed=2) == permutation_p(whole, seed=2)


def test_paired_counts_wins_ties_and_losses() -> None:
    told = paired(_values([0.5, 0.5, 0.5, 0.0]), _values([0.7, 0.5, 0.4, 1.0]))
    assert (told.wins, told.ties, told.losses, told.n) == (2, 1, 1, 4)
    d = np.array([0.2, 0.0, -0.1, 1.0])
    assert told.mean == pytest.approx(d.mean())
    assert told.effect == pytest.approx(d.mean() / d.std(ddof=1))
    assert told.low <= told.mean <= told.high


def test_a_difference_within_rounding_is_a_tie() -> None:
    told = paired(_values([0.3, 0.1 + 0.2]), _values([0.1 + 0.2, 0.3]))
    assert (told.wins, told.ties, told.losses) == (0, 2, 0)


def test_paired_refuses_different_queries() -> None:
    with pytest.raises(InputError, match=r"1 only in the first, 2 only in the second"):
        paired({"a": 1.0, "b": 1.0}, {"b": 1.0, "c": 1.0, "d": 1.0})
    with pytest.raises(InputError, match="no queries"):
        paired({}, {})


@pytest.mark.parametrize("gap", [0.0, 0.1, -0.25])
def test_differences_that_do_not_vary_have_no_effect_size(gap: float) -> None:
    told = paired(_values([0.1, 0.2, 0.3, 0.7]), _values([0.1 + gap, 0.2 + gap, 0.3 + gap, 0.7 + gap]))
    assert told.effect == 0.0
    assert told.mean == pytest.approx(gap)
    json.dumps(told.to_dict(), allow_nan=False)


def test_one_query_is_enough_to_be_told_that_it_is_not() -> None:
    told = paired({"q": 0.0}, {"q": 1.0})
    assert (told.n, told.p, told.low, told.high) == (1, 1.0, 1.0, 1.0)


def test_order_of_the_queries_and_direction() -> None:
    rng = np.random.default_rng(2)
    a, b = _values(rng.random(40).tolist()), _values(rng.random(40).tolist())
    shuffled = dict(sorted(b.items(), reverse=True))
    assert paired(a, b, seed=4) == paired(a, shuffled, seed=4)
    there, back = paired(a, b, seed=4), paired(b, a, seed=4)
    assert there.mean == pytest.approx(-back.mean)
    assert (there.wins, there.losses) == (back.losses, back.wins)
    assert there.p == pytest.approx(back.p)


def test_holm_worked_example() -> None:
    """Holm's procedure on four p values: 4 * .005, 3 * .01, then 2 * .03, and .04 must not fall below .06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.2]) == [0.2]
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_stepping_down_rejects(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(a >= x for a, x in zip(adjusted, p, strict=True))
    for level in (0.01, 0.05, 0.2):
        rejected, m = set(), len(p)
        for step, i in enumerate(sorted(range(m), key=lambda j: p[j])):
            if (m - step) * p[i] > level:
                break
            rejected.add(i)
        assert rejected == {i for i, a in enumerate(adjusted) if a <= level}
