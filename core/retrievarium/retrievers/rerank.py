"""A cross-encoder as the second stage of a cascade: `first >> Rerank(cross_encoder, collection)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from retrievarium.contracts import CrossEncoder, InputError, QueryBatch, Run, Searchable
from retrievarium.retrievers.base import BaseRetriever

if TYPE_CHECKING:
    from retrievarium.data import Collection


class Rerank(BaseRetriever):
    """Scores each query with each passage that a first stage found, title and text joined, both read together.

    It finds nothing by itself: it stands after `>>`. The cascade reorders the first 100, or `first % n >> Rerank(...)`.
    """

    def __init__(self, cross_encoder: CrossEncoder, collection: Collection, name: str | None = None) -> None:
        self.cross_encoder, self.collection = cross_encoder, collection
        self.name = name or str(getattr(cross_encoder, "name", "cross-encoder"))

    def search(self, queries: Searchable, k: int = 100) -> NoReturn:
        raise InputError(
            f"{self.name} scores given passages and finds none", fix=f"put a first stage before it: bm25 >> {self.name}"
        )

    def rescore(self, queries: QueryBatch, candidates: Run) -> Run:
        found = [candidates[q].ids for q in queries.ids]
        texts = [[self.collection.passages.text_of(p) for p in ids] for ids in found]
        return Run.from_rankings(queries.ids, zip(found, self.cross_encoder.score(queries.texts, texts), strict=True))
