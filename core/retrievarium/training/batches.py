"""Question-passage pairs as batches: who is whose negative."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retrievarium.contracts import InputError
from retrievarium.training.samplers import RandomSampler
from retrievarium.training.seeds import stream
from retrievarium.training.tokens import TokenTable

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split

_TOGETHER = 32  # texts of like length that share a padded block on a CPU


def embed(model: Any, role: str, texts: TokenTable, together: int = _TOGETHER) -> Tensor:
    """Vectors `(n, d)` of tokenised texts, in their order, with gradient where the caller wants one.

    Texts of like length are padded together, `together` at a time, which saves the padding and changes no vector
    (attention does not see padding). On a GPU all go at once.
    """
    device = next(model.parameters()).device
    together = len(texts) if device.type != "cpu" else together
    order = np.argsort(-texts.lengths, kind="stable")
    blocks = [order[i : i + together] for i in range(0, len(order), together)]
    vectors = torch.cat([model(role, *texts.take(rows).padded(device)) for rows in blocks])  # (n, d)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return vectors[torch.from_numpy(back).to(device)]


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
        q = embed(model, "query", self.questions)  # (B, d)
        p = embed(model, "passage", self.passages)  # (B(1 + h), d)
        positive = torch.arange(len(q), device=q.device)
        return objective(q.float(), p.float(), positive, torch.from_numpy(self.known_positive).to(q.device))


class PairBatches:
    """`batches(step) -> PairBatch`: in-batch negatives and `per_question` given ones, a function of (seed, step).

    Parameters
    ----------
    model: gives the token ids (`model.tokenize(role, texts)`).
    split: questions and judgements; a question without a relevant passage is left out.
    negatives: `{question id: [passage id, ...]}` as a miner gives them; a question that has fewer than `per_question`
        gets passages drawn at random among those not known to be relevant.
    per_question: h.
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
    ) -> None:
        row_of = collection.passages.row_of
        relevant = {q: [row_of[p] for p in split.qrels.relevant(q)] for q in split.queries.ids}
        self.ids = [q for q in split.queries.ids if relevant[q]]
        self.relevant = [np.array(sorted(relevant[q]), dtype=np.int64) for q in self.ids]
        if batch < 2 and not per_question:
            first = self.ids[0] if self.ids else "none"
            raise InputError(
                f"question {first!r} would have no negative: it is alone in its batch", fix="batch=2 or negatives=1"
            )
        texts = list(split.queries.select(self.ids).texts)
        try:
            self._rows = RandomSampler(len(self.ids), batch, seed, [" ".join(t.casefold().split()) for t in texts])
        except ValueError as error:
            raise InputError(
                f"split {split.name!r} of {collection.name}: {error}", field="batch", fix="a smaller batch"
            ) from error
        self.per_question, self.seed, self.n_passages = per_question, seed, len(collection.passages)
        self._row_of, self._texts = row_of, texts
        self.use_negatives(negatives or {})
        self.questions: TokenTable = TokenTable.cut(model, "query", texts)
        self.passages: TokenTable = TokenTable.cut(model, "passage", collection.passages.joined)

    def use_negatives(self, negatives: Mapping[str, Sequence[str]]) -> None:
        """From now on, the first `per_question` of these; see `negatives` above."""
        self.negatives = [[self._row_of[p] for p in negatives.get(q, ())][: self.per_question] for q in self.ids]

    def used(self, steps: int) -> dict[str, str]:
        """Questions `{id: text}` of the first `steps` batches: the ones worth mining negatives for."""
        rows = sorted({int(r) for s in range(steps) for r in self._rows(s)})
        return {self.ids[r]: self._texts[r] for r in rows}

    def __call__(self, step: int) -> PairBatch:
        questions = self._rows(step)  # (B,)
        draw = stream(self.seed, "pairs", step)
        positives = [int(draw.choice(self.relevant[q])) for q in questions]
        negatives = [n for q in questions for n in self._negatives(int(q), draw)]  # (B h,)
        rows = np.array(positives + negatives, dtype=np.int64)  # (B(1 + h),)
        known = np.stack([np.isin(rows, self.relevant[q]) for q in questions])
        return PairBatch(self.questions.take(questions), self.passages.take(rows), known)

    def _negatives(self, question: int, draw: np.random.Generator) -> list[int]:
        rows = list(self.negatives[question])
        taken = {*rows, *self.relevant[question].tolist()}
        if self.n_passages - len(self.relevant[question]) < self.per_question:
            raise InputError(f"question {self.ids[question]!r} has no passage left as a negative")
        while len(rows) < self.per_question:
            row = int(draw.integers(self.n_passages))
            if row not in taken:
                rows.append(row)
                taken.add(row)
        return rows
