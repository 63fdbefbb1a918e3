"""Search twice: once as asked, once with what was found the first time (pseudo-relevance feedback)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError, QueryBatch, Retriever, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k, operand
from retrievarium.retrievers.dense import Dense
from retrievarium.retrievers.refiners import Refiner, Weighted


class Feedback(BaseRetriever):
    """Round 1 takes `depth` passages; `refine` makes a new query vector of them; round 2 searches the same index.

    Nothing is said about relevance: what came first is taken for relevant. Index and passages are not touched, see
    `index_fingerprint`.

    Parameters
    ----------
    retriever: a `Dense`.
    refine: `Average()`, `Rocchio(alpha, beta)`, or a `TextFeedbackEncoder`; anything that is a `Refiner`.
    depth: passages that are taken; 0 takes none.
    first: who finds the passages of round 1; the retriever itself unless given.
    any_depth: let a refiner that was trained for one depth work at another.
    """

    def __init__(
        self,
        retriever: Dense,
        refine: Refiner,
        depth: int = 3,
        *,
        first: Retriever | None = None,
        any_depth: bool = False,
        name: str | None = None,
    ) -> None:
        if not isinstance(retriever, Dense):
            raise InputError(f"{retriever!r} has no query vector to refine", expected="a Dense retriever")
        if isinstance(depth, bool) or depth < 0:
            raise InputError(f"depth is {depth!r}", field="depth", expected="0 or more passages")
        trained = getattr(refine, "depth", None)
        if trained is not None and trained != depth and not any_depth:
            raise InputError(
                f"the encoder was trained for {trained} passages, not {depth}",
                field="depth",
                fix=f"depth={trained}, or any_depth=True to try it nevertheless",
            )
        self.retriever, self.refine, self.depth, self.first = retriever, refine, int(depth), first or retriever
        told = type(refine).__name__ if not isinstance(refine, Weighted) else repr(refine)
        self.name = name or f"{operand(retriever.name)} with feedback ({told}, {depth})"

    def lists(self, queries: Searchable) -> Run:
        """Round 1: what each query's feedback is. A function of what finds it and the query alone."""
        batch = as_queries(queries)
        if not self.depth:
            return Run.from_dict({q: {} for q in batch.ids})
        return self.first.search(batch, self.depth)

    def refined(self, queries: Searchable) -> NDArray[np.float32]:
        """The new query vectors `(B, d)`."""
        batch = as_queries(queries)
        return self._refine(batch, self.retriever.query_vectors(batch), self.lists(batch))

    def _refine(self, batch: QueryBatch, vectors: NDArray[np.float32], lists: Run) -> NDArray[np.float32]:
        passages = self.retriever.collection.passages
        found = [lists[q].ids for q in batch.ids]
        texts = [[passages.text_of(p) for p in ids] for ids in found]
        held = [self._held(ids, vectors.shape[1]) for ids in found]
        return self.refine.refine(batch.texts, vectors, texts, held)

    def _held(self, ids: tuple[str, ...], dim: int) -> NDArray[np.float32]:
        return self.retriever.index.vectors(ids) if ids else np.empty((0, dim), dtype=np.float32)

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch = as_queries(queries)
        check_k(k)
        if not len(batch):
            return Run.from_dict({})
        return self.retriever.search_vectors(batch, self.refined(batch), k)

    def explain(self, text: str, passage_id: str) -> list[tuple[str, float]]:
        """What the query and each passage of the first round add to a passage's score, in that order.

        The parts sum to the score. Raises InputError for a learned refiner, whose vector is no sum.
        """
        if not isinstance(self.refine, Weighted):
            raise InputError(
                f"{self.name} makes its vector from text; it is no sum of parts", expected="a linear refiner"
            )
        batch = as_queries(text)
        found = self.lists(batch)[batch.ids[0]].ids
        parts = np.concatenate([self.retriever.query_vectors(batch), self._held(found, self.retriever.encoder.dim)])
        weighted = self.refine.weights(len(found))[:, None] * parts.astype(np.float64)  # (1 + k, d)
        return list(zip(["query", *found], vector_parts(self.retriever, weighted, passage_id), strict=True))


def vector_parts(retriever: Dense, vectors: NDArray[np.float64], passage_id: str) -> list[float]:
    """The score of the sum of `vectors` `(m, d)` with a passage, one part a vector."""
    passage = retriever.index.vectors([passage_id])[0].astype(np.float64)
    dots = vectors @ passage
    if retriever.encoder.similarity == "cosine":
        dots = dots / (np.linalg.norm(vectors.sum(axis=0)) * np.linalg.norm(passage))
    return dots.tolist()


def feedback_lists(retriever: Any, queries: Searchable, k: int) -> dict[str, list[str]]:
    """`{query id: [passage id, ...]}`: what a base retriever really returns, for training on the same feedback."""
    return {query: list(ranking.ids) for query, ranking in retriever.search(queries, k)}
