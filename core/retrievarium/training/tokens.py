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
    def cut(cls, tokenizer: Any, texts: Sequence[str], max_length: int, block: int = 2_000) -> TokenTable:
        """Tokenise `(n,)` texts with a fast tokenizer, special tokens included, at most `max_length` tokens each."""
        pieces: list[NDArray[np.int32]] = []
        for start in range(0, len(texts), block):
            some = tokenizer(
                list(texts[start : start + block]),
                truncation=True,
                max_length=max_length,
                return_attention_mask=False,
                return_token_type_ids=False,
            )["input_ids"]
            pieces.extend(np.asarray(ids, dtype=np.int32) for ids in some)
        return cls.of(pieces)

    @classmethod
    def of(cls, pieces: Sequence[NDArray[np.int32]]) -> TokenTable:
        flat = np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int32)
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

    def padded(self, pad_id: int = 0, device: str | torch.device = "cpu") -> tuple[Tensor, Tensor]:
        """Ids `(n, T)` and attention mask `(n, T)`, both int64, T the longest text here."""
        lengths = self.lengths
        width = int(lengths.max()) if len(lengths) else 0
        mask = np.arange(width) < lengths[:, None]  # (n, T)
        ids = np.full(mask.shape, pad_id, dtype=np.int64)
        ids[mask] = self.ids
        return torch.from_numpy(ids).to(device), torch.from_numpy(mask.astype(np.int64)).to(device)
