"""Several vectors for each text: its first m tokens' (ME-BERT), or every token's (late interaction)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.backbone import Backbone
from retrievarium.encoders.multi import MultiVectors
from retrievarium.encoders.pairs import Role, Tower, TowerPair, backbone_of

NORMS = (None, "l2", "layer")


class MultiVectorEncoder(Tower):
    """Text to the vectors of its tokens, and which of them are there.

        D_j = norm(W h_j),  j = 1 ... m (or every token)

    Parameters
    ----------
    backbone: gives the states `(B, T, d)`.
    m: how many of the first tokens; None means every token. A text shorter than m has fewer vectors, never more.
    norm: "l2" (unit length), "layer" (layer norm with weights of its own), or None.
    dim: a projection to so many dimensions without a bias; None leaves the states as they are.

    With m = 1 and neither norm nor projection it is `DenseEncoder(backbone, "cls")`.
    Source: Luan et al., 2021, section 4 (m); Khattab and Zaharia, 2020, section 3.2 (every token, W).
    """

    def __init__(
        self, backbone: Backbone, m: int | None = None, norm: str | None = "l2", dim: int | None = None, seed: int = 0
    ) -> None:
        super().__init__()
        if norm not in NORMS:
            raise InputError(f"there is no norm {norm!r}", expected=f"one of {NORMS}")
        if m is not None and m < 1:
            raise InputError(f"m is {m}", expected="at least 1, or None for every token")
        self.backbone, self.m, self.norm = backbone, m, norm
        self.dim = dim or backbone.dim
        self.projection = nn.Linear(backbone.dim, dim, bias=False) if dim else None
        if self.projection is not None:
            from torch import Generator

            nn.init.normal_(self.projection.weight, std=0.02, generator=Generator().manual_seed(seed))
        self.layer_norm = nn.LayerNorm(self.dim) if norm == "layer" else None

    @property
    def settings(self) -> tuple[Any, ...]:
        return ("multi-vector", self.m, self.norm, self.dim)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors `(B, m, d)` and which are there `(B, m)` bool, from ids and mask `(B, T)`; m is at most T."""
        states = self.backbone.last(input_ids, attention_mask)[:, : self.m]  # (B, m, d)
        if self.projection is not None:
            states = self.projection(states)
        if self.layer_norm is not None:
            states = self.layer_norm(states)
        if self.norm == "l2":
            states = nn.functional.normalize(states, dim=-1)
        return states, attention_mask[:, : self.m].bool()


class MultiVectorTowers(TowerPair):
    """Queries and passages as several vectors each: a module to train, and an encoder for `LateInteraction`.

    s(q, p) = sum over q's vectors of the largest inner product with one of p's (MaxSim). With one vector a query
    (`query_vectors=1`, ME-BERT) it is that largest inner product; with one vector on both sides, the inner product.

    Parameters
    ----------
    query_vectors: only the first so many of a query's vectors count; None means all its tower gives.
    merged: a passage's vectors are made one, their mean (of unit length where they are): it reads as many states and
        keeps one vector, a placebo for keeping several.
    """

    kind = "multi-vector"
    similarity = "dot"

    def __init__(
        self,
        query: MultiVectorEncoder,
        passage: MultiVectorEncoder,
        tied: bool,
        name: str = "late interaction",
        query_vectors: int | None = None,
        merged: bool = False,
    ) -> None:
        super().__init__(query, passage, tied, name)
        if (query.dim, query.norm) != (passage.dim, passage.norm):
            raise InputError("the towers give vectors that cannot be compared", expected="the same dim and norm")
        if query_vectors is not None and query_vectors < 1:
            raise InputError(f"query_vectors is {query_vectors}", expected="at least 1, or None for all")
        self.query_vectors, self.merged = query_vectors, merged

    @property
    def dim(self) -> int:
        return int(self.passage.dim)

    @property
    def fingerprint(self) -> str:
        from retrievarium.workspace import content_hash

        return content_hash([super().fingerprint, self.query_vectors, *["merged"] * self.merged])

    def forward(self, role: Role, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors `(B, m, d)` and which are there `(B, m)`, by the tower of this role."""
        vectors, valid = self.tower(role)(input_ids, attention_mask)
        if role == "passage" and self.merged:
            return self._mean(vectors, valid), valid[:, :1]
        kept = self.query_vectors if role == "query" else None
        return vectors[:, :kept], valid[:, :kept]

    def _mean(self, vectors: Tensor, valid: Tensor) -> Tensor:
        """`(B, 1, d)` of those that are there among `(B, m, d)`."""
        there = valid.unsqueeze(-1).to(vectors.dtype)  # (B, m, 1)
        mean = (vectors * there).sum(dim=1, keepdim=True) / there.sum(dim=1, keepdim=True)
        return nn.functional.normalize(mean, dim=-1) if self.passage.norm == "l2" else mean

    def tokens(self, role: Role, text: str) -> list[str]:
        """The pieces whose vectors stand for the text; those that share a merged vector in one string."""
        kept = [n for n in (self.tower(role).m, self.query_vectors if role == "query" else None) if n is not None]
        pieces = super().tokens(role, text)[: min(kept, default=None)]
        return [" ".join(pieces)] if role == "passage" and self.merged else pieces

    def encode(self, role: Role, texts: Sequence[str], progress: Progress | None = None) -> MultiVectors:
        """float32 vectors with offsets, by the tower of this role; every text has at least one."""
        rows = [np.empty((0, self.dim), dtype=np.float32)] * len(texts)

        def take(batch: NDArray[np.int64], block: tuple[Tensor, Tensor]) -> None:
            vectors, valid = (t.cpu().numpy() for t in (block[0].float(), block[1]))
            for row, some, there in zip(batch, vectors, valid, strict=True):
                rows[row] = some[there]

        if texts:
            self._run(role, texts, take, progress)
        return MultiVectors.of(rows, self.dim)

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> MultiVectors:
        return self.encode("query", texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> MultiVectors:
        return self.encode("passage", texts, progress)

    def save(self, folder: str | Path) -> Path:
        """Write a folder: stock sentence-transformers where that library has the parts, see `saving_multi`."""
        from retrievarium.encoders.saving_multi import save_multi_vector

        return save_multi_vector(self, folder)

    def _with(self, query: Any, passage: Any) -> MultiVectorTowers:
        return MultiVectorTowers(query, passage, self.tied, self.name, self.query_vectors, self.merged)


def multi_vector_towers(
    start: Backbone | str | Path,
    m: int | None = None,
    norm: str | None = "l2",
    dim: int | None = None,
    tied: bool = True,
    query_vectors: int | None = None,
    max_length: int | None = None,
    name: str = "late interaction",
    seed: int = 0,
    *,
    merged: bool = False,
) -> MultiVectorTowers:
    """Towers that start equal, from a backbone (copied), a folder, or "minilm".

    Late interaction is `multi_vector_towers(start, dim=32)`; ME-BERT is `multi_vector_towers(start, m=4,
    query_vectors=1)`, with norm "layer" or "l2".
    """
    query = MultiVectorEncoder(backbone_of(start, max_length), m, norm, dim, seed)
    return MultiVectorTowers(query, query if tied else deepcopy(query), tied, name, query_vectors, merged)
