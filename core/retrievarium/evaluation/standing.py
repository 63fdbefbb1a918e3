"""Which of several runs is first? A ranking that ties what these queries cannot tell apart."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from retrievarium.evaluation.significance import Paired, holm, paired


@dataclass(frozen=True)
class Standing:
    """The places that a run may have: better than all but `first - 1`, worse than none behind `last`."""

    name: str
    mean: float
    first: int
    last: int

    @property
    def words(self) -> str:
        """Its place, or its range of places."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Pairs:
    """All pairs of runs: `differences[a, b]` is b minus a, `corrected_p` is Holm's over all pairs."""

    differences: Mapping[tuple[str, str], Paired]
    corrected_p: Mapping[tuple[str, str], float]


def all_pairs(values: Mapping[str, Mapping[str, float]], seed: int = 0) -> Pairs:
    """Compare each run with each other, over the same queries."""
    names = list(itertools.combinations(values, 2))
    differences = {(a, b): paired(values[a], values[b], seed) for a, b in names}
    corrected = holm([d.p for d in differences.values()])
    return Pairs(differences, dict(zip(names, corrected, strict=True)))


def standings(values: Mapping[str, Mapping[str, float]], pairs: Pairs, level: float = 0.05) -> list[Standing]:
    """Places of all runs, best mean first; two runs share places where Holm's p over all pairs is not below `level`.

    A run's first possible place is one behind all runs that are told apart from it and better; its last is before all
    that are told apart and worse. "Not told apart" is not transitive: ranges may overlap.
    """
    means = {n: sum(v.values()) / len(v) for n, v in values.items()}
    better: dict[str, int] = dict.fromkeys(values, 0)  # runs that are surely better than it
    worse: dict[str, int] = dict.fromkeys(values, 0)
    for (a, b), p in pairs.corrected_p.items():
        if p >= level:
            continue
        ahead, behind = (b, a) if pairs.differences[a, b].mean > 0 else (a, b)
        better[behind] += 1
        worse[ahead] += 1
    told = [Standing(n, means[n], 1 + better[n], len(values) - worse[n]) for n in values]
    return sorted(told, key=lambda s: -s.mean)
