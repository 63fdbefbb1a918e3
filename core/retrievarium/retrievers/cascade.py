"""`first >> second`: a second retriever reorders what the first found."""

from __future__ import annotations

from retrievarium.contracts import Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, Cut, check_k

DEPTH = 100


class Cascade(BaseRetriever):
    """The first 100 of `first` (or as many as `first % n` says), in the order of `second`'s scores."""

    def __init__(self, first: BaseRetriever, second: BaseRetriever) -> None:
        self.first, self.second = first, second
        self.depth = first.depth if isinstance(first, Cut) else DEPTH
        self.name = f"{first.name} >> {second.name}"

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch = as_queries(queries)
        check_k(k)
        return self.second.rescore(batch, self.first.search(batch, self.depth)).top(k)
