"""Training the question tower against rankings over frozen passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retrievarium.training.batches import as_float, embed
from retrievarium.training.questions import Questions
from retrievarium.training.tokens import TokenTable

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split


class Lists(Protocol):
    """Passages to rank for each question of a batch, over fixed vectors."""

    vectors: Tensor  # (n, d)

    def __call__(self, queries: Sequence[str], q: Tensor) -> NDArray[np.int64]:
        """Rows `(B, k)`, in any order, for question ids and their vectors `(B, d)` as they are at this step."""
        ...


@dataclass(frozen=True)
class RankedBatch:
    """B questions, their relevant rows, and where their lists come from. The passages are constants."""

    questions: TokenTable
    ids: tuple[str, ...]
    relevant: tuple[NDArray[np.int64], ...]
    lists: Lists

    @property
    def size(self) -> int:
        return len(self.questions)

    def ranked(self, q: Tensor) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Rows, relevant and valid, each `(B, k + 1)`, in the order of `q`'s scores: column c is rank c + 1.

        Where the list holds no relevant passage, the one that scores best joins it (last, after a live search); else
        the last column is not valid.
        """
        rows = self.lists(self.ids, q)  # (B, k)
        found = np.stack([np.isin(r, known) for r, known in zip(rows, self.relevant, strict=True)])
        missing = np.asarray(~found.any(axis=1))  # (B,)
        best = np.array([self._best(q[i], known) for i, known in enumerate(self.relevant)])
        rows = np.concatenate([rows, best[:, None]], axis=1)  # (B, k + 1)
        relevant = np.concatenate([found, missing[:, None]], axis=1)
        valid = np.concatenate([np.ones_like(found), missing[:, None]], axis=1)
        scores = self.scores(q, rows).float().cpu().numpy()
        order = np.argsort(np.where(valid, -scores, np.inf), axis=1, kind="stable")
        rows, relevant, valid = (np.take_along_axis(a, order, axis=1) for a in (rows, relevant, valid))
        return rows, relevant, valid

    def scores(self, q: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """`(B, C)` of each question with its own rows `(B, C)`."""
        return torch.einsum("bd,bcd->bc", q, self.lists.vectors[torch.from_numpy(rows).to(q.device)])

    def _best(self, vector: Tensor, known: NDArray[np.int64]) -> int:
        rows = torch.from_numpy(known).to(vector.device)
        return int(known[int((self.lists.vectors[rows] @ vector).argmax())])

    def loss(self, model: Any, objective: Any) -> Tensor:
        """`objective(scores (B, k + 1), relevant, valid)`; gradient reaches the question tower alone."""
        q = as_float(embed(model, "query", self.questions))  # (B, d)
        rows, relevant, valid = self.ranked(q.detach())
        return objective(self.scores(q, rows), *(torch.from_numpy(a).to(q.device) for a in (relevant, valid)))


class RankedBatches:
    """`batches(step) -> RankedBatch`, for training the question tower against frozen passages.

    With a `LiveIndex` it is ADORE: the list of a step is an exact search with the vectors of that step. With
    `FixedLists` it is its static counterpart, with `RandomLists` its random one; all are ranked by the scores of the
    step. `fit(..., freeze="passage")` says the same of the optimizer.
    """

    def __init__(
        self,
        model: Any,
        collection: Collection,
        split: Split,
        batch: int,
        seed: int,
        lists: Lists,
        first: int = 0,
    ) -> None:
        self._asked = Questions(collection, split, batch, seed, first=first)
        self.ids, self.lists = self._asked.ids, lists
        self.questions: TokenTable = TokenTable.cut(model, "query", self._asked.texts)

    def used(self, steps: int) -> dict[str, str]:
        """Questions `{id: text}` of the first `steps` batches."""
        return self._asked.used(steps)

    def __call__(self, step: int) -> RankedBatch:
        rows = self._asked.rows(step).tolist()
        ids = tuple(self.ids[r] for r in rows)
        return RankedBatch(self.questions.take(rows), ids, tuple(self._asked.relevant[r] for r in rows), self.lists)
