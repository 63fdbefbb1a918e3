"""Each question with candidates of its own, and a teacher's score for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retrievarium.contracts import InputError
from retrievarium.training.batches import as_float, embed
from retrievarium.training.questions import Questions, Sampler
from retrievarium.training.seeds import stream
from retrievarium.training.tokens import TokenTable

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split

Choose = Callable[[NDArray[np.float64], int, np.random.Generator], NDArray[np.int64]]
"""`choose(margins (m,), h, draw) -> (h',)`: which of m negatives to take, by the teacher's margin over each."""


@dataclass(frozen=True)
class ListBatch:
    """B questions with C candidates each: passages `(B C,)`, question i's in rows i C to (i + 1) C - 1."""

    questions: TokenTable
    passages: TokenTable
    teacher: NDArray[np.float32]  # (B, C)
    positive: NDArray[np.bool_]  # (B, C)
    valid: NDArray[np.bool_]  # (B, C)

    @property
    def size(self) -> int:
        return len(self.questions)

    def loss(self, model: Any, objective: Any) -> Tensor:
        """`objective(scores (B, C), teacher (B, C), positive, valid)`, the score an inner product."""
        q = as_float(embed(model, "query", self.questions))  # (B, d)
        p = as_float(embed(model, "passage", self.passages))  # (B C, d)
        scores = torch.einsum("bd,bcd->bc", q, p.view(len(q), -1, p.shape[1]))
        labels = (torch.from_numpy(a).to(q.device) for a in (self.teacher, self.positive, self.valid))
        return objective(scores, *labels)


class ListBatches:
    """`batches(step) -> ListBatch`: one relevant passage and `per_question` others, all with a teacher's score.

    Parameters
    ----------
    labels: `{question id: {passage id: score}}`, as `TeacherLabels` gives them, relevant passages included. A question
        without a scored relevant passage, or without a scored other one, is left out.
    per_question: others a question; where a question has fewer, the rest of its row is not valid.
    choose: which of the others, e.g. `MarginBinSampler`; by default any, all alike.
    """

    def __init__(
        self,
        model: Any,
        collection: Collection,
        split: Split,
        batch: int,
        seed: int,
        labels: Mapping[str, Mapping[str, float]],
        per_question: int = 1,
        *,
        choose: Choose | None = None,
        sampler: Callable[[Sequence[str]], Sampler] | None = None,
    ) -> None:
        if per_question < 1:
            raise InputError(f"{per_question} others a question", field="per_question", expected="1 or more")

        def scored(query: str) -> bool:
            known = split.qrels.relevant(query)
            return 0 < sum(p in known for p in labels.get(query, ())) < len(labels.get(query, ()))

        asked = Questions(collection, split, batch, seed, scored, sampler)
        row_of = collection.passages.row_of
        self.ids, self._rows, self.seed, self.per_question = asked.ids, asked.rows, seed, per_question
        self._choose = choose or _any
        self._scores = [{row_of[p]: float(s) for p, s in labels[q].items()} for q in self.ids]
        known = [set(r.tolist()) for r in asked.relevant]
        self._relevant = [sorted(k & s.keys()) for k, s in zip(known, self._scores, strict=True)]
        self._others = [
            np.array([r for r in s if r not in k], dtype=np.int64) for k, s in zip(known, self._scores, strict=True)
        ]
        self.questions: TokenTable = TokenTable.cut(model, "query", asked.texts)
        self.passages: TokenTable = TokenTable.cut(model, "passage", collection.passages.joined)

    def __call__(self, step: int) -> ListBatch:
        questions = self._rows(step)  # (B,)
        draw = stream(self.seed, "lists", step)
        shape = (len(questions), 1 + self.per_question)
        rows, teacher = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.float32)
        valid = np.zeros(shape, dtype=bool)
        for line, question in enumerate(questions.tolist()):
            own = int(draw.choice(self._relevant[question]))
            scores, others = self._scores[question], self._others[question]
            margins = scores[own] - np.array([scores[r] for r in others.tolist()])
            picked = others[self._choose(margins, min(self.per_question, len(others)), draw)]
            found = [own, *picked.tolist()]
            rows[line] = own  # what is missing is the positive once more, not valid
            rows[line, : len(found)], valid[line, : len(found)] = found, True
            teacher[line, : len(found)] = [scores[r] for r in found]
        positive = np.zeros(shape, dtype=bool)
        positive[:, 0] = True
        return ListBatch(
            self.questions.take(questions), self.passages.take(rows.ravel()), teacher, positive, valid
        )  # fmt: skip


def _any(margins: NDArray[np.float64], count: int, draw: np.random.Generator) -> NDArray[np.int64]:
    return draw.choice(len(margins), count, replace=False)
