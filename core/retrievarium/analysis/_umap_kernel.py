"""One epoch of UMAP's layout for a range of points. Compiled by numba once and kept beside this file.

Points are moved by what the others were at the end of the epoch before, and every point draws from a stream of its
own, so the result depends on the seed alone: not on threads, nor on how the points are dealt out to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_MIX = np.uint64(0x9E3779B97F4A7C15)
_STIR = np.uint64(0xBF58476D1CE4E5B9)
_SALT = np.uint64(0x94D049BB133111EB)


@njit(cache=True, nogil=True)
def _clip(value: Any) -> Any:
    return min(np.float32(4.0), max(np.float32(-4.0), value))


@njit(cache=True, nogil=True)
def epoch(
    first: Any,
    last: Any,
    old: Any,  # float32 (n, dims)
    new: Any,  # float32 (n, dims), written for rows first..last
    indptr: Any,  # int32 (n + 1,)
    indices: Any,  # int32 (edges,)
    period: Any,  # float32 (edges,): an edge pulls once in so many epochs
    due: Any,  # float32 (edges,): the epoch it pulls next
    rate: Any,
    negatives: Any,
    seed: Any,
    step: Any,
) -> None:
    n, dims = old.shape
    y = np.empty(dims, np.float32)
    for i in range(first, last):
        for c in range(dims):
            y[c] = old[i, c]
        state = np.uint64(seed) * _MIX + np.uint64(step) * _STIR + np.uint64(i + 1) * _SALT
        state = (state ^ (state >> np.uint64(30))) * _STIR
        state = (state ^ (state >> np.uint64(27))) * _SALT
        state |= np.uint64(1)
        for e in range(indptr[i], indptr[i + 1]):
            if due[e] > step:
                continue
            due[e] += period[e]
            j = indices[e]
            apart = np.float32(0.0)
            for c in range(dims):
                gap = y[c] - old[j, c]
                apart += gap * gap
            pull = np.float32(-2.0) / (np.float32(1.0) + apart)
            for c in range(dims):
                # twice: an edge pulls both its ends, and each end sees it in its own row
                y[c] += np.float32(2.0) * rate * _clip(pull * (y[c] - old[j, c]))
            for _ in range(negatives):
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                t = np.int64((state >> np.uint64(33)) % np.uint64(n))
                if t == i:
                    continue
                apart = np.float32(0.0)
                for c in range(dims):
                    gap = y[c] - old[t, c]
                    apart += gap * gap
                push = np.float32(2.0) / ((np.float32(0.001) + apart) * (np.float32(1.0) + apart))
                for c in range(dims):
                    y[c] += rate * _clip(push * (y[c] - old[t, c]))
        for c in range(dims):
            new[i, c] = y[c]
