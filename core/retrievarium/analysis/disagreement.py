"""How differently two retrievers rank."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from retrievarium.contracts import InputError, Run

PERSISTENCE = 0.9  # the first ten ranks carry about 86% of the weight
DEPTH = 20  # ranks looked at when whole runs are compared


def rank_biased_overlap(a: Sequence[str], b: Sequence[str], p: float = PERSISTENCE) -> float:
    """Extrapolated rank-biased overlap of two ranked lists, 0 (nothing shared) to 1 (equal).

    With X_d the number of items that the first d of both lists share, s and l the two lengths, s <= l:

        (1-p)/p * ( sum_{d=1..l} X_d/d p^d  +  sum_{d=s+1..l} X_s (d-s)/(s d) p^d )
            + ( (X_l - X_s)/l + X_s/s ) p^l

    Two empty lists agree (1); an empty and a full one share nothing (0). O(s + l).

    Source: Webber, Moffat and Zobel, 2010, equation 32.
    """
    if not 0 < p < 1:
        raise InputError(f"p is {p}", field="p", expected="between 0 and 1, both excluded (0.9: the first ten count)")
    for ranking in (a, b):
        if len(set(ranking)) != len(ranking):
            raise InputError("a list names an item twice", expected="each item at most once")
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    s, depth = len(short), len(long)
    if not s:
        return 1.0 if not depth else 0.0
    seen: set[str] = set()
    shared = at_s = 0
    total = 0.0
    weight = 1.0
    for d in range(1, depth + 1):
        weight *= p
        new = [long[d - 1]] if d > s else [long[d - 1], short[d - 1]]
        for item in new:
            shared += item in seen
            seen.add(item)
        total += shared / d * weight
        if d == s:
            at_s = shared
        if d > s:
            total += at_s * (d - s) / (s * d) * weight
    return min(1.0, (1 - p) / p * total + ((shared - at_s) / depth + at_s / s) * weight)


def disagreements(
    runs: Sequence[Run], query_ids: Sequence[str], p: float = PERSISTENCE, depth: int = DEPTH
) -> Mapping[str, float]:
    """For each query 1 minus the mean overlap over all pairs of runs: 0 where all rank alike."""
    pairs = list(itertools.combinations(runs, 2))

    def ids(run: Run, query: str) -> tuple[str, ...]:
        return run[query].ids[:depth] if query in run else ()

    if not pairs:
        return dict.fromkeys(query_ids, 0.0)
    return {q: 1 - sum(rank_biased_overlap(ids(a, q), ids(b, q), p) for a, b in pairs) / len(pairs) for q in query_ids}
