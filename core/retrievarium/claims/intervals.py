"""Intervals, pilots and the correction for many claims: pure functions over one number a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from retrievarium.contracts import InputError

SEEDS = (10, 20)  # what a pilot may fix
PILOT = 4  # development seeds of a pilot


@dataclass(frozen=True)
class Interval:
    """A mean with its 95% interval; `se` is the standard error, `n` the seeds it comes from."""

    mean: float
    low: float
    high: float
    se: float
    n: int

    @property
    def half(self) -> float:
        return self.high - self.mean


def half_width(sd: float, seeds: int) -> float:
    """`t(.975, S - 1) sd / sqrt(S)`."""
    return float(stats.t.ppf(0.975, seeds - 1)) * sd / float(np.sqrt(seeds))


def t_interval(values: ArrayLike) -> Interval:
    """Mean of one number a seed, `values (S,)`, with its 95% t interval, S - 1 degrees of freedom.

    Raises InputError for fewer than two seeds: one number has no spread.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise InputError("an interval needs two seeds at least", expected="one number a seed")
    se = float(x.std(ddof=1) / np.sqrt(len(x)))
    wide = half_width(float(x.std(ddof=1)), len(x))
    mean = float(x.mean())
    return Interval(mean, mean - wide, mean + wide, se, len(x))


def fixed_collection_interval(values: ArrayLike) -> Interval:
    """The same on a fixed real collection, where all seeds answer the same Q questions: `values (S, Q)`.

        variance = s2_seed / S + s2_query / Q

    with s2_seed the variance of the S seed means and s2_query that of the Q question means; t with S - 1 degrees of
    freedom. Questions on one entity are averaged before they come here (see `by_entity`).
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2:
        raise InputError("this interval needs two seeds and two questions at least", expected="values (S, Q)")
    seeds, queries = x.shape
    se = float(np.sqrt(x.mean(axis=1).var(ddof=1) / seeds + x.mean(axis=0).var(ddof=1) / queries))
    mean, wide = float(x.mean()), float(stats.t.ppf(0.975, seeds - 1)) * se
    return Interval(mean, mean - wide, mean + wide, se, seeds)


def by_entity(values: Mapping[str, float], entity: Mapping[str, str]) -> dict[str, float]:
    """Average the questions on one entity, so that each entity counts once; a question without one stands alone."""
    groups: dict[str, list[float]] = {}
    for query, value in values.items():
        groups.setdefault(entity.get(query) or f"question {query}", []).append(value)
    return {name: float(np.mean(group)) for name, group in sorted(groups.items())}


def one_sided_p(interval: Interval) -> float:
    """P(T >= c / se), T with S - 1 degrees of freedom: how often chance alone gives as much, were there no effect."""
    if interval.se == 0:
        return 0.0 if interval.mean > 0 else 1.0
    return float(stats.t.sf(interval.mean / interval.se, interval.n - 1))


def seeds_from_pilot(values: ArrayLike, within: float) -> int | None:
    """10 or 20: the fewer seeds for which a pilot predicts a half-width <= `within`; None where 20 do not suffice.

    `values` holds one c_s for each of four development seeds; predicted half-width: t(.975, S - 1) sd / sqrt(S).
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < PILOT:
        raise InputError(f"a pilot needs {PILOT} development seeds, not {len(x)}")
    sd = float(x.std(ddof=1))
    return next((s for s in SEEDS if half_width(sd, s) <= within), None)


def benjamini_hochberg(p_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """Which hypotheses are rejected at false discovery rate `level`, in the order given.

    With p sorted upward, reject up to the largest i with p_(i) <= i * level / n. Source: Benjamini and Hochberg, 1995.
    """
    order = np.argsort(p_values, kind="stable")
    passed = [i for i, at in enumerate(order, 1) if p_values[at] <= i * level / len(p_values)]
    rejected = set(order[: max(passed)].tolist()) if passed else set()
    return [i in rejected for i in range(len(p_values))]
