"""The shape of an embedding, measured in the original space, where the truth is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.fidelity import shared
from retrievarium.analysis.neighbours import neighbours, ready
from retrievarium.contracts import InputError

_PAIRS_AT_ONCE = 2_048


@dataclass(frozen=True)
class Hubness:
    """How unevenly points turn up in other points' lists."""

    counts: NDArray[np.int64]
    """N_k: how many lists each point is in, `(n,)`."""
    skewness: float
    """Third standardised moment of N_k; 0 is even, above about 1 is hubby."""
    antihubs: float
    """Share of points in nobody's list."""
    top_share: float
    """Share of all list places that the most frequent 1% of points take (at least one point)."""


def hubness(lists: NDArray[np.int64], n: int) -> Hubness:
    """Hubness of `lists (m, k)`, row numbers of n points: nearest neighbours, or retrieved passages.

    Source: Radovanovic, Nanopoulos and Ivanovic (2010), "Hubs in space".
    """
    if lists.size == 0:
        raise InputError("there are no lists to count", field="lists")
    counts = np.bincount(np.asarray(lists).ravel(), minlength=n)
    spread = counts.std()
    skew = float((((counts - counts.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0
    top = np.sort(counts)[::-1][: max(1, round(n / 100))]
    return Hubness(counts, skew, float((counts == 0).mean()), float(top.sum() / counts.sum()))


@dataclass(frozen=True)
class Anisotropy:
    """How narrow the cone is that the vectors lie in."""

    mean_cosine: float
    """Mean cosine of two different points, over all pairs, exactly."""
    top_share: float
    """Share of the variance along the first principal axis."""
    effective_rank: float
    """exp(entropy of the variances' shares): how many directions are really used, between 1 and d."""
    isoscore: float
    """1 for variance alike in all directions, 0 for all of it in one."""


def anisotropy(vectors: NDArray) -> Anisotropy:
    """Of `vectors (n, d)`, n >= 2, d >= 2. Complexity O(n d^2 + d^3).

        mean cosine     (|sum u|^2 - n) / (n (n - 1)) on unit vectors u
        effective rank  exp(-sum p log p), p = variances / their sum

    Source: Ethayarajh (2019) for the mean cosine; Roy and Vetterli (2007) for the effective rank; Rudman et al. (2022),
    "IsoScore", algorithm 1.
    """
    x = np.asarray(vectors, dtype=np.float64)
    if x.ndim != 2 or len(x) < 2 or x.shape[1] < 2:
        raise InputError(f"vectors of shape {x.shape}", expected="at least (2, 2)")
    n, d = x.shape
    unit = ready(vectors, "cosine").astype(np.float64)
    total = unit.sum(axis=0)
    own = np.square(unit).sum()  # n unless there are zero vectors
    variances = np.maximum(np.linalg.eigvalsh(np.cov(x, rowvar=False)), 0)
    if variances.sum() == 0:
        return Anisotropy(float((total @ total - own) / (n * (n - 1))), 1.0, 1.0, 0.0)
    shares = variances / variances.sum()
    used = shares[shares > 0]
    scaled = np.sqrt(d) * variances / np.linalg.norm(variances)
    defect = np.linalg.norm(scaled - 1) / np.sqrt(2 * (d - np.sqrt(d)))
    filled = (d - defect**2 * (d - np.sqrt(d))) ** 2 / d**2
    return Anisotropy(
        mean_cosine=float((total @ total - own) / (n * (n - 1))),
        top_share=float(shares.max()),
        effective_rank=float(np.exp(-(used * np.log(used)).sum())),
        isoscore=float((d * filled - 1) / (d - 1)),
    )


def alignment_uniformity(
    queries: NDArray, positives: NDArray, points: NDArray | None = None, sample: int = 4_000, seed: int = 0
) -> tuple[float, float]:
    """`(alignment, uniformity)` on unit vectors; both are better when smaller.

        alignment   E |f(q) - f(p+)|^2               over the pairs `queries (m, d)`, `positives (m, d)`
        uniformity  log E exp(-2 |f(x) - f(y)|^2)    over all pairs of different `points (n, d)`

    Parameters
    ----------
    points: what should fill the sphere; the positives unless given. More than `sample` are sampled by `seed`.

    Source: Wang and Isola (2020), equations 1 and 2 with alpha = t = 2.
    """
    if queries.shape != positives.shape:
        raise InputError(f"queries {queries.shape} and positives {positives.shape}", expected="one positive a query")
    q, p = (ready(v, "cosine").astype(np.float64) for v in (queries, positives))
    x = p if points is None else ready(points, "cosine").astype(np.float64)
    if len(x) < 2:
        raise InputError("uniformity needs two points", field="points")
    if len(x) > sample:
        x = x[np.sort(np.random.default_rng([seed, 0xA1]).choice(len(x), sample, replace=False))]
    total = 0.0
    squares = np.square(x).sum(axis=1)
    for start in range(0, len(x), _PAIRS_AT_ONCE):
        here = slice(start, start + _PAIRS_AT_ONCE)
        apart = np.maximum(squares[here, None] + squares[None, :] - 2 * (x[here] @ x.T), 0)
        total += float(np.exp(-2 * apart).sum())
    pairs = len(x) * (len(x) - 1)
    total -= len(x)  # each point with itself: exp(0)
    return float(np.square(q - p).sum(axis=1).mean()), float(np.log(max(total, np.finfo(float).tiny) / pairs))


@dataclass(frozen=True)
class Gap:
    """Whether queries and passages live apart."""

    distance: float
    """Between the mean unit query and the mean unit passage."""
    accuracy: float
    """Balanced accuracy, cross-validated, of a linear classifier that tells them apart: .5 is mixed, 1 is apart."""


def query_passage_gap(queries: NDArray, passages: NDArray, sample: int = 2_000, seed: int = 0) -> Gap:
    """The gap between `queries (m, d)` and `passages (n, d)`, at least 10 of each.

    Logistic regression, 5 folds, at most `sample` of each side by `seed`. Source: Liang et al. (2022), "Mind the gap",
    for the distance of means.
    """
    if min(len(queries), len(passages)) < 10:
        raise InputError("too few queries or passages to tell apart", expected="at least 10 of each")
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    rng = np.random.default_rng([seed, 0x9A])
    sides = []
    for vectors in (queries, passages):
        unit = ready(vectors, "cosine")
        keep = np.sort(rng.choice(len(unit), min(sample, len(unit)), replace=False))
        sides.append(unit[keep])
    distance = float(np.linalg.norm(sides[0].mean(axis=0) - sides[1].mean(axis=0)))
    x = np.concatenate(sides)
    y = np.repeat([1, 0], [len(s) for s in sides])
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    model = LogisticRegression(class_weight="balanced", max_iter=300)
    return Gap(distance, float(cross_val_score(model, x, y, cv=folds, scoring="balanced_accuracy").mean()))


def neighbour_change(
    left: NDArray,
    right: NDArray,
    k: int = 10,
    metric: str | tuple[str, str] = "cosine",
) -> NDArray[np.float64]:
    """How much each point's neighbourhood differs between two encoders, in their original spaces: `(n,)` in [0, 1].

        change(i) = 1 - |A & B| / |A | B|,  A = kNN_left(i), B = kNN_right(i)

    `left (n, d)`, `right (n, e)`: row i is the same text. `metric`: one for both, or one each. 0 where nothing moved,
    1 where no neighbour is left. Two encoders' maps cannot tell this; their spaces can.
    """
    one, two = (metric, metric) if isinstance(metric, str) else metric
    if len(left) != len(right):
        raise InputError(f"{len(left)} points on one side, {len(right)} on the other", expected="the same texts")
    both = shared(neighbours(left, k, one)[0], neighbours(right, k, two)[0])
    return 1.0 - both / (2.0 - both)


def list_change(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """`neighbour_change` of ready lists of row numbers `(m, k)`: 1 - Jaccard, `(m,)`."""
    both = shared(left, right)
    return 1.0 - both / (2.0 - both)


def withheld_floor(
    vectors: NDArray,
    k: int = 10,
    metric: str = "cosine",
    share: float = 0.1,
    repeats: int = 3,
    seed: int = 0,
    queries: NDArray | None = None,
) -> NDArray[np.float64]:
    """The change that withholding a tenth of one encoder's coordinates makes: `(n,)`, mean over `repeats` draws.

    A stand-in for the change between two training seeds, for encoders of which only one seed is at hand: neighbours
    that a tenth of the coordinates decides were never settled. With `queries (m, d)`, of their lists: `(m,)`.
    """
    points = np.asarray(vectors)
    asked = None if queries is None else np.asarray(queries)
    d = points.shape[1]
    rng = np.random.default_rng([seed, 0xF1])
    whole = neighbours(points, k, metric, asked)[0]
    told = []
    for _ in range(repeats):
        kept = np.sort(rng.choice(d, max(1, d - max(1, round(share * d))), replace=False))
        some = neighbours(points[:, kept], k, metric, None if asked is None else asked[:, kept])[0]
        told.append(list_change(whole, some))
    return np.mean(told, axis=0)


def neighbourhood_hit(lists: NDArray[np.int64], labels: NDArray) -> NDArray[np.float64]:
    """Share of each point's neighbours `lists (n, k)` that carry its own label `(n,)`: `(n,)`.

    Source: Paulovich et al. (2008), "Least square projection".
    """
    names = np.asarray(labels)
    return (names[lists] == names[:, None]).mean(axis=1)


def linear_cka(left: NDArray, right: NDArray) -> float:
    """Centred kernel alignment of two encoders' vectors of the same texts, `(n, d)` and `(n, e)`: 0 to 1.

        |Y'X|_F^2 / (|X'X|_F |Y'Y|_F), columns centred

    1 for a rotation or a change of scale. Source: Kornblith et al. (2019), equation 5.
    """
    if len(left) != len(right):
        raise InputError(f"{len(left)} points on one side, {len(right)} on the other", expected="the same texts")
    x, y = (np.asarray(v, dtype=np.float64) for v in (left, right))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    below = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(y.T @ x) ** 2 / below) if below > 0 else 0.0
