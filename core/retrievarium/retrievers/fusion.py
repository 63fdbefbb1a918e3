"""Several retrievers into one list, by ranks or by normalised scores."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k, operand, tuning_split

if TYPE_CHECKING:
    from retrievarium.data import Collection

DEPTH = 200  # how many results of each part are fused
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
RRF_CONSTANT = 60  # Cormack, Clarke and Buettcher, 2009
HEAVIEST = 1e6  # beyond it float32 scores would run together


def minmax(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scores of one list `(m,)` mapped to [0, 1] by their own range; all 1 where they are all equal."""
    s = scores.astype(np.float64)
    spread = s.max() - s.min()
    return (s - s.min()) / spread if spread > 0 else np.ones_like(s)


def zscore(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Standard deviations above the list's lowest score `(m,)`; all 0 where they are all equal.

    Counted from the lowest, not from the mean: a passage that the list lacks gets 0, and must not pass one that
    the list holds.
    """
    s = scores.astype(np.float64)
    return (s - s.min()) / s.std() if s.max() > s.min() else np.zeros_like(s)


def raw(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    return scores.astype(np.float64)


NORMALISATIONS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float64]]] = {
    "minmax": minmax,
    "zscore": zscore,
    "none": raw,
}


def _fused(query_ids: Sequence[str], runs: Sequence[Run], points: Sequence[Callable], k: int) -> Run:
    """Sum `points[i](scores) -> (m,)` over the lists of `runs[i]`; a passage that a list lacks gets nothing from it.

    Sums are exact to the last bit (`fsum`), so that the order of the parts breaks no tie.
    """
    lists: dict[str, dict[str, float]] = {}
    for query in query_ids:
        points_of: dict[str, list[float]] = defaultdict(list)
        for run, give in zip(runs, points, strict=True):
            ranking = run[query]
            if len(ranking):
                for passage, value in zip(ranking.ids, give(ranking.scores).tolist(), strict=True):
                    points_of[passage].append(value)
        lists[query] = {passage: math.fsum(values) for passage, values in points_of.items()}
    return Run.from_dict(lists).top(k)


class RankFusion(BaseRetriever):
    """Reciprocal rank fusion: score(d) = sum over lists of 1 / (60 + rank of d). Source: Cormack et al., 2009.

    The first 200 of each part are fused (`depth`), or the first k where k is larger: up to k = depth a smaller k gives
    a prefix of a larger one.
    """

    def __init__(
        self, parts: Sequence[BaseRetriever], depth: int = DEPTH, constant: int = RRF_CONSTANT, name: str | None = None
    ) -> None:
        if len(parts) < 2:
            raise InputError("a fusion needs at least two retrievers", field="parts")
        self.parts, self.depth, self.constant = tuple(parts), check_k(depth), constant
        self.name = name or " + ".join(operand(p.name) for p in self.parts)
        self.is_plain = name is None and (depth, constant) == (DEPTH, RRF_CONSTANT)

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch, depth = as_queries(queries), max(self.depth, check_k(k))
        runs = [p.search(batch, depth) for p in self.parts]
        points = [lambda s: 1.0 / (self.constant + 1 + np.arange(len(s)))] * len(runs)
        return _fused(batch.ids, runs, points, k)


class LinearFusion(BaseRetriever):
    """score(d) = sum over parts of weight * normalised score; a passage outside a part's list gets nothing from it.

    The first 200 of each part are fused (`depth`), or the first k where k is larger: up to k = depth a smaller k gives
    a prefix of a larger one.
    """

    def __init__(
        self,
        parts: Sequence[tuple[float, BaseRetriever]],
        normalisation: str = "minmax",
        depth: int = DEPTH,
        name: str | None = None,
    ) -> None:
        if normalisation not in NORMALISATIONS:
            raise InputError(f"{normalisation!r} is no normalisation", expected=f"one of {list(NORMALISATIONS)}")
        if not parts or not all(abs(w) <= HEAVIEST for w, _ in parts):
            raise InputError(
                "a linear fusion needs (weight, retriever) parts",
                field="parts",
                expected=f"weights between -{HEAVIEST:,.0f} and {HEAVIEST:,.0f}",
            )
        self.parts, self.normalisation, self.depth = tuple(parts), normalisation, check_k(depth)
        self.name = name or " + ".join(f"{w:g} {operand(p.name)}" for w, p in self.parts)

    def __mul__(self, weight: Any) -> LinearFusion:
        """`w * (0.3 * a + 0.7 * b)` weighs the parts; normalising the sum once more would be another fusion."""
        scaled = super().__mul__(weight)
        if scaled is NotImplemented:
            return NotImplemented
        return LinearFusion([(float(weight) * w, p) for w, p in self.parts], self.normalisation, self.depth)

    __rmul__ = __mul__

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch, depth = as_queries(queries), max(self.depth, check_k(k))
        runs = [p.search(batch, depth) for _, p in self.parts]
        scale = NORMALISATIONS[self.normalisation]
        points = [lambda s, w=w: w * scale(s) for w, _ in self.parts]
        return _fused(batch.ids, runs, points, k)


def fuse_rrf(
    *parts: BaseRetriever, depth: int = DEPTH, constant: int = RRF_CONSTANT, name: str | None = None
) -> RankFusion:
    """Reciprocal rank fusion of any retrievers; `a + b` with other settings."""
    return RankFusion(parts, depth, constant, name)


def fuse_linear(
    *parts: tuple[float, BaseRetriever], normalisation: str = "minmax", depth: int = DEPTH, name: str | None = None
) -> LinearFusion:
    """Linear fusion of `(weight, retriever)` parts; `0.3 * a + 0.7 * b` with another normalisation or depth."""
    return LinearFusion(parts, normalisation, depth, name)


def tune_weight(
    a: BaseRetriever,
    b: BaseRetriever,
    collection: Collection,
    split: str = "dev",
    measure: str = "RR@10",
    grid: Sequence[float] = WEIGHTS,
    normalisation: str = "minmax",
) -> LinearFusion:
    """`(1 - w) * a + w * b` with the w that is best on a development split; never tuned on test."""
    from retrievarium.evaluation import evaluate
    from retrievarium.retrievers.frozen import FrozenRun

    chosen = tuning_split(collection, split)
    frozen = [FrozenRun(r.search(chosen.queries, DEPTH), r.name) for r in (a, b)]  # search once, fuse often

    def value(w: float) -> float:
        trial = LinearFusion([(1 - w, frozen[0]), (w, frozen[1])], normalisation)
        return evaluate(trial.search(chosen.queries, 100), chosen.qrels, [measure])[measure]

    best = max(grid, key=value)
    return LinearFusion([(1 - best, a), (best, b)], normalisation)
