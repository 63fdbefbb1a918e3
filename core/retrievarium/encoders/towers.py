"""One vector for each text: pooling over a backbone, and the two towers of a dual encoder."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.backbone import Backbone, lengthen_backbone
from retrievarium.encoders.pairs import Role, Tower, TowerPair, backbone_of

POOLING = ("cls", "mean")


class DenseEncoder(Tower):
    """Text to one vector.

        cls:   v = h_1                                 (the first token's last state)
        mean:  v = sum_t m_t h_t / sum_t m_t           (m the attention mask)

    Parameters
    ----------
    backbone: gives the states `(B, T, d)`.
    pooling: "cls" or "mean".
    normalize: whether v is divided by its length.
    """

    def __init__(self, backbone: Backbone, pooling: str = "cls", normalize: bool = False) -> None:
        super().__init__()
        if pooling not in POOLING:
            raise InputError(f"there is no pooling {pooling!r}", expected=f"one of {POOLING}")
        self.backbone, self.pooling, self.normalize = backbone, pooling, normalize

    @property
    def dim(self) -> int:
        return self.backbone.dim

    @property
    def settings(self) -> tuple[Any, ...]:
        return (self.pooling, self.normalize)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """`(B, d)` from ids and mask `(B, T)`."""
        states = self.backbone.last(input_ids, attention_mask)  # (B, T, d)
        if self.pooling == "cls":
            vectors = states[:, 0]
        else:
            weights = attention_mask.unsqueeze(-1).to(states.dtype)  # (B, T, 1)
            vectors = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
        return nn.functional.normalize(vectors, dim=-1) if self.normalize else vectors

    def lengthened(self, positions: int) -> DenseEncoder:
        """A copy with places for so many tokens, see `lengthen_backbone`; it still cuts a text where this one does."""
        longer = lengthen_backbone(self.backbone, positions)
        backbone = Backbone.around(longer.model, longer.tokenizer, self.max_length)
        return DenseEncoder(backbone, self.pooling, self.normalize)


class Towers(TowerPair):
    """A dual encoder, E_Q for queries and E_P for passages: a torch module to train, and an `Encoder` to search with.

    Parameters
    ----------
    query, passage: the towers. Tied, they are one and the same module; untied, they share no parameter.
    tied: what is meant; refused where the modules say otherwise.
    name: what it is called in tables.

    Vectors are compared by "cosine" where the towers normalise, else by "dot".
    """

    query: DenseEncoder
    passage: DenseEncoder

    def __init__(self, query: DenseEncoder, passage: DenseEncoder, tied: bool, name: str = "towers") -> None:
        super().__init__(query, passage, tied, name)
        if (query.dim, query.normalize) != (passage.dim, passage.normalize):
            raise InputError("the towers give vectors that cannot be compared", expected="the same dim and normalize")

    @property
    def dim(self) -> int:
        return self.query.dim

    @property
    def similarity(self) -> str:
        return "cosine" if self.passage.normalize else "dot"

    def encode(self, role: Role, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 `(n, dim)` by the tower of this role, without dropout or gradients; the training mode is kept."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)

        def take(rows: NDArray[np.int64], block: Tensor) -> None:
            vectors[rows] = block.float().cpu().numpy()

        if texts:
            self._run(role, texts, take, progress)
        return vectors

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        return self.encode("query", texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        return self.encode("passage", texts, progress)

    def untied(self) -> Towers:
        """Towers that give the same vectors and share nothing: one of them can learn while the other stays."""
        return Towers(deepcopy(self.query), deepcopy(self.passage), False, self.name)

    def save(self, folder: str | Path) -> Path:
        """Write a sentence-transformers folder, see `saving`."""
        from retrievarium.encoders.saving import save_towers

        return save_towers(self, folder)


def two_towers(
    start: Backbone | str | Path,
    pooling: str = "cls",
    tied: bool = False,
    normalize: bool = False,
    max_length: int | None = None,
    name: str = "towers",
) -> Towers:
    """Towers that start equal: from a backbone (copied), a folder, or "minilm".

    DPR is `two_towers(start)`: untied, first token, not normalised. `baseline_dense` is tied, mean, normalised.
    """
    backbone = backbone_of(start, max_length)
    query = DenseEncoder(backbone, pooling, normalize)
    return Towers(query, query if tied else deepcopy(query), tied, name)
