"""What can these queries show? The smallest difference they would probably reveal, told before any difference is read.

For paired differences with standard deviation sd over n queries, a true difference delta is found by a two-sided test
at level alpha with probability `power` when

    delta = (z_{1 - alpha/2} + z_{power}) sd / sqrt(n)

(normal approximation). The sd comes from pilot differences: it does not depend on which side is ahead, so looking at
it beforehand spoils no test. Source: Sakai, 2016, "Topic set size design"; Card et al., 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from retrievarium.contracts import InputError

POWER, ALPHA = 0.8, 0.05
LADDER = (0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True)
class Sight:
    """What n paired queries can show, from the spread of pilot differences.

    sd: of the differences; visible: the smallest difference found with probability `power`.
    needed: for each difference of `LADDER` the number of queries that would show it.
    """

    n: int
    pilot: int
    sd: float
    visible: float
    needed: Mapping[float, int]
    power: float = POWER
    alpha: float = ALPHA

    def sentence(self, measure: str) -> str:
        """In words, for whoever is about to read a table of means."""
        if self.sd == 0:
            return (
                f"The two sides are equal on every query of the pilot: these {self.n:,} queries show no spread at all."
            )
        told = (
            f"With {self.n:,} queries, a true difference of {self.visible:.3f} in {measure} would be found "
            f"{self.power:.0%} of the time; a smaller one would often be missed."
        )
        for difference, queries in sorted(self.needed.items(), reverse=True):
            if difference < 0.95 * self.visible:
                return f"{told} To see {difference:g} takes about {queries:,} queries."
        return told


def visible_difference(sd: float, n: int, power: float = POWER, alpha: float = ALPHA) -> float:
    """The smallest true difference that n paired queries show with probability `power`."""
    _check(sd, power, alpha)
    if n < 1:
        raise InputError(f"n is {n}", field="n", expected="at least one query")
    return _z(power, alpha) * sd / float(np.sqrt(n))


def queries_needed(sd: float, difference: float, power: float = POWER, alpha: float = ALPHA) -> int:
    """How many paired queries show a true difference with probability `power`; at least 1."""
    _check(sd, power, alpha)
    if difference <= 0:
        raise InputError(f"difference is {difference}", field="difference", expected="more than 0")
    return max(1, int(np.ceil((_z(power, alpha) * sd / difference) ** 2 - 1e-9)))


def sight(a: Mapping[str, float], b: Mapping[str, float], pilot: int | None = None, seed: int = 0) -> Sight:
    """What the queries of `a` and `b` can show.

    Parameters
    ----------
    a, b: per-query values of two runs over the same queries.
    pilot: how many queries, drawn by `seed`, give the spread; all of them unless given.
    """
    if set(a) != set(b) or not a:
        raise InputError("the two sides hold different queries, or none", fix="evaluate both with the same judgements")
    ids = sorted(a)
    if pilot is not None and pilot < len(ids):
        ids = [ids[i] for i in sorted(np.random.default_rng([seed, 0x50]).choice(len(ids), pilot, replace=False))]
    differences = np.array([b[q] - a[q] for q in ids])
    sd = float(differences.std(ddof=1)) if len(ids) > 1 else 0.0
    needed = {d: queries_needed(sd, d) for d in LADDER}
    return Sight(len(a), len(ids), sd, visible_difference(sd, len(a)), needed)


def _z(power: float, alpha: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(1 - alpha / 2) + norm.ppf(power))


def _check(sd: float, power: float, alpha: float) -> None:
    if not sd >= 0:
        raise InputError(f"sd is {sd}", field="sd", expected="0 or more")
    if not (0 < power < 1 and 0 < alpha < 1):
        raise InputError(f"power is {power}, alpha is {alpha}", expected="both between 0 and 1")
