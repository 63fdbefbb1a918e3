"""Late interaction: several vectors a text, compared at search time by MaxSim."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Progress, QueryBatch, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k, of_kind
from retrievarium.workspace import Workspace, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.indexes import MultiVectorIndex


@dataclass(frozen=True, eq=False)
class MaxSimGrid:
    """Why a passage got its score: every query piece against every passage piece.

    similarities: float64 `(a, b)`; best `(a,)`, the passage piece each query piece found; score, the sum of the best.
    """

    query: tuple[str, ...]
    passage: tuple[str, ...]
    similarities: NDArray[np.float64]

    @property
    def best(self) -> NDArray[np.int64]:
        return self.similarities.argmax(axis=1)

    @property
    def parts(self) -> list[tuple[str, float]]:
        """What each query piece adds, in reading order; the parts sum to the score."""
        return list(zip(self.query, self.similarities.max(axis=1).tolist(), strict=True))

    @property
    def score(self) -> float:
        return float(self.similarities.max(axis=1).sum())


class LateInteraction(BaseRetriever):
    """Search a collection by several vectors a text (`MultiVectorTowers`, any MultiVectorEncoder folder).

        score(q, p) = sum over q's vectors of the largest inner product with one of p's

    Every token for late interaction, m vectors a passage and one a query for ME-BERT.

    Parameters
    ----------
    rows, per_vector: None scores every passage; "Flat", "HNSW32", ... finds candidates first (see `MultiVectorIndex`).
    vectors: the passages' `MultiVectors` in the collection's order, if you have them; else they are encoded once and
        kept in the workspace.
    """

    def __init__(
        self,
        collection: Collection,
        encoder: Any,
        rows: str | None = None,
        per_vector: int | None = None,
        *,
        vectors: Any = None,
        name: str | None = None,
        ws: Workspace | None = None,
    ) -> None:
        from retrievarium.indexes import MultiVectorIndex

        self.collection, self.encoder = collection, of_kind(encoder, "multi-vector")
        self.name = name or (encoder.name if rows is None else f"{encoder.name} ({rows})")
        self._empty = MultiVectorIndex(rows, per_vector)
        self._given, self._ws = vectors, ws

    def prepare(self, progress: Progress | None = None) -> LateInteraction:
        """Load or encode the passages' vectors now, with progress, not at the first search."""
        if "index" not in vars(self):
            vars(self)["index"] = self._load(progress)  # where cached_property keeps it
        return self

    @cached_property
    def index(self) -> MultiVectorIndex:
        return self._load(None)

    def _load(self, progress: Progress | None) -> MultiVectorIndex:
        from retrievarium.encoders import MultiVectors
        from retrievarium.encoders.blocks import encoded_passages, passages_key
        from retrievarium.indexes import MultiVectorIndex

        index, vectors = MultiVectorIndex(self._empty.rows, self._empty.per_vector), self._given
        if vectors is None:
            ws, key = self._ws or workspace(), passages_key(self.collection, self.encoder)

            def make(folder: Path) -> None:
                scratch = ws.scratch("multi-vectors", key)
                blocks = [block for _, block in encoded_passages(self.collection, self.encoder, scratch, progress)]
                kept = MultiVectorIndex()
                kept.add(self.collection.passages.ids, MultiVectors.joined(blocks))
                kept.save(folder)

            vectors = MultiVectorIndex.load(ws.build("multi-vectors", key, make)).held
        index.add(self.collection.passages.ids, vectors)
        return index

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch = as_queries(queries)
        if not len(batch):
            return Run.from_dict({})
        scores, ids = self.index.search(self.encoder.encode_queries(batch.texts), check_k(k))
        return Run.from_rankings(batch.ids, zip(ids.tolist(), scores, strict=True))

    def rescore(self, queries: QueryBatch, candidates: Run) -> Run:
        from retrievarium.indexes import max_sim

        vectors = self.encoder.encode_queries(queries.texts)

        def ranking(query: str, row: int) -> tuple[tuple[str, ...], NDArray[np.float32]]:
            found = candidates[query].ids
            if not found:
                return found, np.empty(0, dtype=np.float32)
            return found, max_sim(vectors[row], self.index.multi(found))

        return Run.from_rankings(
            queries.ids, itertools.starmap(ranking, zip(queries.ids, range(len(queries)), strict=True))
        )

    def explain(self, text: str, passage_id: str) -> MaxSimGrid:
        """The grid of similarities between the query's pieces and the passage's; its best cells sum to the score."""
        query = self.encoder.encode_queries([text])[0].astype(np.float64)
        passage = self.index.multi([passage_id])[0].astype(np.float64)
        told = self.collection.passages.text_of(passage_id)
        asked, read = self.encoder.tokens("query", text), self.encoder.tokens("passage", told)
        return MaxSimGrid(tuple(asked), tuple(read), query @ passage.T)
