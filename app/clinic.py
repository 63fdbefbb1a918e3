"""The entity clinic's figures as work of the desk: by group, by popularity, by what training has shown, by failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import columns as answers
import sources
from desk import Task, desk
from retrievarium.analysis import (
    RULES,
    Evidence,
    Grouping,
    Popularity,
    Precision,
    Seen,
    Tagged,
    TextEvidence,
    counted,
    evidence_for,
    failures,
    groupings,
    popularity_of,
    reads_of,
    said_by_truth,
    seen_of,
    tag,
    tag_precision,
    why_not_seen,
)
from retrievarium.data import Collection, load_collection
from retrievarium.evaluation import Breakdown, break_down, pooled, two_by_two
from retrievarium.retrievers import BM25
from state import Selection
from whole import Overall

CUTS = (1, 5, 10)
REFERENCE = ("text rules on the world",)  # key of `reference_precision`
_SQUARES = (
    "seen entity, seen pattern",
    "seen entity, unseen pattern",
    "unseen entity, seen pattern",
    "unseen entity, unseen pattern",
    "seen entity, unseen relation",
    "unseen entity, unseen relation",
)


@dataclass(frozen=True)
class Clinic:
    """What one measure says by group; every breakdown by retriever, in the order of the columns."""

    measure: str
    grouping: Grouping | None  # None where nothing divides the questions
    tables: Mapping[str, Breakdown] = field(default_factory=dict)
    gaps: Mapping[str, Breakdown] = field(default_factory=dict)  # each column but the first, less the first
    order: Sequence[str] = ()  # groups, largest gap below the reference first
    popularity: Popularity | None = None
    curve: Mapping[str, Breakdown] = field(default_factory=dict)
    bins: Sequence[str] = ()  # of popularity, least known first
    seen: Seen | None = None
    squares: Mapping[str, Breakdown] = field(default_factory=dict)
    square_order: Sequence[str] = ()
    why_not_seen: str = ""


@dataclass(frozen=True)
class Ward:
    """Failures with their tags, by retriever."""

    cut: int
    exact: bool
    unknown: Mapping[str, str]  # rules that this collection cannot decide, with the reason
    tagged: Mapping[str, Sequence[Tagged]]
    failed: Mapping[str, str] = field(default_factory=dict)

    def of(self, system: str, query: str) -> Tagged | None:
        return next((t for t in self.tagged.get(system, ()) if t.failure.query == query), None)

    def counts(self) -> dict[str, dict[str, list[str]]]:
        """Queries by retriever and first tag."""
        return {s: counted(t) for s, t in self.tagged.items()}


@dataclass(frozen=True)
class Case:
    """What a number opens: its name in words, and exactly its queries."""

    words: str
    system: str
    queries: Sequence[str]


@lru_cache(maxsize=16)
def dividers(collection: Collection, split: str) -> tuple[Grouping, ...]:
    """What the questions of a split can be divided by, most telling first."""
    return tuple(groupings(collection, split or None))


def clinic_key(collection: Collection, chosen: Selection, over: Overall, label: str) -> tuple[Any, ...]:
    return ("clinic", *_base_key(collection, chosen, over), chosen.measure, label)


def clinic_task(collection: Collection, chosen: Selection, over: Overall, label: str) -> Task:
    """The figures for one way to divide the questions."""
    key = clinic_key(collection, chosen, over, label)
    return desk().task(key, lambda: _clinic(collection, chosen, over, label), "whole")


def _base_key(collection: Collection, chosen: Selection, over: Overall) -> tuple[Any, ...]:
    return (collection.fingerprint, chosen.split, chosen.slice, tuple(over.runs))


def _clinic(collection: Collection, chosen: Selection, over: Overall, label: str) -> Clinic:
    measure, split = chosen.measure, chosen.split
    values = {s: e.per_query[measure] for s, e in over.evaluations.items()}
    reference = next(iter(values.values()))
    differences = {
        s: {q: v[q] - reference[q] for q in v} for s, v in list(values.items())[1:]
    }  # over the same queries: all are judged by one split
    grouping = next((g for g in dividers(collection, split) if g.label == label), None)
    tables: dict[str, Breakdown] = {}
    gaps: dict[str, Breakdown] = {}
    order: list[str] = []
    if grouping is not None:
        groups = pooled({q: g for q, g in grouping.groups.items() if q in reference})
        if groups:
            tables = {s: break_down(v, groups) for s, v in values.items()}
            gaps = {s: break_down(d, groups, shares=False) for s, d in differences.items()}
            order = _worst_first(tables, gaps)
    known = popularity_of(collection, split or None)
    bins = {q: b for q, b in known.bins.items() if q in reference} if known is not None else {}
    seen = seen_of(collection, split or None)
    squares = {s: _squares(v, seen) for s, v in values.items()} if seen is not None else {}
    present = {name for told in squares.values() for name in told.cells}
    return Clinic(
        measure,
        grouping if tables else None,
        tables,
        gaps,
        order,
        known if bins else None,
        {s: break_down(v, bins) for s, v in values.items()} if bins else {},
        list(dict.fromkeys(bins.values())),
        seen,
        squares,
        [s for s in _SQUARES if s in present],
        "" if seen is not None else why_not_seen(collection, split or None),
    )


def _squares(values: Mapping[str, float], seen: Seen) -> Breakdown:
    """The two by two, and held-out relations beside it where the collection has some."""
    if not seen.groups:
        return two_by_two(values, seen.entity, seen.pattern)
    four = two_by_two(values, seen.entity, seen.pattern)
    groups = {q: name for name, cell in four.cells.items() for q in cell.queries}
    return break_down(values, {**groups, **seen.groups})


def _worst_first(tables: Mapping[str, Breakdown], gaps: Mapping[str, Breakdown]) -> list[str]:
    """Groups by the lowest difference of any column to the first; by the first's mean where it is alone."""
    names = list(next(iter(tables.values())).cells)
    if gaps:
        return sorted(names, key=lambda g: min(told.cells[g].mean for told in gaps.values()))
    only = next(iter(tables.values()))
    return sorted(names, key=lambda g: only.cells[g].mean)


# -- failures


def ward_key(collection: Collection, chosen: Selection, over: Overall, cut: int) -> tuple[Any, ...]:
    return ("ward", *_base_key(collection, chosen, over), cut)


def ward_task(collection: Collection, chosen: Selection, over: Overall, cut: int) -> Task:
    key = ward_key(collection, chosen, over, cut)
    return desk().task(key, lambda: _ward(collection, chosen, over, cut), "whole")


def evidence(collection: Collection, split: str) -> Evidence:
    key = ("evidence", collection.fingerprint, split)
    return desk().task(key, lambda: evidence_for(collection, split or None), "ask").result()


def _reads(collection: Collection, spec: str) -> Callable[[str, int], bool] | None:
    """How far a column reads; an imported run does not say."""
    if spec.startswith(sources.IMPORTED):
        return None
    return reads_of(answers.combined(spec, lambda n: answers.retriever(collection, n)))


def _ward(collection: Collection, chosen: Selection, over: Overall, cut: int) -> Ward:
    known = evidence(collection, chosen.split)
    inside = set(over.queries)
    tagged: dict[str, Sequence[Tagged]] = {}
    for spec, run in over.runs.items():
        found = failures(run, collection, spec, cut, _reads(collection, spec), known)
        tagged[spec] = tuple(tag(f) for f in found if f.query in inside)
    return Ward(cut, known.exact, known.unknown(), tagged)


def reference_precision() -> Task:
    """How often the rules that read text alone are right on the World, by its truth tables: over BM25's misses."""

    def measure() -> dict[str, Precision]:
        world = load_collection("world")
        run = BM25(world).search(world.queries, 10)
        exact = [tag(f) for f in failures(run, world, "bm25", 1, lambda text, stop: True)]
        read = [tag(f) for f in failures(run, world, "bm25", 1, None, TextEvidence(world))]
        return tag_precision(read, said_by_truth(exact))

    return desk().task(REFERENCE, measure, "whole")


# -- what a number opens


def opened(key: str, look: Clinic | None, ward: Ward | None, over: Overall) -> Case | None:
    """The case that a key of the address stands for; None where nothing here bears it.

    `g|GROUP|SYSTEM`, `p|BIN|SYSTEM`, `s|SQUARE|SYSTEM`, `t|TAG|SYSTEM` (failures under their first tag), `u|TAG|SYSTEM`
    (every failure that bears the tag), `m||SYSTEM` (all failures), `a||SYSTEM` (all questions).
    """
    kind, _, rest = key.partition("|")
    name, _, system = rest.rpartition("|")
    if system not in over.runs:
        return None
    if kind in ("g", "p", "s") and look is not None:
        tables = {"g": look.tables, "p": look.curve, "s": look.squares}[kind]
        cell = tables[system].cells.get(name) if system in tables else None
        words = f"{look.popularity.label} {name}" if kind == "p" and look.popularity is not None else name
        return None if cell is None else Case(words, system, _lowest_first(cell.queries, system, over, look.measure))
    if kind == "a" and look is not None:
        every = list(over.evaluations[system].per_query[look.measure])
        return Case("all questions", system, _lowest_first(every, system, over, look.measure))
    if ward is None or kind not in ("t", "u", "m"):
        return None
    told = ward.tagged.get(system, ())
    if look is None:
        return None
    if kind == "m":
        every = [t.failure.query for t in told]
        return Case(f"missed in the top {ward.cut}", system, _lowest_first(every, system, over, look.measure))
    if name not in RULES and name not in {t.first for t in told}:
        return None
    hit = [t.failure.query for t in told if (t.first == name if kind == "t" else name in t.tags)]
    words = name if kind == "t" else f"{name} (also beside other tags)"
    return Case(words, system, _lowest_first(hit, system, over, look.measure))


def _lowest_first(queries: Sequence[str], system: str, over: Overall, measure: str) -> list[str]:
    values = over.evaluations[system].per_query[measure]
    return sorted(queries, key=lambda q: values[q])
