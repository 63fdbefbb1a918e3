"""A measure by groups of queries: each group with its interval and its queries, the mean over groups beside the mean
over queries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError

OTHER = "other"
LEAST = 20  # questions a group needs to stand alone
_RESAMPLES = 2_000
_Z = 1.959963984540054  # 97.5% of the standard normal
_BLOCK = 2_000_000  # numbers held at once


@dataclass(frozen=True)
class Cell:
    """A mean over queries with its 95% interval: of other questions like these, the retriever unchanged."""

    mean: float
    low: float
    high: float
    queries: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.queries)


@dataclass(frozen=True)
class Breakdown:
    """`cells` by group; `macro`: every group counts once, `micro`: every query does."""

    cells: Mapping[str, Cell]
    macro: Cell
    micro: Cell
    left_out: tuple[str, ...] = ()  # queries that belong to no group


def wilson(successes: float, n: int) -> tuple[float, float]:
    """95% score interval of a share. For values within 0 and 1 it is never too narrow, as none varies more than 0/1.

    Source: Wilson, 1927.
    """
    share, square = successes / n, _Z**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    reach = _Z / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n**2))
    return float(max(0.0, min(share, centre - reach))), float(min(1.0, max(share, centre + reach)))


def _resampled(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Means of resamples, `(2000,)`."""
    n = len(values)
    step = max(1, _BLOCK // n)
    sizes = [min(step, _RESAMPLES - s) for s in range(0, _RESAMPLES, step)]
    return np.concatenate([values[rng.integers(0, n, (size, n))].mean(axis=1) for size in sizes])


def _interval(values: NDArray[np.float64], means: NDArray[np.float64], shares: bool) -> tuple[float, float]:
    """Wilson's interval where all values are 0 or 1 or none differs, else the percentiles of the resamples: without
    variation resampling would claim certainty."""
    if shares and (np.isin(values, (0.0, 1.0)).all() or np.ptp(values) < 1e-12):
        return wilson(float(values.sum()), len(values))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def break_down(
    per_query: Mapping[str, float], groups: Mapping[str, str], seed: int = 0, shares: bool = True
) -> Breakdown:
    """Means by group with 95% intervals.

    Parameters
    ----------
    per_query: value by query id, as `Evaluation.per_query[measure]` holds it.
    groups: group by query id; queries without one are left out and named.
    shares: the values lie within 0 and 1. False for differences, which have no Wilson interval.

    The macro interval resamples the questions within each group and keeps the groups: it speaks of other questions
    about the same relations. Cost: 2,000 resamples of all values, about 50 ms for 1,000.
    """
    if shares and any(not 0 <= v <= 1 for v in per_query.values()):
        raise InputError("a value lies outside 0 and 1", field="per_query", fix="pass shares=False for differences")
    members: dict[str, list[str]] = {}
    for query in per_query:
        if query in groups:
            members.setdefault(groups[query], []).append(query)
    if not members:
        raise InputError("no query belongs to a group", field="groups")
    rng = np.random.default_rng(seed)
    cells, draws = {}, []
    for name, queries in members.items():
        values = np.array([per_query[q] for q in queries], dtype=np.float64)
        means = _resampled(values, rng)
        cells[name] = Cell(float(values.mean()), *_interval(values, means, shares), tuple(queries))
        draws.append(means)
    inside = tuple(q for q in per_query if q in groups)
    every = np.array([per_query[q] for q in inside], dtype=np.float64)
    micro = Cell(float(every.mean()), *_interval(every, _resampled(every, rng), shares), inside)
    average = float(np.mean([c.mean for c in cells.values()]))
    low, high = (float(x) for x in np.quantile(np.mean(draws, axis=0), [0.025, 0.975]))
    if shares and high - low < 1e-12:
        low, high = wilson(average * len(every), len(every))
    left_out = tuple(q for q in per_query if q not in groups)
    return Breakdown(cells, Cell(average, low, high, inside), micro, left_out)


def macro_average(per_query: Mapping[str, float], groups: Mapping[str, str]) -> float:
    """The mean over groups of the means within them: every group counts once."""
    sums: dict[str, list[float]] = {}
    for query, value in per_query.items():
        if query in groups:
            sums.setdefault(groups[query], []).append(value)
    if not sums:
        raise InputError("no query belongs to a group", field="groups")
    return sum(sum(v) / len(v) for v in sums.values()) / len(sums)


def pooled(groups: Mapping[str, str], least: int = LEAST, other: str = OTHER) -> dict[str, str]:
    """Groups of fewer than `least` queries become one, called `other`; largest first, then by name, `other` last."""
    sizes: dict[str, int] = {}
    for name in groups.values():
        sizes[name] = sizes.get(name, 0) + 1
    large = sorted((n for n, size in sizes.items() if size >= least and n != other), key=lambda n: (-sizes[n], n))
    place = {name: i for i, name in enumerate(large)}
    named = {query: name if name in place else other for query, name in groups.items()}
    return dict(sorted(named.items(), key=lambda item: place.get(item[1], len(place))))


def quantile_edges(values: Sequence[float], bins: int = 5) -> list[float]:
    """Edges between bins of about equal size; fewer where many values are equal."""
    if not values or bins < 2:
        return []
    cuts = np.quantile(np.asarray(values, dtype=np.float64), np.linspace(0, 1, bins + 1)[1:-1], method="higher")
    return [float(c) for c in dict.fromkeys(cuts.tolist()) if c > min(values)]


def buckets(values: Mapping[str, float], edges: Sequence[float]) -> dict[str, str]:
    """A bin's label by query id, in ascending order of the bins: `under 4`, `4 to 15`, `16 and more` for whole numbers.

    A value on an edge belongs to the bin above it. Bins nobody falls into are absent.
    """
    if list(edges) != sorted(set(edges)):
        raise InputError("the edges do not rise", field="edges", expected="each larger than the one before")
    whole = all(float(v).is_integer() for v in itertools.chain(values.values(), edges))
    labels = list(_labels(edges, whole, values))
    place = np.searchsorted(np.asarray(edges, dtype=np.float64), list(values.values()), side="right").tolist()
    ordered = sorted(zip(values, place, strict=True), key=lambda item: item[1])
    return {query: labels[at] for query, at in ordered}


def _labels(edges: Sequence[float], whole: bool, values: Mapping[str, float]) -> Iterator[str]:
    if not edges:
        yield "all"
        return
    lowest = min(values.values(), default=0)
    only = whole and lowest == edges[0] - 1  # a bin that holds one number is called by it
    yield f"{lowest:,.0f}" if only else f"under {edges[0]:,g}" if not whole else f"under {edges[0]:,.0f}"
    for a, b in itertools.pairwise(edges):
        if not whole:
            yield f"{a:,g} to under {b:,g}"
        else:
            yield f"{a:,.0f}" if b - a == 1 else f"{a:,.0f} to {b - 1:,.0f}"
    top = edges[-1]
    alone = whole and max(values.values(), default=0) == top
    yield f"{top:,.0f}" if alone else f"{top:,.0f} and more" if whole else f"{top:,g} and more"


PATTERN = ("seen pattern", "unseen pattern")
ENTITY = ("seen entity", "unseen entity")


def two_by_two(
    per_query: Mapping[str, float], seen_entity: Mapping[str, bool], seen_pattern: Mapping[str, bool], seed: int = 0
) -> Breakdown:
    """Seen or unseen entity by seen or unseen pattern; groups are called `seen entity, unseen pattern`.

    The cells partition the queries of which both are known; the others are left out and named. An empty cell is absent.
    Source: Sciavolino et al., 2021 (EntityQuestions), section 4.
    """
    groups = {
        q: f"{ENTITY[not seen_entity[q]]}, {PATTERN[not seen_pattern[q]]}"
        for q in per_query
        if q in seen_entity and q in seen_pattern
    }
    return break_down(per_query, groups, seed)
