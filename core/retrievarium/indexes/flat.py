"""Exact search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.contracts.order import top_k
from retrievarium.indexes.store import METRICS, Store
from retrievarium.workspace import content_hash

_QUERIES = 128


def scores(queries: NDArray[np.float64], passages: NDArray[np.float64], metric: str) -> NDArray[np.float32]:
    """float32 `(b, n)` from `(b, d)` and `(n, d)`, both float64.

    "ip" is q.p, "cosine" is q.p / (|q| |p|) (0 for a zero vector), "l2" is -|q - p|^2. Sums run in float64 and are
    rounded once, so that a score does not depend on block sizes, threads or the order of addition: equal vectors tie.
    """
    dots = queries @ passages.T
    if metric == "ip":
        return dots.astype(np.float32)
    left, right = (np.einsum("nd,nd->n", v, v) for v in (queries, passages))
    if metric == "l2":
        return (2 * dots - left[:, None] - right[None, :]).astype(np.float32)
    norms = np.sqrt(left)[:, None] * np.sqrt(right)[None, :]
    return np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0).astype(np.float32)


class FlatIndex:
    """Every query against every vector, in blocks; equal to sorting all scores under the one tie rule.

    Vectors stay as they are given (float16 or float32, memory-mapped or not). Complexity O(n d) a query; memory is
    bounded by the block whatever the size of the index.

    Parameters
    ----------
    metric: "ip" (inner product), "cosine" or "l2" (minus the squared distance).
    """

    def __init__(self, metric: str = "ip") -> None:
        if metric not in METRICS:
            raise InputError(f"an index has no metric {metric!r}", expected=f"one of {METRICS}")
        self.metric = metric
        self._store = Store()

    def __len__(self) -> int:
        return len(self._store)

    def __repr__(self) -> str:
        return f"FlatIndex({self.metric!r}, {len(self):,} vectors)"

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._store.ids)

    @property
    def fingerprint(self) -> str:
        return content_hash({"index": "flat", "metric": self.metric, "content": self._store.digest})

    def content(self) -> str:
        """SHA-256 over vectors and ids as they are now; nothing is remembered."""
        return self._store.fresh_digest()

    def add(self, ids: Sequence[str], vectors: NDArray[np.floating]) -> None:
        self._store.add(ids, vectors)

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        return self._store.rows(self._store.row_numbers(ids))

    def search(self, queries: NDArray[np.floating], k: int) -> tuple[NDArray[np.float32], NDArray[np.object_]]:
        """Scores float32 `(n, k)` descending and ids `(n, k)`; k is cut to the size of the index."""
        k = check_search(queries, k, self._store)
        values = np.empty((len(queries), k), dtype=np.float32)
        rows = np.empty((len(queries), k), dtype=np.int64)
        for start in range(0, len(queries), _QUERIES):
            here = slice(start, start + _QUERIES)
            values[here], rows[here] = exact(self._store, queries[here], k, self.metric)
        return values, self._store.id_array[rows]

    def save(self, folder: str | Path) -> None:
        self._store.save(Path(folder), {"index": "flat", "metric": self.metric})

    @classmethod
    def load(cls, folder: str | Path) -> FlatIndex:
        store, about = Store.load(Path(folder))
        if about["index"] != "flat":
            raise InputError(f"this is a {about['index']} index", path=folder, fix="open it with load_index")
        index = cls(about["metric"])
        index._store = store
        return index


def check_search(queries: NDArray[np.floating], k: int, store: Store) -> int:
    """k cut to the size of the store. Raises InputError for queries of another width or k below 1."""
    if k < 1:
        raise InputError(f"k is {k}", expected="at least 1")
    if not len(store):
        raise InputError("the index is empty", fix="add vectors before searching")
    if queries.ndim != 2 or queries.shape[1] != store.dim:
        raise InputError(f"queries of shape {queries.shape}", expected=f"(n, {store.dim}), as the vectors of the index")
    return min(k, len(store))


def exact(
    store: Store, queries: NDArray[np.floating], k: int, metric: str
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Scores and row numbers, both `(b, k)`, of the k best rows of the store under the total order."""
    left = np.asarray(queries, dtype=np.float64)
    best_values = [np.empty(0, dtype=np.float32)] * len(left)
    best_rows = [np.empty(0, dtype=np.int64)] * len(left)
    for first, block in store.blocks(np.float64):
        block_scores = scores(left, block, metric)
        for q, line in enumerate(block_scores):
            kept = best_values[q]
            # a row below the k-th score so far cannot enter; one that ties with it can, by its id
            new = np.flatnonzero(line >= kept[-1]) if len(kept) == k else np.arange(len(line))
            candidates = np.concatenate([best_rows[q], first + new])
            values = np.concatenate([kept, line[new]])
            order = top_k(values, store.ranks[candidates], k)
            best_values[q], best_rows[q] = values[order], candidates[order]
    return np.stack(best_values), np.stack(best_rows)
