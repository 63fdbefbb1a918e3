"""A measure on dev while training runs, cheap enough for a live curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from retrievarium.objectives import batch_scores
from retrievarium.training.batches import as_float, embed
from retrievarium.training.seeds import stream
from retrievarium.training.tokens import TokenTable

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.training.live import LiveIndex


class DevProbe:
    """RR@10 of some dev questions among some passages, named after how many ("dev RR@10 of 1000").

    Parameters
    ----------
    questions, passages: at most so many of each; the relevant passages are always among them. Where the collection
        has no more passages than that, it is the measure over the whole collection.
    """

    def __init__(self, model: Any, collection: Collection, questions: int = 200, passages: int = 1_000) -> None:
        dev, row_of = collection.dev, collection.passages.row_of
        relevant = {q: {row_of[p] for p in dev.qrels.relevant(q)} for q in dev.queries.ids}
        asked = [q for q in dev.queries.ids if relevant[q]]
        asked = [asked[i] for i in stream(0, "dev questions").permutation(len(asked))[:questions]]
        pool = sorted({r for q in asked for r in relevant[q]})
        order = stream(0, "dev passages").permutation(len(collection.passages)).tolist()
        chosen = set(pool)
        rest = [r for r in order if r not in chosen]
        pool += rest[: max(0, passages - len(pool))]
        texts = collection.passages.joined
        self.name = f"dev RR@10 of {len(pool)}"
        self._questions = TokenTable.cut(model, "query", dev.queries.select(asked).texts)
        self._passages = TokenTable.cut(model, "passage", [texts[r] for r in pool])
        column = {r: i for i, r in enumerate(pool)}
        self._relevant = np.zeros((len(asked), len(pool)), dtype=bool)
        for row, q in enumerate(asked):
            self._relevant[row, [column[r] for r in relevant[q]]] = True

    def __call__(self, model: Any) -> dict[str, float]:
        model.eval()
        with torch.inference_mode():
            q, p = (as_float(embed(model, r, t)) for r, t in (("query", self._questions), ("passage", self._passages)))
            blocks = [batch_scores(some, p) for some in _blocks(q)]  # inner products, or MaxSim of several vectors
            scores = torch.cat(blocks).cpu().numpy()  # (Q, n)
        best = np.where(self._relevant, scores, -np.inf).max(axis=1, keepdims=True)
        rank = 1 + (~self._relevant & (scores >= best)).sum(axis=1)  # a tie counts against us
        return {self.name: float(np.where(rank <= 10, 1 / rank, 0).mean())}


def _blocks(q: Any, size: int = 16) -> list[Any]:
    """A few questions at a time: their MaxSim with many passages is large."""
    if isinstance(q, tuple):
        return list(zip(*(part.split(size) for part in q), strict=True))
    return [q]


class LiveProbe:
    """Over passages that never change: RR@10 of dev questions among all of them, and how stale lists have become.

    "overlap with the first lists" is the share of the k passages found before training that are still among the k best.

    Parameters
    ----------
    model: as it is before training.
    live: the frozen passages; its k is the length of the lists.
    questions: at most so many dev questions.
    """

    def __init__(self, model: Any, collection: Collection, live: LiveIndex, questions: int = 400) -> None:
        dev, row_of = collection.dev, collection.passages.row_of
        asked = [q for q in dev.queries.ids if dev.qrels.relevant(q)]
        self._ids = [asked[i] for i in stream(0, "dev questions").permutation(len(asked))[:questions]]
        self._relevant = [[row_of[p] for p in dev.qrels.relevant(q)] for q in self._ids]
        self._questions, self._live = TokenTable.cut(model, "query", dev.queries.select(self._ids).texts), live
        self._first = self._found(model)

    def _found(self, model: Any) -> NDArray[np.int64]:
        model.eval()
        with torch.inference_mode():
            return self._live(self._ids, embed(model, "query", self._questions))  # (Q, k)

    def __call__(self, model: Any) -> dict[str, float]:
        found = self._found(model)
        hit = np.stack([np.isin(line[:10], known) for line, known in zip(found, self._relevant, strict=True)])
        rr = np.where(hit.any(axis=1), 1 / (1 + hit.argmax(axis=1)), 0.0)
        kept = [np.isin(then, now).mean() for then, now in zip(self._first, found, strict=True)]
        return {"dev RR@10": float(rr.mean()), "overlap with the first lists": float(np.mean(kept))}
