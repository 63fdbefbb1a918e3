"""Token ids of many texts, cut once before training and kept flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class TokenTable:
    """Text i owns `ids[offsets[i]:offsets[i + 1]]`; `ids` int32 `(N,)`, `offsets` int64 `(n + 1,)`."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def cut(cls, model: Any, role: str, texts: Sequence[str], block: int = 2_000) -> TokenTable:
        """`(n,)` texts as `model.tokenize(role, texts)` cuts them, special tokens included."""
        return cls.of([ids for i in range(0, len(texts), block) for ids in model.tokenize(role, texts[i : i + block])])

    @classmethod
    def of(cls, pieces: Sequence[Sequence[int] | NDArray[np.int32]]) -> TokenTable:
        """From one row of ids a text."""
        flat = np.concatenate([np.asarray(p, dtype=np.int32) for p in pieces]) if len(pieces) else np.empty(0, np.int32)
        return cls(flat, np.cumsum([0, *(len(p) for p in pieces)], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        return self.ids[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, `(n,)`."""
        return np.diff(self.offsets)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> TokenTable:
        """These texts, in this order; a text may come twice."""
        return TokenTable.of([self[int(r)] for r in rows])

    def padded(self, device: str | torch.device = "cpu") -> tuple[Tensor, Tensor]:
        """Ids `(n, T)` and attention mask `(n, T)`, both int64, T the longest text here; padding is id 0, unseen."""
        lengths = self.lengths
        width = int(lengths.max()) if len(lengths) else 0
        mask = np.arange(width) < lengths[:, None]  # (n, T)
        ids = np.zeros(mask.shape, dtype=np.int64)
        ids[mask] = self.ids
        return torch.from_numpy(ids).to(device), torch.from_numpy(mask.astype(np.int64)).to(device)
