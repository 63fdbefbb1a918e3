"""UMAP's neighbourhood graph: from nearest neighbours to weights in (0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError

_HALVINGS = 64
_CLOSE = 1e-5
_FLOOR = 1e-3  # smallest width of a point's kernel, as a share of mean distances


def fuzzy_graph(rows: NDArray[np.int64], distances: NDArray[np.floating]) -> Any:
    """The fuzzy simplicial set of a neighbour table, as a symmetric CSR matrix `(n, n)` without a diagonal.

        w(i, j) = exp(-max(0, d(i, j) - rho_i) / sigma_i),  rho_i the smallest positive distance of i,
        sigma_i such that the weights of i sum to log2(k);  W = A + A' - A * A'

    Parameters
    ----------
    rows, distances: `(n, k)`, nearest first; the first column is the point itself at distance 0 (k counts it).

    Complexity O(n k). Raises InputError where the first column is not the point itself.

    Source: McInnes, Healy and Melville (2018), "UMAP", algorithms 2 and 3; equal to umap-learn's
    `fuzzy_simplicial_set` to rounding.
    """
    import scipy.sparse as sp

    rows = np.asarray(rows)
    n, k = rows.shape
    if not (rows[:, 0] == np.arange(n)).all():
        raise InputError("a neighbour table has to begin with the point itself", field="rows")
    apart = np.asarray(distances, dtype=np.float64)
    rho, sigma = smooth_distances(apart)
    weights = np.exp(-np.maximum(apart - rho[:, None], 0) / sigma[:, None])
    weights[apart - rho[:, None] <= 0] = 1.0
    weights[:, 0] = 0.0
    directed = sp.csr_matrix((weights.ravel(), (np.repeat(np.arange(n), k), rows.ravel())), shape=(n, n))
    back = directed.T.tocsr()
    graph = (directed + back - directed.multiply(back)).tocsr()
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph


def smooth_distances(apart: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`(rho, sigma)`, both `(n,)`, of a distance table `(n, k)`, by bisection for all points at once."""
    n, k = apart.shape
    positive = np.where(apart > 0, apart, np.inf)
    rho = positive.min(axis=1)
    rho[~np.isfinite(rho)] = 0.0
    gaps = apart[:, 1:] - rho[:, None]
    target = np.log2(k)
    low, high, sigma = np.zeros(n), np.full(n, np.inf), np.ones(n)
    moving = np.ones(n, dtype=bool)
    for _ in range(_HALVINGS):
        total = np.where(gaps > 0, np.exp(-np.maximum(gaps, 0) / sigma[:, None]), 1.0).sum(axis=1)
        moving &= np.abs(total - target) >= _CLOSE
        if not moving.any():
            break
        above = moving & (total > target)
        below = moving & ~above
        high[above] = sigma[above]
        low[below] = sigma[below]
        halved = (low + np.where(np.isinf(high), 0, high)) / 2
        sigma = np.where(moving, np.where(np.isinf(high), sigma * 2, halved), sigma)
    least = _FLOOR * np.where(rho > 0, apart.mean(axis=1), apart.mean())
    return rho, np.maximum(sigma, np.maximum(least, np.finfo(float).tiny))
