"""kept@k and its kin against independent implementations and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.neighbors import NearestNeighbors

from retrievarium.analysis import (
    continuity,
    false_friends,
    kept_at_k,
    lost_friends,
    neighbours,
    noise_baseline,
    query_fidelity,
    seed_floor,
    shuffled,
    trustworthiness,
)
from retrievarium.contracts import InputError

RNG = np.random.default_rng(0)


def plain_neighbours(x: np.ndarray, k: int, metric: str, queries: np.ndarray | None = None) -> np.ndarray:
    """The definition, one row at a time, in float64."""
    x = np.asarray(x, dtype=np.float64)
    asked = x if queries is None else np.asarray(queries, dtype=np.float64)
    told = []
    for i, q in enumerate(asked):
        if metric == "euclidean":
            far = ((x - q) ** 2).sum(axis=1)
        else:
            far = -(x @ q)
            far = far / np.linalg.norm(x, axis=1) if metric == "cosine" else far
        order = [j for j in np.argsort(far, kind="stable") if queries is not None or j != i]
        told.append(order[:k])
    return np.array(told)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_neighbours_are_the_definition(metric: str) -> None:
    x, q = RNG.normal(size=(120, 9)), RNG.normal(size=(17, 9))
    assert (neighbours(x, 7, metric)[0] == plain_neighbours(x, 7, metric)).all()
    assert (neighbours(x, 7, metric, q)[0] == plain_neighbours(x, 7, metric, q)).all()
    assert (np.diff(neighbours(x, 7, metric)[1], axis=1) <= 0).all()


def test_neighbours_of_a_plane_are_scikit_learns() -> None:
    x = RNG.normal(size=(200, 2))
    theirs = NearestNeighbors(n_neighbors=6).fit(x).kneighbors(return_distance=False)
    assert (neighbours(x, 6, "euclidean")[0] == theirs).all()


def test_equal_points_leave_themselves_out() -> None:
    rows = neighbours(np.ones((40, 5)), 3)[0]
    assert (rows != np.arange(40)[:, None]).all()
    assert (rows >= 0).all()


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_kept_at_k_is_the_overlap(metric: str) -> None:
    high, low = RNG.normal(size=(150, 12)), RNG.normal(size=(150, 2))
    low += 3 * high[:, :2]
    a, b = plain_neighbours(high, 8, metric), plain_neighbours(low, 8, "euclidean")
    expected = [len(set(i) & set(j)) / 8 for i, j in zip(a, b, strict=True)]
    assert kept_at_k(high, low, 8, metric) == pytest.approx(expected)


@given(arrays(np.float32, (30, 2), elements=st.floats(-100, 100, width=16)), st.integers(1, 29))
def test_the_identity_keeps_everything(x: np.ndarray, k: int) -> None:
    """Data that is already flat, drawn as it is: every neighbourhood is whole, ties and equal points included."""
    assert (kept_at_k(x, x, k, "euclidean") == 1).all()


def test_the_identity_on_the_circle_keeps_cosines_too() -> None:
    angle = RNG.uniform(0, 2 * np.pi, 300)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert (kept_at_k(circle, circle, 10) == 1).all()
    assert (kept_at_k(circle, circle @ [[0, 1], [-1, 0]] * 7 + 3, 10) == 1).all()  # turned, larger, moved


def test_equal_passages_are_not_lost_to_each_other() -> None:
    """Of twenty equal passages no ten are nearer: whichever ten the map shows are true."""
    centres = RNG.normal(size=(10, 16))
    high = np.repeat(centres, 20, axis=0)
    low = np.repeat(np.arange(10.0), 20)[:, None] * 100 + RNG.uniform(size=(200, 1))
    assert (kept_at_k(high, np.pad(low, ((0, 0), (0, 1))), 10) == 1).all()


def test_a_random_map_keeps_what_chance_keeps() -> None:
    n, k = 800, 20
    kept = kept_at_k(RNG.normal(size=(n, 30)), RNG.normal(size=(n, 2)), k)
    assert kept.mean() == pytest.approx(k / (n - 1), abs=0.006)


def test_some_rows_are_measured_like_all() -> None:
    high, low = RNG.normal(size=(200, 8)), RNG.normal(size=(200, 2))
    rows = np.array([3, 77, 198])
    assert (kept_at_k(high, low, 5, rows=rows) == kept_at_k(high, low, 5)[rows]).all()


@pytest.mark.parametrize("k", [0, 50, 51, -1])
def test_impossible_neighbourhoods_are_refused(k: int) -> None:
    with pytest.raises(InputError, match="neighbours among 50 points"):
        kept_at_k(RNG.normal(size=(50, 4)), RNG.normal(size=(50, 2)), k)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="places on the map"):
        kept_at_k(RNG.normal(size=(50, 4)), RNG.normal(size=(49, 2)))
    with pytest.raises(InputError, match="no metric"):
        kept_at_k(RNG.normal(size=(50, 4)), RNG.normal(size=(50, 2)), metric="manhattan")
    with pytest.raises(InputError, match="finite"):
        kept_at_k(np.full((50, 4), np.nan), RNG.normal(size=(50, 2)))


@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_query_fidelity_is_the_overlap(metric: str) -> None:
    p, q = RNG.normal(size=(140, 10)), RNG.normal(size=(25, 10))
    lp, lq = p[:, :2] + RNG.normal(size=(140, 2)), q[:, :2]
    a, b = plain_neighbours(p, 6, metric, q), plain_neighbours(lp, 6, "euclidean", lq)
    expected = [len(set(i) & set(j)) / 6 for i, j in zip(a, b, strict=True)]
    assert query_fidelity(q, p, lq, lp, 6, metric) == pytest.approx(expected)


def test_false_and_lost_friends_by_hand() -> None:
    """Five points on a line; the map swaps the last two far away from each other's sides."""
    high = np.array([[0.0, 0], [1, 0], [2.1, 0], [3.3, 0], [10, 0]])
    low = np.array([[0.0, 0], [1, 0], [10, 0], [3.3, 0], [2.1, 0]])
    false = false_friends(high, low, 1, metric="euclidean")
    assert false.rows[1].tolist() == [0]
    assert not false.flagged[1, 0]
    assert false.rows[3].tolist() == [4]
    assert false.flagged[3, 0]  # point 4 is nearest on the map only
    lost = lost_friends(high, low, 1, metric="euclidean")
    assert lost.rows[3].tolist() == [2]
    assert lost.flagged[3, 0]
    assert (false_friends(high, low, 2, metric="euclidean").share == 1 - kept_at_k(high, low, 2, "euclidean")).all()


def test_friends_within_a_wider_circle_are_forgiven() -> None:
    high, low = RNG.normal(size=(90, 6)), RNG.normal(size=(90, 2))
    narrow, wide = (false_friends(high, low, 5, w).flagged for w in (5, 30))
    assert wide.sum() < narrow.sum()
    assert not (wide & ~narrow).any()
    assert not lost_friends(high, low, 5, 89).flagged.any()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_trustworthiness_is_scikit_learns(metric: str) -> None:
    high, low = RNG.normal(size=(160, 12)), RNG.normal(size=(160, 2))
    low += 2 * high[:, :2]
    theirs = sklearn_trustworthiness(high, low, n_neighbors=9, metric=metric)
    assert trustworthiness(high, low, 9, metric).mean() == pytest.approx(theirs, abs=1e-12)


def test_continuity_is_trustworthiness_the_other_way() -> None:
    high, low = RNG.normal(size=(160, 12)), RNG.normal(size=(160, 2))
    theirs = sklearn_trustworthiness(low, high, n_neighbors=9, metric="euclidean")
    assert continuity(high, low, 9, "euclidean").mean() == pytest.approx(theirs, abs=1e-12)


def test_a_sample_is_some_of_the_points_against_all() -> None:
    high, low = RNG.normal(size=(300, 8)), RNG.normal(size=(300, 2))
    whole, some = trustworthiness(high, low, 7), trustworthiness(high, low, 7, sample=90, seed=3)
    assert set(np.round(some, 12)) <= set(np.round(whole, 12))
    assert some.mean() == pytest.approx(whole.mean(), abs=0.03)


def test_the_floor_of_one_layout_with_itself_is_whole() -> None:
    low = RNG.normal(size=(100, 2))
    assert (seed_floor([low, low, low], 5) == 1).all()
    other = RNG.normal(size=(100, 2))
    a, b = (plain_neighbours(v, 5, "euclidean") for v in (low, other))
    assert seed_floor([low, other], 5) == pytest.approx([len(set(i) & set(j)) / 5 for i, j in zip(a, b, strict=True)])
    with pytest.raises(InputError, match="at least twice"):
        seed_floor([low])


def test_shuffling_keeps_coordinates_and_lengths_and_nothing_else() -> None:
    x = RNG.normal(size=(400, 6)) @ RNG.normal(size=(6, 6))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    mixed = shuffled(x, 1)
    assert np.linalg.norm(mixed, axis=1) == pytest.approx(np.ones(400))
    assert (shuffled(x, 1) == mixed).all()
    assert (shuffled(x, 2) != mixed).any()
    assert abs(np.corrcoef(x.T)[0, 1:]).max() > 0.3 > abs(np.corrcoef(mixed.T)[0, 1:]).max()


def test_the_noise_baseline_measures_the_given_procedure() -> None:
    x = RNG.normal(size=(200, 10))
    kept, low = noise_baseline(x, lambda v: v[:, :2], 10)
    assert (kept == kept_at_k(shuffled(x), shuffled(x)[:, :2], 10)).all()
    assert low.shape == (200, 2)
