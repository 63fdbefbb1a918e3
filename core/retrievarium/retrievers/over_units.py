"""Search finer or coarser units, answer with passages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrievarium.contracts import Progress, QueryBatch, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k
from retrievarium.units.folding import deepen, to_passages
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
        told: Any = self.inner
        if hasattr(told, "encoder"):
            told.prepare(progress)
        elif hasattr(told, "prepare"):
            told.prepare()
        return self


def by_units(
    collection: Collection, units: Units, by: Any = "bm25", *, split: str | None = None, ws: Workspace | None = None
) -> ByUnits:
    """`by` is "bm25" or an encoder with one vector a text; the same encoder serves all kinds of units."""
    from retrievarium.retrievers.bm25 import BM25
    from retrievarium.retrievers.dense import Dense

    searched = units.collection(collection, split)
    if units.kind == "passage" and searched.text_fingerprint == collection.text_fingerprint:
        searched = collection  # whose vectors may come with it
    inner = BM25(searched, ws=ws) if by == "bm25" else Dense(searched, by, ws=ws)
    return ByUnits(units, inner)
