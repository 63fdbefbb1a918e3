"""Whole-word masking: what a masked language model is asked to guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retrievarium.training import RandomSampler, TokenTable, stream

_TOGETHER = 16  # texts padded to one length


def whole_word_mask(
    ids: NDArray[np.int32],
    continues: NDArray[np.bool_],
    special: NDArray[np.bool_],
    mask_id: int,
    rate: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Hide whole words: all pieces of a chosen word, or none.

    Parameters
    ----------
    ids: `(N,)` token ids of one or more texts.
    continues: `(V,)`, pieces that continue a word ("##...").
    special: `(V,)`, tokens that are never hidden ([CLS], [SEP], [PAD]).
    rate: share of words hidden, at least one. Of these 80% become [MASK], 10% another word piece, 10% stay.

    Returns
    -------
    The corrupted ids `(N,)` and where to guess `(N,)` bool.

    Source: Devlin et al., 2019, section 3.1; whole words from the authors' later release.
    """
    ordinary = ~special[ids]
    starts = ordinary & ~continues[ids]
    word = np.cumsum(starts) - 1  # (N,) index of the word each piece belongs to
    words = int(starts.sum())
    if not words:
        return ids.copy(), np.zeros(len(ids), dtype=bool)
    chosen = rng.random(words) < rate
    if not chosen.any():
        chosen[rng.integers(words)] = True
    target = ordinary & (word >= 0) & chosen[np.maximum(word, 0)]
    fate = rng.random(words)[np.maximum(word, 0)]  # one for all pieces of a word
    pieces = np.flatnonzero(~special)
    corrupted = ids.copy()
    corrupted[target & (fate < 0.8)] = mask_id
    swap = target & (fate >= 0.8) & (fate < 0.9)
    corrupted[swap] = rng.choice(pieces, int(swap.sum()))
    return corrupted, target


@dataclass(frozen=True)
class MaskedBatch:
    """Corrupted texts, and the pieces to guess in them."""

    texts: TokenTable
    target: NDArray[np.bool_]  # (N,), over the flat ids
    truth: NDArray[np.int32]  # (N,)

    @property
    def size(self) -> int:
        return len(self.texts)

    def loss(self, model: Any, objective: Any) -> Tensor:
        """`objective(logits (M, V), truth (M,))` over the M hidden pieces; texts of like length are padded together."""
        device = next(model.parameters()).device
        order = np.argsort(-self.texts.lengths, kind="stable")
        logits, truth = [], []
        for start in range(0, len(order), _TOGETHER):
            rows = order[start : start + _TOGETHER]
            ids, mask = self.texts.take(rows).padded(device)  # (b, T) both
            flat = np.concatenate([np.arange(self.texts.offsets[r], self.texts.offsets[r + 1]) for r in rows])
            where = torch.zeros_like(mask, dtype=torch.bool)
            where[mask.bool()] = torch.from_numpy(self.target[flat]).to(device)
            logits.append(model(ids, mask, where).float())  # (m, V)
            truth.append(torch.from_numpy(self.truth[flat][self.target[flat]].astype(np.int64)).to(device))
        return objective(torch.cat(logits), torch.cat(truth))


class MaskedBatches:
    """`batches(step) -> MaskedBatch`, a function of (seed, step): each text once an epoch, masked afresh each time."""

    def __init__(self, backbone: Any, texts: Sequence[str], batch: int, seed: int, rate: float = 0.15) -> None:
        tokenizer = backbone.tokenizer
        rows = [ids for i in range(0, len(texts), 2_000) for ids in backbone.tokenize(texts[i : i + 2_000])]
        self.table = TokenTable.of(rows)
        self.seed, self.rate, self.mask_id = seed, rate, int(tokenizer.mask_token_id)
        pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        self._continues = np.array([p.startswith("##") for p in pieces])
        self._special = np.isin(np.arange(len(tokenizer)), tokenizer.all_special_ids)
        self._rows = RandomSampler(len(texts), min(batch, len(texts)), seed)

    def __call__(self, step: int) -> MaskedBatch:
        texts = self.table.take(self._rows(step))
        rng = stream(self.seed, "mask", step)
        corrupted, target = whole_word_mask(texts.ids, self._continues, self._special, self.mask_id, self.rate, rng)
        return MaskedBatch(TokenTable(corrupted, texts.offsets), target, texts.ids)
