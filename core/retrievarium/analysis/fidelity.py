"""How far a map tells the truth: neighbours kept, false and lost friends, and the noise that any number contends with.

`high (n, d)` are the vectors a retriever searches, `low (n, 2)` or `(n, 3)` their places on the map. Row i of both is
the same point. The metric is the retriever's ("cosine" or "dot"), or "euclidean"; on the map it is always Euclidean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.neighbours import among_nearest, check_k, check_metric, neighbours
from retrievarium.contracts import InputError


def _check(high: NDArray, low: NDArray, k: int, metric: str) -> None:
    check_metric(metric)
    if len(high) != len(low):
        raise InputError(f"{len(high)} vectors and {len(low)} places on the map", expected="one place a vector")
    check_k(k, len(high))


def kept_at_k(
    high: NDArray, low: NDArray, k: int = 10, metric: str = "cosine", rows: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Share of each point's k nearest on the map that are among its k nearest in the original space: `(n,)` in [0, 1].

        kept@k(i) = |kNN_low(i) & kNN_high(i)| / k

    Parameters
    ----------
    high, low: `(n, d)` and `(n, 2 or 3)`.
    k: 1 <= k < n.
    rows: measure these points only (against all others); all unless given.

    A neighbour that ties with the k-th counts as one of the k. 1 where the map keeps every neighbourhood; k / (n - 1)
    expected of a map drawn at random. Complexity O(n^2 d) for the original space, O(n log n) on the map.

    Raises InputError for k outside 1..n-1, lengths that differ, and an unknown metric.

    Source: neighbourhood preservation, e.g. Venna and Kaski (2006); the name kept@k is ours.
    """
    _check(high, low, k, metric)
    near = _near_on_map(low, k, rows)
    return among_nearest(high, near, k, metric, rows).mean(axis=1)


def _near_on_map(low: NDArray, k: int, rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
    near = neighbours(low, k, "euclidean")[0]
    return near if rows is None else near[rows]


def query_fidelity(
    queries: NDArray,
    passages: NDArray,
    low_queries: NDArray,
    low_passages: NDArray,
    k: int = 10,
    metric: str = "cosine",
) -> NDArray[np.float64]:
    """Share of a query's k nearest passages on the map that are in its true top k: `(m,)` in [0, 1].

    The true top k is the retriever's own: by cosine or inner product of `queries (m, d)` with `passages (n, d)`, which
    may come from different towers. `low_queries (m, 2)` and `low_passages (n, 2)` lie on one map. Ties as in
    `kept_at_k`. Raises InputError as there.
    """
    check_metric(metric)
    if len(queries) != len(low_queries) or len(passages) != len(low_passages):
        raise InputError("vectors and places on the map differ in number", expected="one place a vector")
    near = neighbours(low_passages, k, "euclidean", low_queries)[0]
    return among_nearest(passages, near, k, metric, queries=queries).mean(axis=1)


@dataclass(frozen=True)
class Friends:
    """Neighbours and which of them are not what they seem: `rows (m, k)` int64, `flagged (m, k)` bool."""

    rows: NDArray[np.int64]
    flagged: NDArray[np.bool_]

    @property
    def share(self) -> NDArray[np.float64]:
        """Flagged share per point, `(m,)`."""
        return self.flagged.mean(axis=1)


def false_friends(
    high: NDArray,
    low: NDArray,
    k: int = 10,
    within: int | None = None,
    metric: str = "cosine",
    rows: NDArray[np.int64] | None = None,
) -> Friends:
    """Neighbours on the map that are strangers in the original space.

    `rows`: the k nearest on the map; `flagged`: those not among the `within` nearest of the original space (k unless
    given; then `1 - share` is kept@k). Raises InputError as `kept_at_k`.
    """
    _check(high, low, k, metric)
    near = _near_on_map(low, k, rows)
    return Friends(near, ~among_nearest(high, near, within or k, metric, rows))


def lost_friends(
    high: NDArray,
    low: NDArray,
    k: int = 10,
    within: int | None = None,
    metric: str = "cosine",
    rows: NDArray[np.int64] | None = None,
) -> Friends:
    """True neighbours that the map tore away: the k nearest of the original space, flagged where they are not among
    the `within` nearest on the map. Raises InputError as `kept_at_k`."""
    _check(high, low, k, metric)
    true = neighbours(high, k, metric)[0]
    true = true if rows is None else true[rows]
    return Friends(true, ~among_nearest(low, true, within or k, "euclidean", rows))


def seed_floor(layouts: Sequence[NDArray], k: int = 10) -> NDArray[np.float64]:
    """Share of a point's k nearest on the map that another seed's map agrees on: `(n,)`, mean over pairs of layouts.

    The same data, laid out again, does not give the same neighbours. A difference between two maps that is not larger
    than the one between two seeds says nothing about the models. Raises InputError for fewer than two layouts.
    """
    if len(layouts) < 2:
        raise InputError("a floor needs the same data laid out at least twice", field="layouts", expected="2 or more")
    if len({len(layout) for layout in layouts}) != 1:
        raise InputError("the layouts differ in length", expected="the same points in the same order")
    lists = [neighbours(layout, k, "euclidean")[0] for layout in layouts]
    return np.mean([shared(a, b) for a, b in combinations(lists, 2)], axis=0)


def shared(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """|A & B| / k for each row of two lists of row numbers `(n, k)`: `(n,)`. Complexity O(n k log k)."""
    both = np.sort(np.concatenate([left, right], axis=1), axis=1)
    return (both[:, 1:] == both[:, :-1]).sum(axis=1) / left.shape[1]


def shuffled(vectors: NDArray, seed: int = 0) -> NDArray:
    """Each coordinate dealt anew among the points: `(n, d)` with the same spread a coordinate, and no structure.

    What a map makes of this is what it makes of nothing. Rows are brought back to their lengths, so that unit vectors
    stay unit vectors.
    """
    rng = np.random.default_rng([seed, 0x5F])
    mixed = np.array(vectors, dtype=np.float32)
    for column in range(mixed.shape[1]):
        mixed[:, column] = rng.permutation(mixed[:, column])
    before = np.linalg.norm(np.asarray(vectors, dtype=np.float32), axis=1, keepdims=True)
    after = np.linalg.norm(mixed, axis=1, keepdims=True)
    return np.divide(mixed * before, after, out=np.zeros_like(mixed), where=after > 0)


def noise_baseline(
    vectors: NDArray,
    project: Callable[[NDArray], NDArray],
    k: int = 10,
    metric: str = "cosine",
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray]:
    """kept@k of the same procedure on data without structure, `(n,)`, and that map.

    `project` takes `(n, d)` and returns `(n, 2)`: the very procedure that made the map in question.
    """
    noise = shuffled(vectors, seed)
    low = project(noise)
    return kept_at_k(noise, low, k, metric), low
