"""A query and a passage read together, for one score."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.backbone import Backbone
from retrievarium.encoders.batching import BUDGET_TOKENS, encode_tokens
from retrievarium.encoders.fingerprints import tokenizer_text
from retrievarium.encoders.pairs import backbone_of

ACTIVATIONS = ("sigmoid", "identity")


class CrossEncoder(nn.Module):
    """[CLS] query [SEP] passage [SEP] through one backbone; the first token's state gives the score.

        logit = v . tanh(W h_1 + c) + b          score = 1 / (1 + e^-logit)

    Parameters
    ----------
    start: a backbone (copied), a folder, or "minilm".
    max_length: tokens of both texts together; the longer of the two is cut first.
    activation: "sigmoid" (scores in [0, 1]) or "identity" (logits, for a teacher of margins).
    seed: of W, c, v and b, which nothing has trained yet.

    Source: Nogueira and Cho, 2019, with BERT's pooler as the authors of BERT left it for pairs.
    """

    def __init__(
        self,
        start: Backbone | str | Path,
        max_length: int | None = None,
        activation: str = "sigmoid",
        name: str = "cross-encoder",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise InputError(f"there is no activation {activation!r}", expected=f"one of {ACTIVATIONS}")
        self.backbone = backbone_of(start, max_length)
        dim = self.backbone.dim
        if self.backbone.model.config.type_vocab_size < 2:
            raise InputError("the backbone cannot tell two texts apart", expected="two token types")
        self.pooler, self.classifier = nn.Linear(dim, dim), nn.Linear(dim, 1)
        self.dropout = nn.Dropout(float(self.backbone.model.config.hidden_dropout_prob))
        draw = torch.Generator().manual_seed(seed)
        for layer in (self.pooler, self.classifier):
            nn.init.normal_(layer.weight, std=0.02, generator=draw)
            nn.init.zeros_(layer.bias)
        self.activation, self.name = activation, name
        self._lock = threading.RLock()

    # -- training

    @property
    def max_length(self) -> int:
        return self.backbone.max_length

    @property
    def device(self) -> torch.device:
        return self.backbone.device

    def tokenize(self, queries: Sequence[str], passages: Sequence[str]) -> list[list[int]]:
        """Token ids of each pair, `[CLS] query [SEP] passage [SEP]`, cut at `max_length`, not padded."""
        if not queries:
            return []
        return self.backbone.tokenizer(
            list(queries),
            list(passages),
            truncation="longest_first",
            max_length=self.max_length,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits `(B,)` of pairs, from ids and mask `(B, T)`; what follows the first [SEP] is the second text."""
        ends = (input_ids == self.backbone.tokenizer.sep_token_id).long()  # (B, T)
        types = ((ends.cumsum(dim=1) - ends) > 0).long() * attention_mask
        states = self.backbone.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=types
        ).last_hidden_state  # (B, T, d)
        pooled = self.dropout(torch.tanh(self.pooler(states[:, 0])))  # (B, d)
        return self.classifier(pooled).squeeze(-1)

    # -- scoring

    @property
    def fingerprint(self) -> str:
        """16 hex digits over weights, vocabulary and settings as they are now."""
        digest = hashlib.sha256(tokenizer_text(self.backbone.tokenizer).encode("utf-8"))
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(f"{name}{tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
        config = self.backbone.model.config
        bert = (config.num_attention_heads, config.hidden_act, config.layer_norm_eps)
        digest.update(repr((*bert, self.max_length, self.activation)).encode())
        return digest.hexdigest()[:16]

    def score(
        self, queries: Sequence[str], candidates: Sequence[Sequence[str]], progress: Progress | None = None
    ) -> list[NDArray[np.float32]]:
        """For each query the scores of its candidate texts, float32 `(k_i,)`; a pair's does not depend on others."""
        flat_queries, flat_texts = pairs(queries, candidates)
        rows = self.tokenize(flat_queries, flat_texts)
        device = self.device
        with self._lock:
            modes = [(m, m.training) for m in self.modules()]
            self.eval()
            try:
                logits = encode_tokens(
                    rows,
                    lambda ids, mask: self(ids.to(device), mask.to(device)).unsqueeze(-1),
                    1,
                    self.backbone.tokenizer.pad_token_id,
                    budget_tokens=BUDGET_TOKENS,
                    progress=progress,
                    what=f"scoring with {self.name}",
                )[:, 0]
            finally:
                for module, mode in modes:
                    module.training = mode
        values = 1 / (1 + np.exp(-logits.astype(np.float64))) if self.activation == "sigmoid" else logits
        return split(values.astype(np.float32), candidates)

    def save(self, folder: str | Path) -> Path:
        """Write a folder that sentence-transformers' `CrossEncoder(folder)` loads, see `saving_cross`."""
        from retrievarium.encoders.saving_cross import save_cross_encoder

        return save_cross_encoder(self, folder)

    def __deepcopy__(self, memo: dict[int, Any]) -> CrossEncoder:
        copy = CrossEncoder(self.backbone, None, self.activation, self.name)
        copy.load_state_dict(self.state_dict())
        return copy.train(self.training)


class SentenceCrossEncoder:
    """Any sentence-transformers `CrossEncoder` with one score a pair; scores are what its `predict` gives."""

    def __init__(self, model: Any, name: str, fingerprint: str) -> None:
        if model.num_labels != 1:
            raise InputError(f"{name} gives {model.num_labels} numbers a pair", expected="a model with one score")
        self.model, self.name, self.fingerprint = model.eval(), name, fingerprint
        self.max_length = int(model.max_seq_length or 512)
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"SentenceCrossEncoder({self.name!r}, max_length={self.max_length})"

    def score(
        self, queries: Sequence[str], candidates: Sequence[Sequence[str]], progress: Progress | None = None
    ) -> list[NDArray[np.float32]]:
        """For each query the scores of its candidate texts, float32 `(k_i,)`."""
        both = list(zip(*pairs(queries, candidates), strict=True))
        values: list[NDArray[np.float32]] = []
        with self._lock:
            for start in range(0, len(both), 256):
                some = self.model.predict(both[start : start + 256], show_progress_bar=False)
                values.append(np.asarray(some, dtype=np.float32).reshape(-1))
                if progress is not None:
                    progress(min(start + 256, len(both)), len(both), f"scoring with {self.name}", {})
        return split(np.concatenate([np.empty(0, np.float32), *values]), candidates)


def pairs(queries: Sequence[str], candidates: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Aligned queries and texts, one for each pair."""
    if len(queries) != len(candidates):
        raise InputError(f"{len(queries)} queries and {len(candidates)} lists of candidates", expected="one list each")
    flat = [q for q, texts in zip(queries, candidates, strict=True) for _ in texts]
    return flat, [t for texts in candidates for t in texts]


def split(values: NDArray[np.float32], candidates: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
    """One array for each list of candidates."""
    ends = np.cumsum([len(c) for c in candidates])
    return [np.ascontiguousarray(v) for v in np.split(values, ends)][: len(candidates)]
