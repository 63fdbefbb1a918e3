"""One vector for each text: pooling over a backbone, and the two towers of a dual encoder."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.backbone import Backbone
from retrievarium.encoders.batching import BUDGET_TOKENS, encode_tokens

Role = Literal["query", "passage"]
POOLING = ("cls", "mean")


class DenseEncoder(nn.Module):
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

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """`(B, d)` from ids and mask `(B, T)`."""
        states = self.backbone.last(input_ids, attention_mask)  # (B, T, d)
        if self.pooling == "cls":
            vectors = states[:, 0]
        else:
            weights = attention_mask.unsqueeze(-1).to(states.dtype)  # (B, T, 1)
            vectors = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
        return nn.functional.normalize(vectors, dim=-1) if self.normalize else vectors


class Towers(nn.Module):
    """A dual encoder, E_Q for queries and E_P for passages: a torch module to train, and an `Encoder` to search with.

    Parameters
    ----------
    query, passage: the towers. Tied, they are one and the same module; untied, they share no parameter.
    tied: what is meant; refused where the modules say otherwise.
    name: what it is called in tables.

    Vectors are compared by "cosine" where the towers normalise, else by "dot".
    """

    def __init__(self, query: DenseEncoder, passage: DenseEncoder, tied: bool, name: str = "towers") -> None:
        super().__init__()
        if tied != (query is passage):
            raise InputError(
                "tied towers are one module, untied towers are two",
                fix="pass the same module twice with tied=True, or a deep copy with tied=False",
            )
        shared = {id(p) for p in query.parameters()} & {id(p) for p in passage.parameters()}
        if not tied and shared:
            raise InputError("untied towers share parameters", fix="copy one of them: copy.deepcopy(tower)")
        if (query.dim, query.normalize) != (passage.dim, passage.normalize):
            raise InputError("the towers give vectors that cannot be compared", expected="the same dim and normalize")
        self.query, self.passage, self.tied, self.name = query, passage, tied, name
        self._lock = threading.RLock()

    # -- training

    def tower(self, role: Role) -> DenseEncoder:
        if role not in ("query", "passage"):
            raise InputError(f"there is no role {role!r}", expected='"query" or "passage"')
        return self.query if role == "query" else self.passage

    def forward(self, role: Role, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """`(B, d)` from ids and mask `(B, T)`, by the tower of this role."""
        return self.tower(role)(input_ids, attention_mask)

    def tokenize(self, role: Role, texts: Sequence[str]) -> list[list[int]]:
        return self.tower(role).backbone.tokenize(texts)

    # -- the Encoder protocol

    @property
    def dim(self) -> int:
        return self.query.dim

    @property
    def max_length(self) -> int:
        return self.passage.backbone.max_length

    @property
    def similarity(self) -> str:
        return "cosine" if self.passage.normalize else "dot"

    @property
    def device(self) -> torch.device:
        return self.passage.backbone.device

    @property
    def fingerprint(self) -> str:
        """16 hex digits over weights, vocabularies and settings as they are now: training changes it."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(f"{name}{tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
        for tower in (self.query, self.passage):
            backbone = tower.backbone
            digest.update(backbone.tokenizer.backend_tokenizer.to_str().encode("utf-8"))
            config = backbone.model.config
            bert = (config.num_attention_heads, config.hidden_act, config.layer_norm_eps)
            digest.update(repr((*bert, tower.pooling, tower.normalize, backbone.max_length, self.tied)).encode())
        return digest.hexdigest()[:16]

    def encode(self, role: Role, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 `(n, dim)` by the tower of this role, without dropout or gradients; the training mode is kept."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        tower, device = self.tower(role), self.device
        with self._lock:
            modes = [(m, m.training) for m in tower.modules()]
            tower.eval()
            try:
                return encode_tokens(
                    tower.backbone.tokenize(texts),
                    lambda ids, mask: tower(ids.to(device), mask.to(device)),
                    self.dim,
                    tower.backbone.tokenizer.pad_token_id,
                    budget_tokens=BUDGET_TOKENS,
                    progress=progress,
                    what=f"encoding with {self.name}",
                )
            finally:
                for module, mode in modes:
                    module.training = mode

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        return self.encode("query", texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        return self.encode("passage", texts, progress)

    def save(self, folder: str | Path) -> Path:
        """Write a sentence-transformers folder, see `saving`."""
        from retrievarium.encoders.saving import save_towers

        return save_towers(self, folder)

    def __deepcopy__(self, memo: dict[int, Any]) -> Towers:
        query = deepcopy(self.query, memo)
        return Towers(query, query if self.tied else deepcopy(self.passage, memo), self.tied, self.name)


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
    if isinstance(start, Backbone):
        backbone = deepcopy(start)
        if max_length is not None:
            backbone = Backbone.around(backbone.model, backbone.tokenizer, max_length)
    else:
        from retrievarium.encoders.loading import resolve

        backbone = Backbone.load(resolve(start)[1], max_length)
    query = DenseEncoder(backbone, pooling, normalize)
    return Towers(query, query if tied else deepcopy(query), tied, name)
