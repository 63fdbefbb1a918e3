"""From a query's vector and those of what it found to a new vector: feedback without anything learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError


class Refiner(Protocol):
    """What `Feedback` takes. A refiner that was trained for one depth has an attribute `depth`."""

    def refine(
        self,
        queries: Sequence[str],
        vectors: NDArray[np.float32],
        passages: Sequence[Sequence[str]],
        passage_vectors: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """New vectors `(B, d)` from texts, vectors `(B, d)`, and each query's passages: texts and vectors `(k_i, d)`.

        Row i depends on query i alone.
        """
        ...


class Weighted:
    """q' = sum of weights times (q, p1 ... pk): the linear refiners, whose scores fall into parts."""

    def weights(self, k: int) -> NDArray[np.float64]:
        """`(1 + k,)`, the query's first."""
        raise NotImplementedError

    def refine(
        self,
        queries: Sequence[str],
        vectors: NDArray[np.float32],
        passages: Sequence[Sequence[str]],
        passage_vectors: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """`(B, d)`; texts are not read."""
        rows = [
            self.weights(len(found)) @ np.concatenate([q[None], found]).astype(np.float64)
            for q, found in zip(vectors, passage_vectors, strict=True)
        ]
        return np.array(rows, dtype=np.float32).reshape(vectors.shape)


@dataclass(frozen=True)
class Average(Weighted):
    """q' = (q + p1 + ... + pk) / (k + 1). With nothing found it is q. Source: Li et al., 2021 (Vector PRF)."""

    def weights(self, k: int) -> NDArray[np.float64]:
        return np.full(k + 1, 1 / (k + 1))


@dataclass(frozen=True)
class Rocchio(Weighted):
    """q' = alpha q + beta (p1 + ... + pk) / k. With beta = 0, or with nothing found, it is alpha q.

    alpha = 1 / (k + 1) and beta = k / (k + 1) is `Average`. Source: Rocchio, 1971, without passages to avoid.
    """

    alpha: float = 0.4
    beta: float = 0.6

    def __post_init__(self) -> None:
        if not (math.isfinite(self.alpha) and math.isfinite(self.beta)):
            raise InputError(f"alpha={self.alpha}, beta={self.beta}", expected="two finite weights")

    def weights(self, k: int) -> NDArray[np.float64]:
        return np.array([self.alpha, *[self.beta / k] * k]) if k else np.array([self.alpha])
