"""Batches for a cross-encoder: a question with its relevant passage, and with others it must tell from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from retrievarium.contracts import InputError
from retrievarium.training.batches import embed
from retrievarium.training.proxies import Window
from retrievarium.training.questions import Questions
from retrievarium.training.seeds import stream
from retrievarium.training.tokens import TokenTable

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Each pair by itself: -mean of y log s(z) + (1 - y) log(1 - s(z)), s the logistic function; both `(n,)`."""
    return functional.binary_cross_entropy_with_logits(logits, labels)


class _Pairs(Window):
    """A cross-encoder takes pairs, which have no role."""

    def __call__(self, *arguments: Any) -> Any:
        return self._model(*arguments[1:])


@dataclass(frozen=True)
class CrossBatch:
    """Pairs `(n,)` and whether each is a relevant one."""

    passages: TokenTable
    labels: NDArray[np.float32]  # (n,)

    @property
    def size(self) -> int:
        return len(self.passages)

    def loss(self, model: Any, objective: Any) -> Tensor:
        """`objective(logits (n,), labels (n,))`, e.g. `cross_entropy`."""
        logits = embed(_Pairs(model), "pair", self.passages).float()
        return objective(logits, torch.from_numpy(self.labels).to(logits.device))


class CrossBatches:
    """`batches(step) -> CrossBatch`: B questions, each with one relevant passage and `per_question` of its negatives.

    Parameters
    ----------
    model: cuts pairs, `model.tokenize(queries, passages)`.
    negatives: `{question id: [passage id, ...]}`, from which each step draws afresh. They should come from the lists
        that the cross-encoder will score later (RocketQA, section 4.2): it judges best what looks like its training.
        A question with fewer has fewer pairs; one with none is left out.
    """

    def __init__(
        self,
        model: Any,
        collection: Collection,
        split: Split,
        batch: int,
        seed: int,
        negatives: Mapping[str, Sequence[str]],
        per_question: int = 4,
    ) -> None:
        if per_question < 1:
            raise InputError(f"{per_question} negatives a question", field="per_question", expected="1 or more")
        self._asked = Questions(collection, split, batch, seed, keep=lambda q: bool(negatives.get(q)))
        self.ids, self.seed, self.per_question, self._model = self._asked.ids, seed, per_question, model
        row_of = collection.passages.row_of
        self._negatives = [[row_of[p] for p in negatives[q]] for q in self.ids]
        self._texts = collection.passages.joined

    def rows(self, step: int) -> list[tuple[int, int, bool]]:
        """(question, passage row, relevant) of each pair of a step."""
        draw = stream(self.seed, "cross", step)
        found: list[tuple[int, int, bool]] = []
        for question in self._asked.rows(step).tolist():
            found.append((question, int(draw.choice(self._asked.relevant[question])), True))
            pool = self._negatives[question]
            chosen = draw.choice(pool, min(self.per_question, len(pool)), replace=False).tolist()
            found += [(question, row, False) for row in chosen]
        return found

    def __call__(self, step: int) -> CrossBatch:
        found = self.rows(step)
        tokens = self._model.tokenize(
            [self._asked.texts[q] for q, _, _ in found], [self._texts[r] for _, r, _ in found]
        )
        return CrossBatch(TokenTable.of(tokens), np.array([y for _, _, y in found], dtype=np.float32))
