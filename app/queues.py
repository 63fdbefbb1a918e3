"""Queues: which queries to look at, and in which order. A queue is a short text, so that a link can name it.

all                       every query, most different rankings first
pair:A|B                  every query, the two rankings most different first
gap:A|B                   every query, the largest difference in the measure first
better:B|A  worse:B|A     queries on which B's measure is above (below) A's, the largest difference first
equal:B|A                 on which both have the same value
only:A  none  each        whose first relevant passage is among the first k of A alone, of nobody, of everybody
ids:q1~q2                 these queries, in this order
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from whole import Overall

_TIE = 1e-9
_SPLIT = "~"
SIDES = ("better", "equal", "worse")


@dataclass(frozen=True)
class Queue:
    """A queue read: its kind, the retrievers it names, and the ids it lists."""

    key: str
    kind: str
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


def read(key: str) -> Queue:
    """A queue from its text; an unknown text is the queue of all."""
    kind, _, rest = key.partition(":")
    if kind == "ids" and rest:
        return Queue(key, kind, ids=tuple(rest.split(_SPLIT)))
    if kind == "only" and rest:
        return Queue(key, kind, (rest,))
    first, bar, second = rest.partition("|")
    if kind in ("pair", "gap", *SIDES) and bar and first and second:
        return Queue(key, kind, (first, second))
    return Queue(key if key in ("none", "each") else "all", key if key in ("none", "each") else "all")


def of_ids(ids: Sequence[str]) -> str:
    """The text of a queue of given queries."""
    return f"ids:{_SPLIT.join(ids)}"


def offered(over: Overall, measure: str) -> list[str]:
    """The queues that the picker lists for the columns in view."""
    told = ["all"]
    if over.evaluations and any(measure in e.per_query for e in over.evaluations.values()):
        first, *others = over.evaluations
        told += [f"gap:{first}|{b}" for b in others]
        told += [f"{side}:{b}|{first}" for b in others for side in ("better", "worse")]
    return [*told, *(k for k in over.groups if k != "all")]


def usable(queue: Queue, over: Overall) -> bool:
    """Whether the columns in view can make it."""
    if queue.kind in ("pair", "gap", *SIDES):
        known = over.runs if queue.kind == "pair" else over.evaluations
        return all(n in known for n in queue.names)
    return queue.kind in ("all", "ids") or queue.key in over.groups


def queries(queue: Queue, over: Overall, measure: str) -> Sequence[str]:
    """Ids in the queue's order, of the split and slice in view."""
    if queue.kind == "ids":
        inside = set(over.queries)
        return tuple(q for q in queue.ids if q in inside)
    if queue.kind in ("pair", "gap", *SIDES):
        return _compared(queue.kind, queue.names, _Held(over), measure)
    return over.groups.get(queue.key, [])


class _Held:
    """An `Overall` by identity, so that what is made of it can be remembered."""

    def __init__(self, over: Overall) -> None:
        self.over = over

    def __hash__(self) -> int:
        return id(self.over)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.over is self.over


@lru_cache(maxsize=64)  # six columns have fifteen pairs, each with its counts
def _compared(kind: str, names: tuple[str, str], held: _Held, measure: str) -> tuple[str, ...]:
    over = held.over
    a, b = names
    if kind == "pair":
        unlike = pair_disagreement(over, a, b)
        return tuple(sorted(over.queries, key=lambda q: -unlike[q]))
    left, right = (over.evaluations[n].per_query[measure] for n in names)
    gap = {q: left[q] - right[q] for q in over.queries if q in left}
    if kind == "gap":
        return tuple(sorted(gap, key=lambda q: (-abs(gap[q]), -over.disagreement[q])))
    if kind == "equal":
        return tuple(sorted((q for q, d in gap.items() if abs(d) <= _TIE), key=lambda q: -over.disagreement[q]))
    sign = 1 if kind == "better" else -1
    return tuple(sorted((q for q, d in gap.items() if sign * d > _TIE), key=lambda q: -sign * gap[q]))


def pair_disagreement(over: Overall, a: str, b: str) -> Mapping[str, float]:
    """1 minus the rank-biased overlap of two columns' first 20, by query."""
    return over.apart[(a, b) if (a, b) in over.apart else (b, a)]


@dataclass(frozen=True)
class Likeness:
    """How alike two columns rank, on average over the queries."""

    overlap: float  # share of the first k that both have
    rbo: float


@lru_cache(maxsize=8)
def _likeness(held: _Held, k: int) -> Mapping[tuple[str, str], Likeness]:
    over = held.over
    told = {}
    for a, b in itertools.combinations(over.runs, 2):
        unlike = pair_disagreement(over, a, b)
        shared = 0.0
        for q in over.queries:
            left, right = (set(over.runs[n][q].ids[:k]) if q in over.runs[n] else set() for n in (a, b))
            most = max(len(left), len(right))
            shared += len(left & right) / most if most else 1.0
        n = max(1, len(over.queries))
        told[a, b] = told[b, a] = Likeness(shared / n, 1 - sum(unlike.values()) / n)
    return told


def likeness(over: Overall, k: int) -> Mapping[tuple[str, str], Likeness]:
    """For each pair of columns, in both orders."""
    return _likeness(_Held(over), k)


def words(queue: Queue, measure: str, k: int) -> str:
    """What a queue is, in words."""
    if queue.kind in ("pair", "gap", *SIDES):
        a, b = queue.names
        return {
            "pair": f"{a} and {b} rank most differently",
            "gap": f"{measure} of {a} and {b} differs most",
            "better": f"{a} better than {b} in {measure}",
            "worse": f"{a} worse than {b} in {measure}",
            "equal": f"{a} equals {b} in {measure}",
        }[queue.kind]
    if queue.kind == "only":
        return f"Only {queue.names[0]} finds it in its top {k}"
    return {
        "all": "Most different rankings",
        "none": f"Nobody finds it (top {k})",
        "each": f"Everybody finds it (top {k})",
        "ids": "Chosen queries",
    }[queue.kind]


def order(queue: Queue) -> str:
    """In which order a queue's queries come."""
    if queue.kind in ("gap", "better", "worse"):
        return "largest difference first"
    return "as chosen" if queue.kind == "ids" else "most different first"
