"""`first >> second`: a second retriever reorders what the first found."""

from __future__ import annotations

from dataclasses import dataclass

from retrievarium.contracts import InputError, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, Cut, check_k, operand

DEPTH = 100


@dataclass(frozen=True)
class Stage:
    """Where one stage of a cascade put a passage: rank from 1 and score, None where the stage did not have it.

    parts: what the score is made of, where the stage can say (BM25, sparse terms, MaxSim); else empty.
    """

    name: str
    rank: int | None
    score: float | None
    parts: tuple[tuple[str, float], ...] = ()


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

    def explain(self, text: str, passage_id: str) -> list[Stage]:
        """One `Stage` after the other, in the order they work in; the last one's score is the cascade's."""
        batch = as_queries(text)
        found = self.first.search(batch, self.depth)
        last = self.second.rescore(batch, found)
        first = self.first.inner if isinstance(self.first, Cut) else self.first
        if isinstance(first, Cascade):
            before = first.explain(text, passage_id)
        else:
            before = [_stage(self.first, found, text, passage_id)]
        return [*before, _stage(self.second, last, text, passage_id)]


def _stage(retriever: BaseRetriever, run: Run, text: str, passage_id: str) -> Stage:
    ranking = run[run.query_ids[0]]
    rank = ranking.rank_of(passage_id)
    if rank is None:
        return Stage(retriever.name, None, None)
    explain = getattr(retriever.inner if isinstance(retriever, Cut) else retriever, "explain", None)
    told = explain(text, passage_id) if explain else []
    return Stage(retriever.name, rank, float(ranking.scores[rank - 1]), tuple(getattr(told, "parts", told)))
