"""Question-passage pairs as batches: who is whose negative."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from retrievarium.contracts import InputError
from retrievarium.training.questions import Questions, Sampler
from retrievarium.training.seeds import stream
from retrievarium.training.tokens import TokenTable

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split

_TOGETHER = 32  # texts of like length that share a padded block on a CPU


def embed(model: Any, role: str, texts: TokenTable, together: int | None = None) -> Any:
    """Vectors `(n, d)` of tokenised texts, in their order, with gradient where the caller wants one.

    Texts of like length are padded together, `together` at a time, which saves the padding and changes no vector
    (attention does not see padding). On a GPU all go at once, unless the model itself says how many (`GradCache`).
    A model that gives several vectors a text, `(n, m, d)` and the mask `(n, m)`, gets both back, m being the largest.
    """
    device = next(model.parameters()).device
    together = together or getattr(model, "together", None) or (_TOGETHER if device.type == "cpu" else len(texts))
    order = np.argsort(-texts.lengths, kind="stable")
    blocks = [order[i : i + together] for i in range(0, len(order), together)]
    parts = [model(role, *texts.take(rows).padded(device)) for rows in blocks]
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    rows_of = torch.from_numpy(back).to(device)
    if isinstance(parts[0], tuple):
        return tuple(_joined(piece)[rows_of] for piece in zip(*parts, strict=True))
    return torch.cat(parts)[rows_of]  # (n, d)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """`(n, m, ...)` from parts whose second size differs; what is missing is 0 (in a mask: False)."""
    width = max(p.shape[1] for p in parts)
    return torch.cat([functional.pad(p, (0, 0) * (p.ndim - 2) + (0, width - p.shape[1])) for p in parts])


def as_float(vectors: Any) -> Any:
    """Half precision, where autocast used it, ends at the objective."""
    if isinstance(vectors, tuple):
        return (vectors[0].float(), *vectors[1:])
    return vectors.float()


@dataclass(frozen=True)
class PairBatch:
    """B questions; B positives, then h negatives a question: passages `(B(1 + h),)`, question i's positive in row i."""

    questions: TokenTable
    passages: TokenTable
    known_positive: NDArray[np.bool_]  # (B, B(1 + h))

    @property
    def size(self) -> int:
        return len(self.questions)

    def loss(self, model: Any, objective: Any) -> Tensor:
        q = as_float(embed(model, "query", self.questions))  # (B, d)
        p = as_float(embed(model, "passage", self.passages))  # (B(1 + h), d)
        device = next(model.parameters()).device
        positive = torch.arange(self.size, device=device)
        return objective(q, p, positive, torch.from_numpy(self.known_positive).to(device))


class PairBatches:
    """`batches(step) -> PairBatch`: in-batch negatives and `per_question` given ones, a function of (seed, step).

    Parameters
    ----------
    model: gives the token ids (`model.tokenize(role, texts)`).
    split: questions and judgements; a question without a relevant passage is left out.
    negatives: `{question id: [passage id, ...]}` as a miner gives them; a question that has fewer than `per_question`
        gets passages drawn at random among those not known to be relevant.
    per_question: h.
    sample: draw the h among a question's given ones anew at each step, in place of taking its first h.
    sampler, first: which questions share a batch, and which batch is step 0, see `Questions`; by default any, and 0.
    """

    def __init__(
        self,
        model: Any,
        collection: Collection,
        split: Split,
        batch: int,
        seed: int,
        negatives: Mapping[str, Sequence[str]] | None = None,
        per_question: int = 0,
        *,
        sample: bool = False,
        sampler: Callable[[Sequence[str]], Sampler] | None = None,
        first: int = 0,
    ) -> None:
        self._asked = Questions(collection, split, batch, seed, sampler=sampler, first=first)
        self.ids, self.relevant, self._rows = self._asked.ids, self._asked.relevant, self._asked.rows
        if batch < 2 and not per_question:
            lonely = self.ids[0] if self.ids else "none"
            raise InputError(
                f"question {lonely!r} would have no negative: it is alone in its batch", fix="batch=2 or negatives=1"
            )
        self.per_question, self.seed, self.n_passages = per_question, seed, len(collection.passages)
        self._row_of, self._sample, self._first = collection.passages.row_of, sample, first
        self.use_negatives(negatives or {})
        self.questions: TokenTable = TokenTable.cut(model, "query", self._asked.texts)
        self.passages: TokenTable = TokenTable.cut(model, "passage", collection.passages.joined)

    def use_negatives(self, negatives: Mapping[str, Sequence[str]]) -> None:
        """From now on these; see `negatives` above."""
        most = None if self._sample else self.per_question
        self.negatives = [[self._row_of[p] for p in negatives.get(q, ())][:most] for q in self.ids]

    def used(self, steps: int) -> dict[str, str]:
        """Questions `{id: text}` of the first `steps` batches: the ones worth mining negatives for."""
        return self._asked.used(steps)

    def __call__(self, step: int) -> PairBatch:
        questions = self._rows(step)  # (B,)
        draw = stream(self.seed, "pairs", step + self._first)
        positives = [int(draw.choice(self.relevant[q])) for q in questions]
        negatives = [n for q in questions for n in self._negatives(int(q), draw)]  # (B h,)
        rows = np.array(positives + negatives, dtype=np.int64)  # (B(1 + h),)
        known = np.stack([np.isin(rows, self.relevant[q]) for q in questions])
        return PairBatch(self.questions.take(questions), self.passages.take(rows), known)

    def _negatives(self, question: int, draw: np.random.Generator) -> list[int]:
        rows = list(self.negatives[question])
        if self._sample and len(rows) > self.per_question:
            rows = draw.choice(rows, self.per_question, replace=False).tolist()
        taken = {*rows, *self.relevant[question].tolist()}
        if self.n_passages - len(self.relevant[question]) < self.per_question:
            raise InputError(f"question {self.ids[question]!r} has no passage left as a negative")
        while len(rows) < self.per_question:
            row = int(draw.integers(self.n_passages))
            if row not in taken:
                rows.append(row)
                taken.add(row)
        return rows
