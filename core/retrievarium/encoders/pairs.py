"""What every pair of towers shares, whatever its towers give: one vector, term weights, or several vectors."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.backbone import Backbone
from retrievarium.encoders.batching import BUDGET_TOKENS, run_tokens
from retrievarium.encoders.fingerprints import tokenizer_text

Role = Literal["query", "passage"]
Pair = TypeVar("Pair", bound="TowerPair")


class Tower(nn.Module):
    """A module over a backbone: token ids and mask `(B, T)` to whatever stands for a text."""

    backbone: Backbone

    @property
    def tokenizer(self) -> Any:
        return self.backbone.tokenizer

    @property
    def max_length(self) -> int:
        return self.backbone.max_length

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included, cut at `max_length`."""
        return self.backbone.tokenize(texts)

    @property
    def settings(self) -> tuple[Any, ...]:
        """What its output depends on beside weights, vocabulary and backbone."""
        return ()

    @property
    def described(self) -> tuple[Any, ...]:
        config = self.backbone.model.config
        bert = (config.num_attention_heads, config.hidden_act, config.layer_norm_eps)
        return (*bert, *self.settings, self.backbone.max_length)


class TowerPair(nn.Module):
    """E_Q for queries and E_P for passages. Tied, they are one and the same module; untied, they share no parameter."""

    def __init__(self, query: Any, passage: Any, tied: bool, name: str) -> None:
        super().__init__()
        if tied != (query is passage):
            raise InputError(
                "tied towers are one module, untied towers are two",
                fix="pass the same module twice with tied=True, or a deep copy with tied=False",
            )
        shared = {id(p) for p in query.parameters()} & {id(p) for p in passage.parameters()}
        if not tied and shared:
            raise InputError("untied towers share parameters", fix="copy one of them: copy.deepcopy(tower)")
        self.query, self.passage, self.tied, self.name = query, passage, tied, name
        self._lock = threading.RLock()

    # -- training

    def tower(self, role: Role) -> Any:
        if role not in ("query", "passage"):
            raise InputError(f"there is no role {role!r}", expected='"query" or "passage"')
        return self.query if role == "query" else self.passage

    def forward(self, role: Role, input_ids: Tensor, attention_mask: Tensor) -> Any:
        """What the tower of this role makes of ids and mask `(B, T)`."""
        return self.tower(role)(input_ids, attention_mask)

    def tokenize(self, role: Role, texts: Sequence[str]) -> list[list[int]]:
        return self.tower(role).tokenize(texts)

    # -- the common part of the Encoder protocol

    @property
    def max_length(self) -> int:
        return self.passage.max_length

    @property
    def device(self) -> torch.device:
        return next(self.passage.parameters()).device

    @property
    def fingerprint(self) -> str:
        """16 hex digits over weights, vocabularies and settings as they are now: training changes it."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(f"{name}{tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
        for tower in (self.query, self.passage):
            digest.update(tokenizer_text(tower.tokenizer).encode("utf-8"))
            digest.update(repr((*tower.described, self.tied)).encode())
        return digest.hexdigest()[:16]

    def tokens(self, role: Role, text: str) -> list[str]:
        """The pieces that a text falls into, special ones included."""
        return self.tower(role).tokenizer.convert_ids_to_tokens(self.tokenize(role, [text])[0])

    def _run(
        self,
        role: Role,
        texts: Sequence[str],
        take: Callable[[NDArray[np.int64], Any], None],
        progress: Progress | None,
    ) -> None:
        """Hand `take(rows, output)` each batch, without dropout or gradients; the training mode is kept."""
        tower, device = self.tower(role), self.device
        with self._lock:
            modes = [(m, m.training) for m in tower.modules()]
            tower.eval()
            try:
                run_tokens(
                    tower.tokenize(texts),
                    lambda ids, mask: self(role, ids.to(device), mask.to(device)),
                    take,
                    tower.tokenizer.pad_token_id,
                    budget_tokens=BUDGET_TOKENS,
                    progress=progress,
                    what=f"encoding with {self.name}",
                )
            finally:
                for module, mode in modes:
                    module.training = mode

    def __deepcopy__(self: Pair, memo: dict[int, Any]) -> Pair:
        query = deepcopy(self.query, memo)
        passage = query if self.tied else deepcopy(self.passage, memo)
        return self._with(query, passage)

    def _with(self: Pair, query: Any, passage: Any) -> Pair:
        """A pair like this one around other towers."""
        return type(self)(query, passage, self.tied, self.name)


def backbone_of(start: Any, max_length: int | None = None) -> Backbone:
    """A backbone of one's own to train: a copy of the one given, or a folder's, or "minilm"."""
    if isinstance(start, Backbone):
        own = deepcopy(start)
        return own if max_length is None else Backbone.around(own.model, own.tokenizer, max_length)
    from retrievarium.encoders.loading import resolve

    return Backbone.load(resolve(start)[1], max_length)
