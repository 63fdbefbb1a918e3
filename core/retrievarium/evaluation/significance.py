"""Is a difference between two runs real? Interval and effect size first, a permutation p beside them.

The interval here is about *these two runs* on other queries; whether two *methods* differ over retrained seeds is
the claims board's question (see `claims`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError

_RESAMPLES = 5_000
_PERMUTATIONS = 9_999
_BLOCK = 4_000_000  # numbers held at once
_TIE = 1e-9


@dataclass(frozen=True)
class Paired:
    """b minus a over the same queries."""

    mean: float
    low: float  # 95% percentile bootstrap over queries
    high: float
    effect: float  # standardised: mean / sd of the differences (Cohen's d_z); 0 where they do not vary (undefined)
    p: float  # two-sided sign-flip permutation, (count + 1) / (n + 1)
    wins: int  # queries where b is better
    ties: int
    losses: int
    n: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _blocks(total: int, width: int) -> list[int]:
    step = max(1, _BLOCK // max(1, width))
    return [min(step, total - start) for start in range(0, total, step)]


def bootstrap_interval(
    values: NDArray[np.float64], seed: int = 0, resamples: int = _RESAMPLES, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of `values (n,)`. Source: Efron and Tibshirani, 1993, chapter 13."""
    rng = np.random.default_rng(seed)
    n = len(values)
    means = np.concatenate([values[rng.integers(0, n, (size, n))].mean(axis=1) for size in _blocks(resamples, n)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def permutation_p(differences: NDArray[np.float64], seed: int = 0, permutations: int = _PERMUTATIONS) -> float:
    """Two-sided sign-flip test of mean 0: `(count of means at least as far out + 1) / (permutations + 1)`."""
    rng = np.random.default_rng(seed)
    observed = abs(differences.sum())
    rounding = 1e-12 * max(1.0, float(np.abs(differences).sum()))  # sums that are equal on paper count as equal
    count = 0
    for size in _blocks(permutations, len(differences)):
        signs = rng.integers(0, 2, (size, len(differences)), dtype=np.int8) * 2.0 - 1.0
        count += int((np.abs(signs @ differences) >= observed - rounding).sum())
    return (count + 1) / (permutations + 1)


def paired(a: Mapping[str, float], b: Mapping[str, float], seed: int = 0) -> Paired:
    """Compare per-query values of two runs over the same queries; positive means b is better.

    Raises InputError where the two do not hold the same queries: intersecting them silently would change the question.
    """
    if set(a) != set(b):
        only_a, only_b = len(set(a) - set(b)), len(set(b) - set(a))
        raise InputError(
            f"the two sides hold different queries ({only_a} only in the first, {only_b} only in the second)",
            fix="evaluate both runs with the same judgements",
        )
    if not a:
        raise InputError("there are no queries to compare")
    d = np.array([b[q] - a[q] for q in sorted(a)], dtype=np.float64)
    sd = d.std(ddof=1) if len(d) > 1 else 0.0
    low, high = bootstrap_interval(d, seed)
    return Paired(
        mean=float(d.mean()),
        low=low,
        high=high,
        effect=float(d.mean() / sd) if sd > _TIE else 0.0,
        p=permutation_p(d, seed),
        wins=int((d > _TIE).sum()),
        ties=int((np.abs(d) <= _TIE).sum()),
        losses=int((d < -_TIE).sum()),
        n=len(d),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given. Source: Holm, 1979."""
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for position, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - position) * p_values[index]))
        adjusted[index] = running
    return adjusted
