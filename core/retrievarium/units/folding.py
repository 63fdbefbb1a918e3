"""From a ranking of units to one of passages, and to the words that a reader would be given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from retrievarium.contracts import InputError, QueryBatch, Ranking, Run

if TYPE_CHECKING:
    from retrievarium.units.table import Units

_DEEPER = 2  # factor by which a search goes deeper


def _folded(ranking: Ranking, units: Units, k: int) -> tuple[dict[str, float], bool]:
    """Passages by their best unit, at least the k best ones where there are so many; and whether they are certain:
    the list goes on below the k-th passage's score, so that no unit further down can change them."""
    best: dict[str, float] = {}
    border = None
    for unit, score in ranking:
        if border is not None and score < border:
            return best, True
        for passage in units.passages[units.row_of[unit]]:
            best.setdefault(passage, score)
        if border is None and len(best) >= k:
            border = score
    return best, False


def to_passages(run: Run, units: Units, k: int) -> Run:
    """The max rule: a passage's score is its best unit's; at most k passages a query.

        s(q, p) = max over the units u of p of  s(q, u)

    A unit that stands for several passages (a document) lends its score to all of them. Ties are broken by passage id,
    as everywhere. The list is as long as the units allow; `deepen` sees to it that they allow k.

    Source: Chen et al., 2023 (2312.06648), section 3.3.
    """
    if k < 1:
        raise InputError(f"k is {k}", field="k", expected="at least 1")
    folded = {query: _folded(ranking, units, k)[0] for query, ranking in run}
    return Run.from_dict(folded).top(k)


def reading(ranking: Ranking, units: Units, words: int) -> Iterator[tuple[int, int, int]]:
    """What is read when the units are written one after another and cut at so many words.

    Yields `(row, before, read)`: the unit's row, the words that stand before it, and how many of its own are read.
    """
    before = 0
    for unit, _ in ranking:
        if before >= words:
            return
        row = units.row_of[unit]
        count = int(units.words[row])
        yield row, before, min(count, words - before)
        before += count


def deepen(search: Callable[[QueryBatch, int], Run], queries: QueryBatch, units: Units, k: int, words: int = 0) -> Run:
    """A run of units deep enough for k distinct passages and for so many words, for every query.

    Queries whose list is too short are searched again, twice as deep, until it suffices or the index is exhausted (a
    list shorter than asked for).

    Parameters
    ----------
    search: `search(queries, depth) -> Run` of units.
    """
    mean = max(1.0, units.mean_words)
    depth = max(2 * k, int(np.ceil(words / mean)))
    found: dict[str, Ranking] = {}
    asked = queries
    while len(asked):
        depth = min(depth, len(units))
        run = search(asked, depth)
        short = []
        for query, ranking in run:
            found[query] = ranking
            if len(ranking) < depth or depth == len(units):
                continue
            counted = units.words[[units.row_of[u] for u in ranking.ids]].sum() if words else 0
            if counted < words or not _folded(ranking, units, k)[1]:
                short.append(query)
        texts = dict(zip(asked.ids, asked.texts, strict=True))
        asked = QueryBatch(tuple(short), tuple(texts[q] for q in short))
        depth *= _DEEPER
    return Run.from_rankings(queries.ids, ((found[q].ids, found[q].scores) for q in queries.ids))
