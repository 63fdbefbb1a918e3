"""Diagnostics of a space against closed forms and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import skew

from retrievarium.analysis import (
    alignment_uniformity,
    anisotropy,
    hubness,
    linear_cka,
    neighbour_change,
    neighbourhood_hit,
    neighbours,
    query_passage_gap,
    withheld_floor,
)
from retrievarium.contracts import InputError

RNG = np.random.default_rng(1)


def test_hubness_of_a_ring_is_even() -> None:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    told = hubness(neighbours(ring, 2)[0], 60)
    assert (told.counts == 2).all()
    assert (told.skewness, told.antihubs) == (0.0, 0.0)


def test_one_hub_takes_all() -> None:
    told = hubness(np.zeros((50, 1), dtype=int), 50)
    assert told.counts[0] == 50
    assert told.antihubs == 0.98
    assert told.top_share == 1.0


def test_skewness_is_scipys() -> None:
    lists = neighbours(RNG.normal(size=(300, 40)), 10)[0]
    told = hubness(lists, 300)
    assert told.skewness == pytest.approx(skew(np.bincount(lists.ravel(), minlength=300)))
    assert told.counts.sum() == lists.size


def test_mean_cosine_is_the_mean_over_all_pairs() -> None:
    x = RNG.normal(size=(70, 8)) + 1
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = unit @ unit.T
    assert anisotropy(x).mean_cosine == pytest.approx(cosines[~np.eye(70, dtype=bool)].mean(), abs=1e-6)


def test_a_round_cloud_and_a_line() -> None:
    """+-e_i for every axis: all directions alike. One axis only: none but it."""
    cross = np.concatenate([np.eye(6), -np.eye(6)])
    even = anisotropy(cross)
    assert even.effective_rank == pytest.approx(6)
    assert even.isoscore == pytest.approx(1)
    assert even.top_share == pytest.approx(1 / 6)
    line = np.zeros((20, 6))
    line[:, 2] = np.arange(20)
    flat = anisotropy(line)
    assert flat.effective_rank == pytest.approx(1)
    assert flat.isoscore == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("used", [1, 2, 5, 9])
def test_isoscore_of_k_equal_directions_is_linear_in_k(used: int) -> None:
    """Rudman et al. (2022), section 4: k of n dimensions used alike score (k - 1) / (n - 1)."""
    axes = np.zeros((2 * used, 9))
    for i in range(used):
        axes[2 * i, i], axes[2 * i + 1, i] = 1, -1
    assert anisotropy(axes).isoscore == pytest.approx((used - 1) / 8, abs=1e-9)


def test_alignment_and_uniformity_are_their_formulas() -> None:
    q, p = RNG.normal(size=(40, 5)), RNG.normal(size=(40, 5))
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (q, p))
    alignment, uniformity = alignment_uniformity(q, p)
    assert alignment == pytest.approx(((a - b) ** 2).sum(axis=1).mean(), abs=1e-6)
    pairs = [((b[i] - b[j]) ** 2).sum() for i in range(40) for j in range(i)]
    assert uniformity == pytest.approx(np.log(np.mean(np.exp(-2 * np.array(pairs)))), abs=1e-6)


def test_alignment_of_equal_pairs_and_uniformity_of_one_place() -> None:
    same = np.ones((12, 4))
    assert alignment_uniformity(same, same) == pytest.approx((0.0, 0.0), abs=1e-6)
    opposite = np.array([[1.0, 0], [-1, 0]])
    assert alignment_uniformity(opposite, opposite)[1] == pytest.approx(-8)  # |x - y|^2 = 4


def test_the_gap_tells_apart_from_mixed() -> None:
    x = RNG.normal(size=(400, 6))
    mixed = query_passage_gap(x[:200], x[200:])
    apart = query_passage_gap(x[:200] + 4, x[200:])
    assert mixed.accuracy == pytest.approx(0.5, abs=0.08)
    assert apart.accuracy > 0.97
    assert apart.distance > 5 * mixed.distance
    with pytest.raises(InputError, match="at least 10"):
        query_passage_gap(x[:3], x)


def test_change_is_one_minus_jaccard() -> None:
    a, b = RNG.normal(size=(80, 6)), RNG.normal(size=(80, 9))
    lists = [neighbours(v, 5)[0] for v in (a, b)]
    expected = [1 - len(set(i) & set(j)) / len(set(i) | set(j)) for i, j in zip(*lists, strict=True)]
    assert neighbour_change(a, b, 5) == pytest.approx(expected)


def test_turning_a_space_changes_nothing() -> None:
    a = RNG.normal(size=(120, 7))
    turn = np.linalg.qr(RNG.normal(size=(7, 7)))[0]
    assert neighbour_change(a, a @ turn * 3, 10).max() == 0
    assert linear_cka(a, a @ turn * 3) == pytest.approx(1)
    assert linear_cka(a, RNG.normal(size=(120, 7))) < 0.3


def test_withholding_changes_noise_more_than_structure() -> None:
    centres = np.repeat(RNG.normal(size=(12, 40)), 11, axis=0)
    settled = withheld_floor(centres + RNG.normal(size=(132, 40)) * 0.01, 10).mean()
    noise = withheld_floor(RNG.normal(size=(132, 40)), 10).mean()
    assert settled == 0
    assert noise > 0.2
    queries = RNG.normal(size=(9, 40))
    assert withheld_floor(centres, 10, queries=queries).shape == (9,)


def test_neighbourhood_hit_counts_labels() -> None:
    lists = np.array([[1, 2], [0, 2], [0, 1]])
    assert neighbourhood_hit(lists, np.array(["a", "a", "b"])).tolist() == [0.5, 0.5, 0.0]
