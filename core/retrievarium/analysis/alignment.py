"""Two maps side by side: turned onto each other, or laid out together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError

ALIGNED_UMAP_LIMIT = 5_000


@dataclass(frozen=True)
class Aligned:
    """A layout turned, mirrored and scaled onto another.

    places: `(n, dims)`, in the reference's units.
    residual: share of the reference's spread that no turning explains: 0 is the same map, 1 is no relation.
    """

    places: NDArray[np.float64]
    residual: float


def procrustes(reference: NDArray, layout: NDArray, common: NDArray[np.int64] | None = None) -> Aligned:
    """`layout (n, dims)` brought onto `reference (n, dims)` by rotation, reflection, scale and shift.

        min over s, R with R'R = I, t of |s Y R + t - X|_F^2;  residual = that minimum / |X - mean|_F^2

    Parameters
    ----------
    common: rows that decide the fit (all unless given); every row is moved.

    The residual equals `scipy.spatial.procrustes`' disparity. Raises InputError for shapes that differ and for a layout
    without extent.

    Source: Gower (1975); Schonemann (1966) for the rotation.
    """
    x, y = (np.asarray(v, dtype=np.float64) for v in (reference, layout))
    if x.shape != y.shape or x.ndim != 2:
        raise InputError(f"layouts of shapes {x.shape} and {y.shape}", expected="the same points in as many dimensions")
    rows = slice(None) if common is None else common
    mean_x, mean_y = x[rows].mean(axis=0), y[rows].mean(axis=0)
    a, b = x[rows] - mean_x, y[rows] - mean_y
    spread_a, spread_b = np.square(a).sum(), np.square(b).sum()
    if spread_a == 0 or spread_b == 0:
        raise InputError("a layout whose points all lie on one place cannot be turned onto another")
    u, singular, v = np.linalg.svd(b.T @ a)
    scale = singular.sum() / spread_b
    return Aligned(scale * (y - mean_y) @ (u @ v) + mean_x, float(1 - singular.sum() ** 2 / (spread_a * spread_b)))


def align_all(layouts: Sequence[NDArray]) -> list[Aligned]:
    """Each layout turned onto the one before it, the first as it is: frames that do not jump."""
    told = [Aligned(np.asarray(layouts[0], dtype=np.float64), 0.0)]
    for layout in layouts[1:]:
        told.append(procrustes(told[-1].places, layout))
    return told


def aligned_umap(
    spaces: Sequence[NDArray], metric: str = "cosine", seed: int = 0, regularisation: float = 0.01
) -> list[NDArray[np.float32]]:
    """umap-learn's AlignedUMAP of the same n <= 5,000 points in several spaces: one layout `(n, 2)` each.

    Points are held near themselves from one layout to the next, which makes the maps easy to compare and each of them a
    little less true. Slow, and the process compiles for a minute first: run it as a job.

    Raises InputError for more points, fewer than two spaces, and spaces of different lengths.

    Source: umap-learn, `AlignedUMAP`.
    """
    if len(spaces) < 2 or len({len(s) for s in spaces}) != 1:
        raise InputError("aligned layouts need the same points in two or more spaces", field="spaces")
    n = len(spaces[0])
    if n > ALIGNED_UMAP_LIMIT:
        raise InputError(f"{n:,} points", expected=f"at most {ALIGNED_UMAP_LIMIT:,}", fix="turn maps with procrustes")
    from umap import AlignedUMAP

    same = {i: i for i in range(n)}
    made: Any = AlignedUMAP(
        metric=metric, random_state=seed, alignment_regularisation=regularisation, n_neighbors=min(15, n - 1)
    )
    rows = [np.asarray(s, dtype=np.float32) for s in spaces]
    layouts = made.fit_transform(rows, relations=[same] * (len(spaces) - 1))
    return [np.asarray(layout, dtype=np.float32) for layout in layouts]
