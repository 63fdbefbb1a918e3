"""From a retriever's space to a picture: PCA at once, UMAP from a PCA start."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.neighbours import check_metric, neighbours, ready
from retrievarium.analysis.umap_graph import fuzzy_graph
from retrievarium.contracts import InputError, Progress, no_progress

NEIGHBOURS = 15  # the point itself among them, as umap-learn counts
_NEGATIVES = 5
_WIDTH = 10.0  # the start's largest coordinate
_SMALL = 10_000  # points up to which the layout takes 500 epochs, above it 120
_PIECES = 4  # parts a thread's share is dealt in
_TOLD_EVERY = 5


def pca(vectors: NDArray, dims: int = 2) -> tuple[NDArray[np.float32], float]:
    """The first principal components `(n, dims)` and the share of the variance they show.

    The sign of each component is settled (largest coordinate positive), so that the picture does not flip between
    machines. Complexity O(n d^2 + d^3): a fifth of a second for 20,000 x 384.
    """
    x = np.asarray(vectors, dtype=np.float32)
    if x.ndim != 2 or not len(x):
        raise InputError(f"vectors of shape {x.shape}", expected="(n, d), at least one row")
    centred = x - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    values, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1][:, :dims]
    places = centred @ axes.astype(np.float32)
    if places.shape[1] < dims:  # fewer dimensions than asked for
        places = np.pad(places, ((0, 0), (0, dims - places.shape[1])))
    largest = places[np.abs(places).argmax(axis=0), np.arange(dims)]
    places *= np.where(largest < 0, -1, 1).astype(np.float32)
    return places, float(values[:dims].sum() / values.sum()) if values.sum() > 0 else 0.0


def neighbour_table(
    vectors: NDArray, k: int = NEIGHBOURS, metric: str = "cosine"
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows and distances `(n, k)`, the point itself first at 0: exact.

    Distances: 1 - cosine, or Euclidean. A dot-product space has to be lifted first (`spaces.lay`).
    """
    check_metric(metric)
    if metric == "dot":
        raise InputError("an inner product is no distance between passages", fix="lift the vectors: spaces.joint_space")
    n = len(vectors)
    rows, close = neighbours(vectors, min(k - 1, n - 1), metric)
    apart = np.maximum(1 - close, 0) if metric == "cosine" else -close
    own = np.arange(n)[:, None]
    return np.concatenate([own, rows], axis=1), np.concatenate([np.zeros((n, 1), np.float32), apart], axis=1)


def umap(
    vectors: NDArray,
    dims: int = 2,
    metric: str = "cosine",
    *,
    table: tuple[NDArray[np.int64], NDArray[np.float32]] | None = None,
    start: NDArray | None = None,
    epochs: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = no_progress,
) -> NDArray[np.float32]:
    """UMAP of `vectors (n, d)`: places float32 `(n, dims)`, the same for a seed whatever the number of threads.

    Minimises UMAP's cross-entropy between `fuzzy_graph` and 1 / (1 + |y_i - y_j|^2) by sampled attraction along edges
    and repulsion from random points, from a PCA start.

    Parameters
    ----------
    dims: 2 or 3.
    table: `neighbour_table(vectors)`, if you have it.
    start: places to begin from `(n, dims)`; the first principal components unless given.
    epochs: 500 up to 10,000 points, 120 above, unless given; there a PCA start has less far to go.
    progress: called every few epochs; may raise `Cancelled`.

    Differences from umap-learn: neighbours are exact; the start is PCA; the low-dimensional kernel is the Cauchy
    kernel (umap-learn's a = b = 1), which spares a power for each pair; all points move at once. Two to five times
    less work when warm, with more neighbours kept (benchmarks/test_projection.py), and the compiler takes a second
    once a machine in place of most of a minute a process.

    Source: McInnes, Healy and Melville (2018), "UMAP", algorithm 5; the Cauchy kernel as in Damrich et al. (2023).
    """
    if dims not in (2, 3):
        raise InputError(f"a map of {dims} dimensions", field="dims", expected="2 or 3")
    n = len(vectors)
    if n < 4:
        return pca(vectors, dims)[0]
    rows, apart = table if table is not None else neighbour_table(vectors, metric=metric)
    graph = fuzzy_graph(rows, apart)
    steps = epochs if epochs is not None else 500 if n <= _SMALL else 120
    places = _start(pca(ready(vectors, metric), dims)[0] if start is None else start, seed)
    made = _descend(graph, places, steps, seed, threads, progress)
    return made if start is not None else pca(made, dims)[0]  # turned so that the long side lies across


def _start(places: NDArray, seed: int) -> NDArray[np.float32]:
    """Scaled to +-10, with a grain of noise so that equal points can part."""
    y = np.asarray(places, dtype=np.float32)
    y = y - y.mean(axis=0)
    largest = np.abs(y).max()
    y = y * (_WIDTH / largest) if largest > 0 else y
    return y + np.random.default_rng([seed, 0x11]).normal(scale=1e-4, size=y.shape).astype(np.float32)


def _descend(
    graph: Any, places: NDArray[np.float32], steps: int, seed: int, threads: int | None, progress: Progress
) -> NDArray[np.float32]:
    from retrievarium.analysis._umap_kernel import epoch

    weights = graph.data.astype(np.float32)
    period = weights.max(initial=1e-9) / np.maximum(weights, 1e-9)
    due = period.copy()
    indptr, indices = graph.indptr.astype(np.int32), graph.indices.astype(np.int32)
    workers = threads or _cores()
    cuts = np.linspace(0, len(places), workers * _PIECES + 1).astype(np.int64)
    old, new = np.ascontiguousarray(places), np.empty_like(places)
    with ThreadPoolExecutor(workers) as pool:
        for step in range(1, steps + 1):
            rate = np.float32(1 - (step - 1) / steps)

            common = (old, new, indptr, indices, period, due, rate, _NEGATIVES, seed, step)
            list(pool.map(lambda first, last, common=common: epoch(first, last, *common), cuts[:-1], cuts[1:]))
            old, new = new, old
            if step % _TOLD_EVERY == 0 or step == steps:
                progress(step, steps, "laying out the map", {})
    return old - old.mean(axis=0)


def _cores() -> int:
    allowed = getattr(os, "sched_getaffinity", None)
    return max(1, min(8, len(allowed(0)) if allowed else os.cpu_count() or 1))


Projector = Callable[[NDArray], NDArray]
"""Vectors `(n, d)` to places `(n, 2)`."""
