"""A lexical encoder whose smallest weights are dropped, so that two encoders can be compared at one cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.contracts import InputError
from retrievarium.workspace import content_hash

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from retrievarium.contracts import Progress

_HALVINGS = 40


class Thinned:
    """An encoder with weights of `floor` and below left out, of queries and passages alike.

    Source: static pruning by a threshold, Lassance et al., 2023 (arXiv 2304.12702).
    """

    kind = "lexical"
    similarity = "dot"

    def __init__(self, encoder: Any, floor: float) -> None:
        if not floor >= 0:
            raise InputError(f"floor is {floor}", field="floor", expected="0 (keep all) or more")
        self.encoder, self.floor = encoder, floor
        self.name, self.dim, self.max_length = encoder.name, encoder.dim, encoder.max_length

    @property
    def fingerprint(self) -> str:
        return content_hash({"thinned": self.encoder.fingerprint, "floor": self.floor})

    def pieces(self, columns: Iterable[int]) -> list[str]:
        return self.encoder.pieces(columns)

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> csr_matrix:
        return thin(self.encoder.encode_queries(texts, progress=progress), self.floor)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> csr_matrix:
        return thin(self.encoder.encode_passages(texts, progress=progress), self.floor)


def thin(weights: csr_matrix, floor: float) -> csr_matrix:
    """The weights above `floor`, CSR `(n, V)`; a floor of 0 keeps all of non-negative ones."""
    kept = weights.copy()
    kept.data[kept.data <= floor] = 0
    kept.eliminate_zeros()
    return kept


def floor_for(queries: csr_matrix, passages: csr_matrix, flops: float) -> float:
    """The smallest floor at which a query and a passage share `flops` terms on average, or fewer.

    Halving finds it, since the mean number of shared terms never rises with the floor. Raises InputError for a target
    that is not positive.
    """
    if flops <= 0:
        raise InputError(f"a target of {flops} postings FLOPS", field="flops", expected="above 0")

    def cost(floor: float) -> float:
        asked, held = (
            np.bincount(m.indices[m.data > floor], minlength=m.shape[1]) / m.shape[0] for m in (queries, passages)
        )
        return float(asked @ held) * (1 - 1e-9)  # two ways of adding up must not make it dearer than itself

    if cost(0.0) <= flops:
        return 0.0
    low, high = 0.0, float(max(queries.data.max(), passages.data.max()))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(middle) <= flops else (middle, high)
    return high
