"""How much of the exact answer an approximate index finds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Index


def recall_against_exact(index: Index, exact: Index, queries: NDArray[np.float32], k: int = 10) -> NDArray[np.float64]:
    """Share of the exact k best that `index` has among its k, for each query: `(n,)` in [0, 1]."""
    found, truth = index.search(queries, k)[1], exact.search(queries, k)[1]
    return np.array([len(set(f) & set(t)) / len(t) for f, t in zip(found, truth, strict=True)])
