"""How far unjudged results could move a mean: from none of them relevant to all of them relevant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrievarium.contracts import Run
from retrievarium.evaluation.measures import evaluate, measure_name

DEPTH = 100  # where a measure has no cut-off


@dataclass(frozen=True)
class Bounds:
    """low: every unjudged result counts as not relevant (the usual value). high: every one counts as relevant.

    judged: the share of the results looked at that somebody judged.
    """

    low: float
    high: float
    judged: float
    per_query: Mapping[str, tuple[float, float]]


def cutoff(measure: str) -> int:
    """How many results a measure looks at."""
    found = re.search(r"@(\d+)$", measure_name(measure))
    return int(found.group(1)) if found else DEPTH


def unjudged_bounds(run: Run, qrels: Any, measure: str) -> Bounds:
    """Bounds of a measure's mean over the unjudged results among those it looks at.

    For the upper bound each unjudged result gets the lowest positive grade of the judgements; where that lowers a value
    (R@k and AP divide by the number of relevant passages, nDCG by the ideal list), the usual value is kept. By the same
    division, for these measures a passage found relevant further down may take a query below the usual value.
    """
    k = cutoff(measure)
    judged = qrels.to_dict() if hasattr(qrels, "to_dict") else {q: dict(j) for q, j in qrels.items()}
    grade = min((g for j in judged.values() for g in j.values() if g > 0), default=1)
    looked = known = 0
    filled: dict[str, dict[str, int]] = {}
    for query, grades in judged.items():
        found = run[query].ids[:k] if query in run else ()
        looked += len(found)
        known += sum(p in grades for p in found)
        filled[query] = {**dict.fromkeys(found, grade), **grades}
    lower = evaluate(run, judged, [measure]).per_query[measure_name(measure)]
    upper = evaluate(run, filled, [measure]).per_query[measure_name(measure)]
    per_query = {q: (lower[q], max(lower[q], upper[q])) for q in judged}
    ends = np.array(list(per_query.values())).mean(axis=0)
    return Bounds(float(ends[0]), float(ends[1]), known / looked if looked else 1.0, per_query)


def tied_at(run: Run, queries: Sequence[str], k: int) -> int:
    """On how many queries the k-th and the next result have one score, so that the tie rule decided who is in."""
    count = 0
    for query in queries:
        scores = run[query].scores if query in run else ()
        count += len(scores) > k and bool(scores[k - 1] == scores[k])
    return count
