"""The questions one can learn from, and which of them share a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.training.samplers import RandomSampler

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split

Sampler = Callable[[int], NDArray[np.int64]]
"""Rows of a batch, `(B,)`, at a step."""


class Questions:
    """Questions with a relevant passage, as aligned `ids`, `texts` and `relevant` (rows of the collection).

    Parameters
    ----------
    batch, seed: of the `RandomSampler` that is used unless another is given.
    keep: further condition on a question's id.
    sampler: `sampler(ids) -> Sampler`, for questions that share a batch for a reason.
    first: which of the batches is step 0: a stage that follows another one goes on where that one stopped.
    """

    def __init__(
        self,
        collection: Collection,
        split: Split,
        batch: int,
        seed: int,
        keep: Callable[[str], bool] = lambda query: True,
        sampler: Callable[[Sequence[str]], Sampler] | None = None,
        first: int = 0,
    ) -> None:
        row_of = collection.passages.row_of
        relevant = {q: [row_of[p] for p in split.qrels.relevant(q)] for q in split.queries.ids}
        self.ids = [q for q in split.queries.ids if relevant[q] and keep(q)]
        self.relevant = [np.array(sorted(relevant[q]), dtype=np.int64) for q in self.ids]
        self.texts = list(split.queries.select(self.ids).texts)
        try:
            if sampler is not None:
                self._sampler: Sampler = sampler(self.ids)
            else:  # the same question asked twice never meets itself
                self._sampler = RandomSampler(
                    len(self.ids), batch, seed, [" ".join(t.casefold().split()) for t in self.texts]
                )
        except ValueError as error:
            raise InputError(
                f"split {split.name!r} of {collection.name}: {error}", field="batch", fix="a smaller batch"
            ) from error
        self._first = first

    def rows(self, step: int) -> NDArray[np.int64]:
        """Rows `(B,)` of a step."""
        return self._sampler(step + self._first)

    def used(self, steps: int) -> dict[str, str]:
        """Questions `{id: text}` of the first `steps` batches: the ones worth mining negatives for."""
        rows = sorted({int(r) for s in range(steps) for r in self.rows(s)})
        return {self.ids[r]: self.texts[r] for r in rows}
