"""`first >> second`: a second retriever reorders what the first found."""

from __future__ import annotations

from retrievarium.contracts import InputError, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, Cut, check_k, operand

DEPTH = 100


class Cascade(BaseRetriever):
    """The first 100 of `first` (or as many as `first % n` says), in the order of `second`'s scores."""

    def __init__(self, first: BaseRetriever, second: BaseRetriever) -> None:
        if not second.reorders:
            raise InputError(
                f"{second.name} cannot reorder given passages, so it cannot stand after >>",
                expected="a retriever that scores any passage, e.g. BM25 or Dense",
                fix="fuse the two lists instead: a + b",
            )
        self.first, self.second = first, second
        self.depth = first.depth if isinstance(first, Cut) else DEPTH
        self.name = f"{first.name} >> {operand(second.name)}"

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch = as_queries(queries)
        check_k(k)
        return self.second.rescore(batch, self.first.search(batch, self.depth)).top(k)
