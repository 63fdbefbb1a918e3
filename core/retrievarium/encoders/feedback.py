"""A query encoder that reads the query together with what a first search found (ANCE-PRF)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from retrievarium.contracts import InputError
from retrievarium.encoders.batching import encode_tokens
from retrievarium.encoders.towers import DenseEncoder, Towers
from retrievarium.workspace import read_json, write_json

_ABOUT = "feedback.json"


class TextFeedbackEncoder(nn.Module):
    """q' = E([CLS] q [SEP] p1 [SEP] ... pk [SEP]): a query tower that starts as the base's and learns to read on.

    Passages and their index stay as they are, so plain retrieval and retrieval with feedback share one index.

    Parameters
    ----------
    base: the base retriever's query tower (copied).
    depth: k, how many passages it reads. With 0 it is the base tower.
    max_length: tokens of the whole input; None takes as many as the backbone has places for. The query comes first and
        whole (as the base tower would cut it); feedback is cut from its end.
    source: what finds the passages it was trained with, in a word of one's own; "own" is the base retriever.

    Source: Yu et al., 2021 (arXiv 2108.13454), section 3.
    """

    def __init__(self, base: DenseEncoder, depth: int = 3, max_length: int | None = None, source: str = "own") -> None:
        super().__init__()
        positions = int(base.backbone.model.config.max_position_embeddings)
        max_length = positions if max_length is None else max_length
        if depth < 0 or not base.max_length <= max_length <= positions:
            raise InputError(
                f"depth={depth}, max_length={max_length}",
                expected=f"depth 0 or more; from {base.max_length} (the query's own length) to {positions} tokens",
            )
        self.tower, self.depth, self.max_length, self.source = deepcopy(base), depth, max_length, source

    def join(self, query: str, passages: Sequence[str]) -> list[int]:
        """Token ids `[CLS] q [SEP] p1 [SEP] ... pk [SEP]`, cut at `max_length` from the end."""
        ids = list(self.tower.tokenize([query])[0])
        if passages:
            tokenizer = self.tower.tokenizer
            plain = {"add_special_tokens": False, "return_attention_mask": False, "return_token_type_ids": False}
            for row in tokenizer(list(passages), truncation=True, max_length=self.max_length, **plain)["input_ids"]:
                ids += [*row, tokenizer.sep_token_id]
        return ids[: self.max_length]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """`(B, d)` from ids and mask `(B, T)`, as `join` makes them."""
        return self.tower(input_ids, attention_mask)

    def encode(self, queries: Sequence[str], passages: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """float32 `(n, d)`, without dropout or gradients; the training mode is kept."""
        modes = [(m, m.training) for m in self.modules()]
        self.eval()
        device = self.tower.backbone.device
        try:
            return encode_tokens(
                [self.join(q, p) for q, p in zip(queries, passages, strict=True)],
                lambda ids, mask: self(ids.to(device), mask.to(device)),
                self.tower.dim,
                self.tower.tokenizer.pad_token_id,
            )
        finally:
            for module, mode in modes:
                module.training = mode

    def refine(
        self,
        queries: Sequence[str],
        vectors: NDArray[np.float32],
        passages: Sequence[Sequence[str]],
        passage_vectors: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """New query vectors `(B, d)`, for `Feedback`: from the texts alone."""
        return self.encode(queries, passages)

    def save(self, folder: str | Path) -> Path:
        """A sentence-transformers folder (the texts joined by " [SEP] " read as here) and `feedback.json`."""
        folder = Towers(self.tower, self.tower, True).save(folder)
        lengths = {"max_length": self.max_length, "query_tokens": self.tower.max_length}
        write_json(folder / _ABOUT, {"depth": self.depth, "source": self.source, **lengths})
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> TextFeedbackEncoder:
        from retrievarium.encoders.backbone import Backbone
        from retrievarium.encoders.saving import load_towers

        path = Path(folder) / _ABOUT
        if not path.is_file():
            raise InputError("there is no feedback encoder here", path=folder, expected=f"a folder with {_ABOUT}")
        about, tower = read_json(path), load_towers(folder).query
        tower.backbone = Backbone.around(tower.backbone.model, tower.backbone.tokenizer, about["query_tokens"])
        return cls(tower, about["depth"], about["max_length"], about["source"]).eval()
