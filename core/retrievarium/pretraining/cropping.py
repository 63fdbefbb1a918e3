"""Two views of one text: independent crops, and the inverse cloze task as their opposite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retrievarium.contracts import InputError
from retrievarium.training import RandomSampler, TokenTable, stream
from retrievarium.training.batches import as_float, embed

Span = tuple[int, int]


@dataclass(frozen=True)
class RandomCrop:
    """Crops of a chunk of T tokens, each drawn for itself: length int(r T), r uniform, then a uniform start.

    Two crops of one chunk may overlap, so shared words are a signal. Each token is then deleted with `delete`.
    With `ict` the inverse cloze task's pair: a crop, and what is left of the chunk around it; nothing is shared.

    Parameters
    ----------
    shortest, longest: range of r.
    delete: probability that a token is left out; at least one stays.

    Source: Izacard et al., 2022 (2112.09118), section 3.2; Lee et al., 2019 (ICT).
    """

    shortest: float = 0.05
    longest: float = 0.5
    delete: float = 0.1
    ict: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.shortest <= self.longest < 1:
            raise InputError(
                f"crops of {self.shortest} to {self.longest} of a chunk", expected="0 < shortest <= longest < 1"
            )
        if not 0 <= self.delete < 1:
            raise InputError(f"delete is {self.delete}", field="delete", expected="0 to below 1")

    def span(self, tokens: int, draw: np.random.Generator) -> Span:
        """First token and the one after the last of one crop, at least one token long."""
        length = max(1, int(tokens * draw.uniform(self.shortest, self.longest)))
        start = int(draw.integers(tokens - length + 1))
        return start, start + length

    def __call__(
        self, ids: NDArray[np.int32], draw: np.random.Generator
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Two views of a chunk `(T,)` without special tokens, T >= 2."""
        start, stop = self.span(len(ids), draw)
        first = ids[start:stop]
        if self.ict:
            second = np.concatenate([ids[:start], ids[stop:]])
        else:
            start, stop = self.span(len(ids), draw)
            second = ids[start:stop]
        return self._thinned(first, draw), self._thinned(second, draw)

    def _thinned(self, ids: NDArray[np.int32], draw: np.random.Generator) -> NDArray[np.int32]:
        kept = draw.random(len(ids)) >= self.delete
        if not kept.any():
            kept[draw.integers(len(ids))] = True
        return ids[kept]


@dataclass(frozen=True)
class CropBatch:
    """Two views of B chunks, special tokens included."""

    questions: TokenTable
    passages: TokenTable

    @property
    def size(self) -> int:
        return len(self.questions)

    def loss(self, model: Any, objective: Any) -> Tensor:
        """Through the model's own `contrast` where it has one (a queue of keys), else in-batch:
        `objective(q (B, d), p (B, d), positive (B,))`."""
        if hasattr(model, "contrast"):
            return model.contrast(self, objective)
        q, p = (as_float(embed(model, role, t)) for role, t in (("query", self.questions), ("passage", self.passages)))
        return objective(q, p, torch.arange(self.size, device=q.device))


class CropBatches:
    """`batches(step) -> CropBatch`, a function of (seed, step): each text once an epoch, a window of at most `chunk`
    tokens at a random place in it, and two crops of that.

    A text of fewer than two tokens is left out. Windows do not run over the ends of texts (in the paper's code, which
    joins all texts first, they do).

    Parameters
    ----------
    paired: False hands each first crop the second one of another text. The model sees as much of as many texts and
        never learns what belongs together: a placebo.
    """

    def __init__(
        self,
        model: Any,
        texts: Sequence[str],
        batch: int,
        seed: int,
        crop: RandomCrop | None = None,
        chunk: int = 96,
        paired: bool = True,
    ) -> None:
        self.crop, self.chunk, self.seed, self.paired = crop or RandomCrop(), chunk, seed, paired
        if chunk < 2:
            raise InputError(f"chunks of {chunk} tokens", field="chunk", expected="2 or more")
        table = TokenTable.cut(model, "passage", texts)
        rows = [table[i] for i in range(len(table))]
        rows = [r for r in rows if len(r) >= 4]  # [CLS] and [SEP] around two tokens or more
        if len(rows) < 2:
            raise InputError("there are not two texts to tell apart", expected="texts of two word pieces or more")
        self._ends = rows[0][:1], rows[0][-1:]
        self._rows = [r[1:-1] for r in rows]
        self._sampler = RandomSampler(len(rows), min(batch, len(rows)), seed)

    def __call__(self, step: int) -> CropBatch:
        draw = stream(self.seed, "crops", step)
        pairs = [self.crop(self._window(self._rows[r], draw), draw) for r in self._sampler(step).tolist()]
        first, second = ([self._whole(ids) for ids in side] for side in zip(*pairs, strict=True))
        return CropBatch(TokenTable.of(first), TokenTable.of(second if self.paired else [*second[1:], second[0]]))

    def _window(self, ids: NDArray[np.int32], draw: np.random.Generator) -> NDArray[np.int32]:
        start = int(draw.integers(max(1, len(ids) - self.chunk + 1)))
        return ids[start : start + self.chunk]

    def _whole(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.concatenate([self._ends[0], ids, self._ends[1]])
