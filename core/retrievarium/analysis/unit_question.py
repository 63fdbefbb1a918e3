"""One question against the units of a few passages: how near is each, which one won, what an edit would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Run, as_queries
from retrievarium.data.views import join_text
from retrievarium.units import Units
from retrievarium.units.table import Unit

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.workspace import Workspace


@dataclass(frozen=True)
class Near:
    """A unit with its score, and `share`: 0 for the farthest, 1 for the nearest of all units shown."""

    kind: str
    unit: Unit
    score: float
    share: float = 0.0


@dataclass(frozen=True)
class PassageNear:
    """A passage, its units of every kind in reading order, and the best of each kind."""

    passage: str
    units: dict[str, list[Near]]

    def best(self, kind: str) -> Near | None:
        """The unit that speaks for the passage; the first of equals."""
        return max(self.units.get(kind, []), key=lambda n: n.score, default=None)

    @property
    def winner(self) -> Near | None:
        """The nearest unit smaller than the passage."""
        small = [n for kind, near in self.units.items() if kind not in ("passage", "document") for n in near]
        return max(small, key=lambda n: n.score, default=None)


def near_units(
    collection: Collection,
    made: Sequence[Units],
    passages: Sequence[str],
    question: str,
    by: Any = "bm25",
    ws: Workspace | None = None,
) -> list[PassageNear]:
    """Scores of all units of these passages, as the retriever's index would give them.

    Parameters
    ----------
    made: units by kind, over the whole collection. by: "bm25", or an encoder; only these passages' units are encoded.
    """
    found: list[tuple[str, list[Unit], NDArray[np.float64]]] = []
    for units in made:
        rows = list(dict.fromkeys(r for p in passages for r in units.by_passage.get(p, ())))
        some = [units.at(r) for r in rows]
        if by == "bm25":
            scores = _bm25(collection, units, some, question, ws)
        else:
            scores = dense_scores(by, some, question)
        found.append((units.kind, some, scores))
    every = np.concatenate([s for _, _, s in found]) if found else np.zeros(0)
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 0.0)
    told: list[PassageNear] = []
    for passage in passages:
        own: dict[str, list[Near]] = {}
        for kind, some, scores in found:
            pairs = [(u, float(s)) for u, s in zip(some, scores, strict=True) if passage in u.passages]
            own[kind] = [Near(kind, u, s, (s - low) / (high - low) if high > low else 0.0) for u, s in pairs]
        told.append(PassageNear(passage, own))
    return told


def dense_scores(encoder: Any, units: Sequence[Unit], question: str) -> NDArray[np.float64]:
    """Inner products (cosines where the encoder says so) of a question with units, titles joined: `(n,)`."""
    if not units:
        return np.zeros(0)
    vectors = np.asarray(encoder.encode_passages([join_text(u.title, u.text) for u in units]), dtype=np.float64)
    asked = np.asarray(encoder.encode_queries([question]), dtype=np.float64)[0]
    if encoder.similarity == "cosine":
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        asked = asked / max(float(np.linalg.norm(asked)), 1e-12)
    return vectors @ asked


def _bm25(
    collection: Collection, units: Units, some: Sequence[Unit], question: str, ws: Workspace | None
) -> NDArray[np.float64]:
    from retrievarium.retrievers import by_units

    inner: Any = by_units(collection, units, "bm25", ws=ws).inner
    asked = as_queries({"q": question})
    ids = [u.id for u in some]
    run = inner.rescore(asked, Run.from_dict({"q": dict.fromkeys(ids, 0.0)}))
    scores = run.to_dict()["q"]
    return np.array([scores[i] for i in ids], dtype=np.float64)


def rank_after(run: Run, query: str, passage: str, score: float) -> tuple[int, int | None]:
    """Rank that a passage would have in a list with this score, and the rank it had (None: not in the list).

    The other passages keep their scores, which is exact for an encoder; equal scores stand before it.
    """
    ranking = run[query]
    others = [s for p, s in ranking if p != passage]
    return 1 + sum(s >= score for s in others), ranking.rank_of(passage)


@dataclass(frozen=True)
class Edited:
    """A passage with units of a person's: their scores, and the passage's rank before and now.

    Ranks are None where nothing was searched: then only the scores are known.
    """

    near: tuple[Near, ...]
    before: int | None
    now: int | None
    depth: int  # passages of the list that the ranks are of


def search_edited(
    collection: Collection,
    units: Units,
    passage: str,
    texts: Sequence[str],
    question: str,
    by: Any = "bm25",
    run: Run | None = None,
) -> Edited:
    """Put other units in the place of a passage's own and search again.

    run: the passages found before, by this retriever over `units`, for the query `q`. BM25 indexes all units anew,
    since its weights depend on every text; an encoder's other scores cannot change.
    """
    edited = units.replaced(passage, texts)
    own = edited.of_passage(passage)
    if by == "bm25":
        from retrievarium.retrievers import BM25, ByUnits

        index = BM25(edited.collection(collection), keep=False)
        after = ByUnits(edited, index).search({"q": question}, 100)
        every = index.scores(question)
        scores = np.array([float(every[edited.row_of[u.id]]) for u in own])
        now = after["q"].rank_of(passage)
    else:
        scores = dense_scores(by, own, question)
        now = rank_after(run, "q", passage, float(scores.max()))[0] if run is not None else None
    before = run["q"].rank_of(passage) if run is not None else None
    near = tuple(Near(units.kind, u, float(s)) for u, s in zip(own, scores, strict=True))
    return Edited(near, before, now, len(run["q"]) if run is not None else 0)
