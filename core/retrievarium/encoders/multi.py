"""Several vectors for each text, as one array with offsets. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError


@dataclass(frozen=True, eq=False)
class MultiVectors:
    """Text i owns the rows `values[offsets[i]:offsets[i + 1]]`.

    values: float16 or float32 `(N, d)`, memory-mapped or not.
    offsets: int64 `(n + 1,)`, from 0 to N, never falling.
    """

    values: NDArray[np.floating]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        o = self.offsets
        if self.values.ndim != 2 or o.ndim != 1 or not len(o) or o[0] != 0 or o[-1] != len(self.values):
            raise InputError(
                f"vectors {self.values.shape} with offsets {o.shape}",
                expected="values (N, d) and offsets (n + 1,) from 0 to N",
            )
        if (np.diff(o) < 0).any():
            raise InputError("offsets fall", expected="offsets that never fall")

    @classmethod
    def of(cls, rows: Sequence[NDArray[np.floating]], dim: int | None = None) -> MultiVectors:
        """From one `(m_i, d)` array a text; `dim` where there may be none."""
        width = int(rows[0].shape[1]) if len(rows) else int(dim or 0)
        values = np.concatenate([np.empty((0, width), dtype=np.float32), *rows]).astype(np.float32)
        return cls(values, np.cumsum([0, *(len(r) for r in rows)], dtype=np.int64))

    @classmethod
    def padded(cls, vectors: NDArray[np.floating], valid: NDArray[np.bool_]) -> MultiVectors:
        """From `(n, m, d)` and the mask `(n, m)` of the vectors that are there."""
        return cls(vectors[valid], np.concatenate([[0], np.cumsum(valid.sum(axis=1))]).astype(np.int64))

    @classmethod
    def single(cls, vectors: NDArray[np.floating]) -> MultiVectors:
        """One vector `(n, d)` for each text."""
        return cls(vectors, np.arange(len(vectors) + 1, dtype=np.int64))

    @classmethod
    def joined(cls, parts: Sequence[MultiVectors]) -> MultiVectors:
        """The texts of all parts, in order."""
        lengths = np.concatenate([p.counts for p in parts])
        values = parts[0].values if len(parts) == 1 else np.concatenate([p.values for p in parts])
        return cls(values, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> NDArray[np.floating]:
        """`(m_i, d)`."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def __iter__(self) -> Iterator[NDArray[np.floating]]:
        return (self[i] for i in range(len(self)))

    @property
    def dim(self) -> int:
        return int(self.values.shape[1])

    @property
    def counts(self) -> NDArray[np.int64]:
        """Vectors of each text, `(n,)`."""
        return np.diff(self.offsets)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> MultiVectors:
        """These texts, in this order."""
        return MultiVectors.of([self[int(r)] for r in rows], self.dim)


def as_multi(vectors: Any) -> MultiVectors:
    """`MultiVectors` as they are; an array `(n, d)` as one vector for each text."""
    if isinstance(vectors, MultiVectors):
        return vectors
    if isinstance(vectors, np.ndarray) and vectors.ndim == 2:
        return MultiVectors.single(vectors)
    raise InputError(f"cannot read vectors from a {type(vectors).__name__}", expected="MultiVectors or an array (n, d)")
