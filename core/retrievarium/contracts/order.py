"""The one tie rule.

Scores become float32 before sorting; then score descending, then document id descending as bytes. This is the
order that trec_eval computes from a file we write, so no result depends on batch size, backend or hash seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def byte_keys(ids: Sequence[str]) -> NDArray[np.bytes_]:
    """Ids as UTF-8 byte strings; numpy compares them as bytes. Shape `(n,)`."""
    # NUL-free ids are required where they enter (numpy pads with NUL, which would make 'a' equal 'a\\0')
    return np.array([i.encode("utf-8") for i in ids], dtype=np.bytes_) if len(ids) else np.empty(0, dtype="S1")


def total_order(scores: NDArray, ids: Sequence[str]) -> NDArray[np.int64]:
    """Permutation `(n,)` that sorts by float32 score descending, then id descending as bytes.

    Raises ValueError for a NaN score: it has no place in any order.
    """
    values = np.asarray(scores, dtype=np.float32)
    if np.isnan(values).any():
        raise ValueError("a score is NaN; a ranking needs comparable scores")
    # lexsort sorts ascending by its last key first; reversing gives descending in both keys
    return np.lexsort((byte_keys(ids), values))[::-1].astype(np.int64)


def id_ranks(ids: Sequence[str]) -> NDArray[np.int64]:
    """For each id its position in ascending byte order, shape `(n,)`: compute once per collection, use in `top_k`."""
    order = np.argsort(byte_keys(ids), kind="stable")
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[order] = np.arange(len(ids))
    return ranks


def top_k(scores: NDArray, ranks: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Indices `(min(k, n),)` of the k best of one score row under the total order.

    `ranks` comes from `id_ranks`. Ties at the k-th score are all considered before cutting, so the result equals a
    full sort. Complexity O(n + m log m), m = k plus the ties at the border.
    """
    values = np.asarray(scores, dtype=np.float32)
    n = values.shape[0]
    k = min(k, n)
    if k <= 0:
        return np.empty(0, dtype=np.int64)
    if k < n:
        border = np.partition(values, n - k)[n - k]
        candidates = np.flatnonzero(values >= border)
    else:
        candidates = np.arange(n)
    order = np.lexsort((ranks[candidates], values[candidates]))[::-1]
    return candidates[order[:k]].astype(np.int64)
