"""Which passages and queries a map shows when it cannot show all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError

if TYPE_CHECKING:
    from retrievarium.data import Collection

LIMIT = 50_000
"""Points a map shows at most."""
_QUERY_SHARE = 4  # at most one in so many points is a query, when there are too many


@dataclass(frozen=True)
class Points:
    """Row numbers of what is shown: of `collection.passages` and of `collection.queries` (the default split)."""

    passages: NDArray[np.int64]
    queries: NDArray[np.int64]
    all_passages: int
    all_queries: int
    kept_gold: tuple[int, int]
    """Relevant passages of the shown queries: how many are shown, how many there are."""
    kept_retrieved: tuple[int, int]
    """Passages among the top 10 of a shown query: how many are shown, how many there are."""

    @property
    def whole(self) -> bool:
        return len(self.passages) == self.all_passages and len(self.queries) == self.all_queries

    def sentence(self) -> str:
        """n of N, and what the sample kept."""
        told = f"{len(self.passages):,} of {self.all_passages:,} passages"
        if self.all_queries:
            told += f" and {len(self.queries):,} of {self.all_queries:,} queries"
        if self.whole:
            return f"Shown: {told}."
        gold, retrieved = self.kept_gold, self.kept_retrieved
        if gold[0] == gold[1] and retrieved[0] == retrieved[1]:
            return f"Shown: {told}; a random sample that keeps every relevant and every retrieved passage."
        return (
            f"Shown: {told}; the sample keeps {gold[0]:,} of {gold[1]:,} relevant and {retrieved[0]:,} of "
            f"{retrieved[1]:,} retrieved passages, which are too many to keep all."
        )


def gold_rows(collection: Collection, query_rows: NDArray[np.int64]) -> dict[int, list[int]]:
    """Rows of the relevant passages by query row, for queries that have some."""
    ids, row_of = collection.queries.ids, collection.passages.row_of
    told = {}
    for q in query_rows.tolist():
        rows = [row_of[p] for p in collection.qrels.relevant(ids[q]) if p in row_of]
        if rows:
            told[q] = rows
    return told


def choose_points(
    collection: Collection, retrieved: NDArray[np.int64] | None = None, limit: int = LIMIT, seed: int = 0
) -> Points:
    """At most `limit` passages and queries, drawn by `seed`; relevant and retrieved passages first.

    Parameters
    ----------
    retrieved: each query's top passages `(all queries, k)`, row numbers, best first.

    Where even those are too many, relevant passages go before retrieved ones, and those by rank; the result says how
    many were kept. Raises InputError for a limit below 10.
    """
    if limit < 10:
        raise InputError(f"a map of {limit} points", field="limit", expected="10 or more")
    n, m = len(collection.passages), len(collection.queries)
    rng = np.random.default_rng([seed, 0x3A])
    queries = np.arange(m)
    most = limit - n if n + m <= limit else max(limit // _QUERY_SHARE, limit - n)
    if m > most:
        queries = np.sort(rng.choice(m, most, replace=False))
    gold = np.unique([p for rows in gold_rows(collection, queries).values() for p in rows]).astype(np.int64)
    lists = np.empty((0, 0), dtype=np.int64) if retrieved is None else retrieved[queries]
    found = np.unique(lists)
    room = limit - len(queries)
    if n <= room:
        passages = np.arange(n)
    else:
        first = np.full(n, np.inf)  # smaller is kept first
        for rank in range(lists.shape[1] if lists.size else 0):
            at = lists[:, rank]
            first[at] = np.minimum(first[at], rank + 1)
        first[gold] = 0
        passages = np.sort(np.lexsort((rng.permutation(n), first))[:room])
    shown = np.zeros(n, dtype=bool)
    shown[passages] = True
    kept = [(int(shown[rows].sum()), len(rows)) for rows in (gold, found)]
    return Points(passages, queries, n, m, kept[0], kept[1])
