"""Search finer or coarser units, answer with passages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrievarium.contracts import Progress, QueryBatch, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k
from retrievarium.units.folding import deepen, to_passages
from retrievarium.units.grouping import to_units
from retrievarium.units.kinds import units_of
from retrievarium.units.table import plural
from retrievarium.workspace import Workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.units import Units


class ByUnits(BaseRetriever):
    """A retriever over units, whose passages are ranked by their best unit.

        s(q, p) = max over the units u of p of  s(q, u)

    Exact: the search goes deeper until k distinct passages are found and no further unit could change their order.

    Parameters
    ----------
    units: what is searched.
    inner: a retriever over `units.collection(...)`.

    Source: Chen et al., 2023 (2312.06648), section 3.3.
    """

    def __init__(self, units: Units, inner: BaseRetriever, name: str | None = None) -> None:
        self.units, self.inner = units, inner
        self.name = name or f"{inner.name} over {plural(units.kind)}"

    def search(self, queries: Searchable, k: int = 100) -> Run:
        return to_passages(self.search_units(queries, check_k(k)), self.units, k)

    def search_units(self, queries: Searchable, k: int = 100, words: int = 0) -> Run:
        """The ranking of units itself, deep enough for k passages and for so many words of text."""

        def find(batch: QueryBatch, depth: int) -> Run:
            return self.inner.search(batch, depth)

        return deepen(find, as_queries(queries), self.units, k, words)

    def prepare(self, progress: Progress | None = None) -> ByUnits:
        """Build or load the index now."""
        told: Any = self.inner.inner if isinstance(self.inner, ByChunks) else self.inner
        if hasattr(told, "encoder"):
            told.prepare(progress)
        elif hasattr(told, "prepare"):
            told.prepare()
        return self


class ByChunks(BaseRetriever):
    """Units too long for an encoder, ranked by the best of their passages.

    Parameters
    ----------
    inner: a retriever over the collection's own passages.
    """

    def __init__(self, units: Units, chunks: Units, inner: BaseRetriever) -> None:
        self.units, self.chunks, self.inner = units, chunks, inner
        self.name = f"{inner.name}, best chunk"

    def search(self, queries: Searchable, k: int = 100) -> Run:
        most = max(len(p) for p in self.units.passages)  # k such units hold at most so many passages
        return to_units(
            self.inner.search(queries, min(check_k(k) * most, len(self.chunks))), self.chunks, self.units
        ).top(k)


def by_units(
    collection: Collection, units: Units, by: Any = "bm25", *, split: str | None = None, ws: Workspace | None = None
) -> ByUnits:
    """`by` is "bm25" or an encoder with one vector a text; the same encoder serves all kinds of units. Groups are too
    long to be encoded: their passages are, and the best speaks for the group."""
    from retrievarium.retrievers.bm25 import BM25
    from retrievarium.retrievers.dense import Dense

    searched = units.collection(collection, split)
    if units.kind == "passage" and searched.text_fingerprint == collection.text_fingerprint:
        searched = collection  # whose vectors may come with it
    if units.kind.startswith("group"):
        searched = collection
    inner: BaseRetriever = BM25(searched, ws=ws) if by == "bm25" else Dense(searched, by, ws=ws)
    if units.kind.startswith("group"):
        inner = ByChunks(units, units_of(collection, "passage"), inner)
    return ByUnits(units, inner)
