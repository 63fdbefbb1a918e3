"""Who is close to whom, exactly: the ground every diagnostic of a map stands on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError

METRICS = ("cosine", "dot", "euclidean")
_BLOCK = 256  # anchors whose distances to all points are held at once
_SPARE = 8  # neighbours asked for beyond k, so that the border can be sorted under one rule
_SAME = 1e-6  # closeness within this share of the scale counts as a tie


def check_metric(metric: str) -> str:
    """Raises InputError: a map's metric is its retriever's, never guessed."""
    if metric not in METRICS:
        raise InputError(f"there is no metric {metric!r}", field="metric", expected=f"one of {METRICS}")
    return metric


def check_k(k: int, n: int) -> int:
    """Raises InputError unless 1 <= k < n."""
    if isinstance(k, bool) or k < 1 or k >= n:
        raise InputError(f"{k} neighbours among {n} points", field="k", expected=f"1 to {max(n - 1, 1)}")
    return int(k)


def ready(vectors: NDArray, metric: str) -> NDArray[np.float32]:
    """float32, contiguous; unit length for cosine (a zero vector stays zero)."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or not len(rows):
        raise InputError(f"vectors of shape {rows.shape}", expected="(n, d), at least one row")
    if not np.isfinite(rows).all():
        raise InputError("a coordinate is not a finite number", fix="leave that point out")
    if metric == "cosine":
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return rows


def closeness(left: NDArray, right: NDArray, metric: str) -> NDArray[np.float64]:
    """Paired closeness, larger is closer, in float64: cosine, inner product, or minus the Euclidean distance.

    `left (..., d)` and `right (..., d)` broadcast; for "cosine" both must come from `ready`.
    """
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if metric == "euclidean":
        return -np.sqrt(np.square(a - b).sum(-1))
    return np.einsum("...d,...d->...", a, b)


def neighbours(
    vectors: NDArray, k: int, metric: str = "cosine", queries: NDArray | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k nearest rows of `vectors (n, d)`, to each of its own points (itself left out) or to each of `queries`.

    Returns
    -------
    rows int64 `(m, k)` and closeness float32 `(m, k)`, nearest first: cosine, inner product, or minus the Euclidean
    distance. Equal closeness: lower row first.

    Complexity O(m n d), by blocks; memory O(m k).
    """
    check_metric(metric)
    points = ready(vectors, metric)
    own = queries is None
    k = check_k(k, len(points) + (0 if own else 1))
    asked = points if own else ready(np.asarray(queries), metric)
    if asked.shape[1] != points.shape[1]:
        raise InputError(f"queries of {asked.shape[1]} dimensions", expected=f"{points.shape[1]}, as the points")
    if points.shape[1] <= 3 and metric == "euclidean":
        return _plane(points, asked, k, own)
    import faiss

    measure = faiss.METRIC_L2 if metric == "euclidean" else faiss.METRIC_INNER_PRODUCT
    values, rows = faiss.knn(asked, points, min(k + own + _SPARE, len(points)), measure)
    values = -np.sqrt(np.maximum(values, 0)) if metric == "euclidean" else values
    return _settle(rows.astype(np.int64), values.astype(np.float32), k, own)


def _plane(points: NDArray, asked: NDArray, k: int, own: bool) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """In two or three dimensions a tree is exact and quick: O(n log n)."""
    from scipy.spatial import cKDTree

    wanted = min(k + own + _SPARE, len(points))
    distances, rows = cKDTree(points).query(asked, wanted)
    shape = (len(asked), wanted)
    return _settle(rows.reshape(shape).astype(np.int64), (-distances.reshape(shape)).astype(np.float32), k, own)


def _settle(
    rows: NDArray[np.int64], values: NDArray[np.float32], k: int, own: bool
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Sort by closeness, then row; leave the point itself out where it is its own neighbour."""
    if own:
        values = np.where(rows == np.arange(len(rows))[:, None], -np.inf, values)
    order = np.lexsort((rows, -values), axis=1)[:, :k]
    return np.take_along_axis(rows, order, 1), np.take_along_axis(values, order, 1)


def among_nearest(
    vectors: NDArray,
    candidates: NDArray[np.int64],
    within: int,
    metric: str,
    anchors: NDArray[np.int64] | None = None,
    queries: NDArray | None = None,
) -> NDArray[np.bool_]:
    """Whether each of the `candidates (m, c)` (row numbers) is among the `within` nearest of its anchor: `(m, c)`.

    Anchors are all points, some rows of them, or `queries`. A candidate that ties with the last of the nearest counts:
    of twenty equal passages no ten are nearer than the others.
    """
    points = ready(vectors, metric)
    if queries is not None:
        asked, own = ready(queries, metric), None
    else:
        own = np.arange(len(points)) if anchors is None else np.asarray(anchors)
        asked = points[own]
    within = check_k(within, len(points) + (own is None))
    inside = np.empty(candidates.shape, dtype=bool)
    step = max(1, 4_000_000 // max(1, candidates.shape[1] * points.shape[1]))
    last = _border(points, asked, within, metric, own)
    for start in range(0, len(asked), step):
        here = slice(start, start + step)
        near = closeness(asked[here, None], points[candidates[here]], metric)
        edge = closeness(asked[here], points[last[here]], metric)
        scale = 1.0 if metric == "cosine" else np.abs(edge)
        inside[here] = near >= (edge - _SAME * scale)[:, None]
    return inside


def _border(
    points: NDArray, asked: NDArray, within: int, metric: str, own: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Row of each anchor's last nearest neighbour, `(m,)`."""
    if own is None:
        return neighbours(points, within, metric, asked)[0][:, -1]
    if len(own) == len(points) and (own == np.arange(len(points))).all():
        return neighbours(points, within, metric)[0][:, -1]
    rows = neighbours(points, min(within + 1, len(points)), metric, asked)[0]
    others = np.argsort(rows == own[:, None], axis=1, kind="stable")  # the anchor itself to the end
    return np.take_along_axis(rows, others, 1)[:, within - 1]
