"""Approximate search in cells: an inverted file (Sivic and Zisserman, 2003; Jégou et al., 2011), by faiss."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.indexes.approximate import ApproximateIndex


class IVFIndex(ApproximateIndex):
    """k-means puts every vector into the cell of its nearest centre; a query looks into the `probe` best cells.

    With probe = cells it is exact. Its cost falls with probe / cells, its recall too.

    Parameters
    ----------
    metric: "ip", "cosine" or "l2"; scores are the ones `FlatIndex` gives.
    cells: number of centres; None takes the square root of the number of vectors.
    probe: cells a query looks into.
    """

    kind: ClassVar[str] = "ivf"
    names: ClassVar[tuple[str, ...]] = ("metric", "cells", "probe")

    def __init__(self, metric: str = "ip", cells: int | None = None, probe: int = 8) -> None:
        super().__init__(metric)
        if (cells is not None and cells < 1) or probe < 1:
            raise InputError(f"cells={cells}, probe={probe}", expected="both at least 1")
        self.cells, self.probe = cells, probe

    def _built(self, faiss: Any) -> Any:
        cells = self.cells or max(1, round(len(self) ** 0.5))
        if cells > len(self):
            raise InputError(
                f"{cells} cells for {len(self)} vectors", field="cells", expected="at most one cell a vector"
            )
        dim = int(self._store.dim or 0)
        flat, kind = (
            (faiss.IndexFlatL2(dim), faiss.METRIC_L2)
            if self.metric == "l2"
            else (faiss.IndexFlatIP(dim), faiss.METRIC_INNER_PRODUCT)
        )
        index = faiss.IndexIVFFlat(flat, dim, cells, kind)
        index.cp.min_points_per_centroid = 1  # small collections are what this is for; no warning is needed
        index.train(self._sample(cells))
        for _, block in self._store.blocks(np.float32):
            index.add(self._unit(block))
        return index

    def _found(self, faiss: Any, query: NDArray[np.floating], wanted: int) -> NDArray[np.int64]:
        parameters = faiss.SearchParametersIVF(nprobe=min(self.probe, self._graph.nlist))
        return self._graph.search(self._unit(query), wanted, params=parameters)[1][0]
