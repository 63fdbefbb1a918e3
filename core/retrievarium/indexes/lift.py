"""Inner product as a Euclidean distance, by one more dimension.

    phi = max |p|^2,   p' = (p, sqrt(phi - |p|^2)),   q' = (q, 0)
    |q' - p'|^2 = |q|^2 + phi - 2 q.p

so that for one query, nearest in L2 is largest in inner product. A graph index needs a distance that obeys the
triangle inequality, which the inner product does not.

Source: Karpukhin et al. (2020), whose code lifts vectors so for HNSW; the reduction is Bachrach et al. (2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError


def lift_passages(vectors: NDArray[np.floating], phi: float | None = None) -> tuple[NDArray[np.float64], float]:
    """Lifted passages float64 `(n, d + 1)`, and phi, by default the largest squared norm among them.

    Raises InputError where phi is smaller than a squared norm: the new coordinate would be imaginary.
    """
    exact = np.asarray(vectors, dtype=np.float64)
    squares = np.einsum("nd,nd->n", exact, exact)
    largest = float(squares.max(initial=0.0))
    if phi is None:
        phi = largest
    if phi < largest:
        raise InputError(f"phi is {phi}, a squared norm is {largest}", expected="phi at least the largest squared norm")
    extra = np.sqrt(phi - squares)
    return np.concatenate([exact, extra[:, None]], axis=1), phi


def lift_queries(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lifted queries float64 `(n, d + 1)`: a zero appended."""
    return np.pad(np.asarray(vectors, dtype=np.float64), ((0, 0), (0, 1)))
