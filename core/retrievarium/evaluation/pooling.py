"""Pools to judge, and means weighted by how often a question is asked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from retrievarium.contracts import InputError, Run
from retrievarium.workspace import content_hash


def pool(runs: Mapping[str, Run], query: str, depth: int, shuffle: str = "") -> tuple[str, ...]:
    """Every passage among the first `depth` of some run, in an order that says nothing of who found it where.

    Parameters
    ----------
    shuffle: whoever judges; the order depends on the query and this text alone, so that a pool can be taken up again.

    Source: Spärck Jones and van Rijsbergen, 1975 (pooling).
    """
    if depth < 1:
        raise InputError(f"a pool of depth {depth}", field="depth", expected="1 or more")
    found = sorted({p for run in runs.values() if query in run for p in run[query].ids[:depth]})
    rng = np.random.default_rng(int(content_hash([query, shuffle]), 16))
    return tuple(found[i] for i in rng.permutation(len(found)))


def weighted_mean(per_query: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """sum w v / sum w: of what users ask, where the plain mean is of what was asked about. Raises InputError where no
    query has a weight."""
    known = [(v, weights[q]) for q, v in per_query.items() if weights.get(q, 0) > 0]
    total = sum(w for _, w in known)
    if not total:
        raise InputError("no query has a weight above 0", field="weights")
    return sum(v * w for v, w in known) / total
