"""Trustworthiness and continuity: the forgiving measures, which punish intruders by how far they come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.neighbours import _BLOCK, check_metric, neighbours, ready
from retrievarium.contracts import InputError


def trustworthiness(
    high: NDArray, low: NDArray, k: int = 10, metric: str = "cosine", sample: int | None = None, seed: int = 0
) -> NDArray[np.float64]:
    """Per point, how little the k nearest on the map intrude; the mean over points is the published measure.

        T(i) = 1 - 2 / (k (2n - 3k - 1)) * sum over j in kNN_low(i) not in kNN_high(i) of (rank_high(i, j) - k)

    Parameters
    ----------
    high, low: `(n, d)` and `(n, 2 or 3)`; k < n / 2.
    sample: that many points drawn by `seed`, each against all n; every point unless given. The mean stays unbiased,
        which measuring a sample against itself does not (its neighbours are other ones).

    Returns `(n,)`, or `(sample,)`. Complexity O(m n (d + log n)) time, O(n) memory a point: no n x n array.

    Raises InputError for k outside 1..n/2.

    Source: Venna and Kaski (2001), "Neighborhood preservation in nonlinear projection methods".
    """
    near = neighbours(low, k, "euclidean")[0]
    return _rank_weighted(high, near, k, check_metric(metric), sample, seed)


def continuity(
    high: NDArray, low: NDArray, k: int = 10, metric: str = "cosine", sample: int | None = None, seed: int = 0
) -> NDArray[np.float64]:
    """Per point, how little the true neighbours are torn away: trustworthiness with the two spaces exchanged."""
    near = neighbours(high, k, metric)[0]
    return _rank_weighted(low, near, k, "euclidean", sample, seed)


def _rank_weighted(
    space: NDArray, near: NDArray[np.int64], k: int, metric: str, sample: int | None, seed: int
) -> NDArray[np.float64]:
    """1 - the scaled sum of (rank in `space` - k) over the neighbours in `near` that rank beyond k."""
    points = ready(space, metric).astype(np.float64)
    n = len(points)
    if len(near) != n:
        raise InputError(f"{len(near)} points in one space and {n} in the other", expected="the same points")
    if not 1 <= k < n / 2:
        raise InputError(f"{k} neighbours among {n} points", field="k", expected="fewer than half the points")
    anchors = np.arange(n)
    if sample is not None and sample < n:
        anchors = np.sort(np.random.default_rng([seed, 0x7A]).choice(n, sample, replace=False))
    squares = np.einsum("nd,nd->n", points, points)
    told = np.empty(len(anchors))
    for start in range(0, len(anchors), _BLOCK):
        rows = anchors[start : start + _BLOCK]
        far = -(points[rows] @ points.T)  # smaller is closer
        if metric == "euclidean":
            far = np.maximum(squares[rows, None] + squares[None, :] + 2 * far, 0)
        candidates = np.take_along_axis(far, near[rows], 1)
        far[np.arange(len(rows)), rows] = np.inf  # a point is not its own neighbour
        far.sort(axis=1)
        for i, line in enumerate(far):
            ranks = np.searchsorted(line, candidates[i], side="left") + 1
            told[start + i] = np.maximum(ranks - k, 0).sum()
    return 1.0 - told * 2.0 / (k * (2.0 * n - 3.0 * k - 1.0))
