"""Dense retrieval: one vector a query, one a passage, their inner product (or cosine) as the score."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Encoder, Index, Progress, QueryBatch, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k, of_kind
from retrievarium.workspace import Workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection


class Dense(BaseRetriever):
    """Search a collection by the vectors of an encoder.

    Parameters
    ----------
    index: "Flat" (exact) or a factory string such as "HNSW32" (approximate).
    vectors: passage vectors `(n, d)` in the collection's order, if you have them; else they are loaded or encoded.
    """

    def __init__(
        self,
        collection: Collection,
        encoder: Encoder,
        index: str = "Flat",
        *,
        vectors: NDArray | None = None,
        name: str | None = None,
        ws: Workspace | None = None,
    ) -> None:
        self.collection, self.encoder, self.index_kind = collection, of_kind(encoder, "dense"), index
        self.name = name or (encoder.name if index == "Flat" else f"{encoder.name} ({index})")
        self._given, self._ws = vectors, ws

    def prepare(self, progress: Progress | None = None) -> Dense:
        """Load or encode the passages' vectors and build the index now, with progress, not at the first search."""
        if "vectors" not in vars(self):
            vars(self)["vectors"] = self._load(progress)  # where cached_property keeps it
        _ = self.index
        return self

    @cached_property
    def vectors(self) -> NDArray:
        """Passage vectors `(n, d)`, memory-mapped where they come from disk."""
        return self._load(None)

    def _load(self, progress: Progress | None) -> NDArray:
        from retrievarium.encoders import passage_vectors

        if self._given is not None:
            return self._given
        return passage_vectors(self.collection, self.encoder, self._ws, progress)

    @cached_property
    def index(self) -> Index:
        from retrievarium.indexes import make_index

        index = make_index(self.index_kind, self.encoder.similarity)
        index.add(self.collection.passages.ids, self.vectors)
        return index

    def query_vectors(self, queries: QueryBatch) -> NDArray[np.float32]:
        """`(n, d)`; texts that stand in the collection use its kept vectors where there are some."""
        from retrievarium.encoders import query_vectors

        return query_vectors(self.collection, self.encoder, queries, self._ws)

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch = as_queries(queries)
        if not len(batch):
            return Run.from_dict({})
        return self.search_vectors(batch, self.query_vectors(batch), k)

    def search_vectors(self, queries: QueryBatch, vectors: NDArray[np.float32], k: int = 100) -> Run:
        """Search with vectors `(n, d)` that stand for these queries, wherever they come from."""
        scores, ids = self.index.search(vectors, check_k(k))
        return Run.from_rankings(queries.ids, zip(ids.tolist(), scores, strict=True))

    def rescore(self, queries: QueryBatch, candidates: Run) -> Run:
        from retrievarium.indexes.flat import scores

        vectors = self.query_vectors(queries)
        metric = "cosine" if self.encoder.similarity == "cosine" else "ip"

        def ranking(query: str, vector: NDArray[np.float32]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
            found = candidates[query].ids
            if not found:
                return found, np.empty(0, dtype=np.float32)
            # the index's own arithmetic: a passage has one score, whether it was found or handed in
            return found, scores(vector[None].astype(np.float64), self.index.vectors(found).astype(np.float64), metric)[
                0
            ]

        return Run.from_rankings(queries.ids, itertools.starmap(ranking, zip(queries.ids, vectors, strict=True)))
