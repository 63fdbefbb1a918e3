"""What there is to judge: which questions in which order, their pools, and how far a judge is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from statistics import median

import numpy as np

import state
from retrievarium.analysis import head_torso_tail
from retrievarium.data import Collection, judged_collection, query_counts, save_collection
from retrievarium.evaluation import pool
from retrievarium.workspace import Annotation, content_hash, workspace
from state import Selection
from whole import Overall

DEPTHS = (3, 5, 10, 20)
NUMBERS = (10, 20, 50, 100, 200)
DIFFERENT, ASKED, ALIKE, SAMPLE, FILE = (
    "most different rankings first",
    "most asked first",
    "head, torso and tail alike",
    "a random sample",
    "the collection's order",
)
SCALE = {3: "answers it", 2: "answers it in part", 1: "related only", 0: "no use"}
_PAUSE = 120.0  # seconds between two grades that count as a break
_USUAL = 8.0  # seconds a grade, until the judge's own pace is known


@dataclass(frozen=True)
class Plan:
    """Items to judge in order: (query, passage) pairs, pool after pool."""

    queries: tuple[str, ...]
    pools: Mapping[str, tuple[str, ...]]

    @property
    def items(self) -> list[tuple[str, str]]:
        return [(q, p) for q in self.queries for p in self.pools[q]]


@lru_cache(maxsize=16)
def parts(collection: Collection) -> Mapping[str, str]:
    """head, torso or tail by query, where the collection has counts."""
    counts = query_counts(collection)
    return head_torso_tail(counts) if counts else {}


def orders(collection: Collection) -> list[str]:
    return [DIFFERENT, *([ASKED, ALIKE] if parts(collection) else []), SAMPLE, FILE]


def chosen_queries(collection: Collection, over: Overall, order: str, number: int) -> tuple[str, ...]:
    """The first `number` questions of an order; the same for every judge, so that judges meet."""
    queries = list(over.queries)
    if order == DIFFERENT:
        queries.sort(key=lambda q: -over.disagreement.get(q, 0.0))
    elif order == ASKED:
        counts = query_counts(collection)
        queries.sort(key=lambda q: -counts.get(q, 0))
    elif order == ALIKE:
        queries = _in_turn(queries, parts(collection))
    elif order == SAMPLE:
        rng = np.random.default_rng(int(content_hash([collection.name, "judge"]), 16))
        queries = [queries[i] for i in rng.permutation(len(queries))]
    return tuple(queries[:number])


def _in_turn(queries: Sequence[str], part: Mapping[str, str]) -> list[str]:
    """One of the head, one of the torso, one of the tail, and so on; each part in a random order of its own."""
    rng = np.random.default_rng(0)
    lists = []
    for name in ("head", "torso", "tail"):
        own = [q for q in queries if part.get(q) == name]
        lists.append([own[i] for i in rng.permutation(len(own))])
    longest = max((len(own) for own in lists), default=0)
    return [own[i] for i in range(longest) for own in lists if i < len(own)]


def plan(collection: Collection, over: Overall, order: str, number: int, depth: int, who: str) -> Plan:
    queries = chosen_queries(collection, over, order, number)
    pools = {q: pool(over.runs, q, depth, who) for q in queries}
    return Plan(tuple(q for q in queries if pools[q]), pools)


def graded(said: Sequence[Annotation], who: str) -> dict[tuple[str, str], int]:
    """One judge's grades by (query, passage)."""
    return {(r.query, r.passage): int(r.value) for r in said if r.kind == "grade" and r.annotator == who}


def seconds_left(said: Sequence[Annotation], who: str, left: int) -> float:
    """At the judge's own pace: the median time between two grades, breaks aside."""
    times = sorted(datetime.fromisoformat(r.at).timestamp() for r in said if r.kind == "grade" and r.annotator == who)
    gaps = [b - a for a, b in itertools.pairwise(times) if b - a < _PAUSE]
    return left * (median(gaps[-50:]) if len(gaps) >= 5 else _USUAL)


def keep_split(collection: Collection, said: Sequence[Annotation], split: str, whose: str | None) -> str:
    """Make a split of the grades; returns the collection's name. A bundled collection is copied: `<name>-judged`.

    Raises InputError where there are no grades, or the name is taken by judgements that are no grades of ours.
    """
    there = (workspace().collections / collection.name / "collection.json").is_file()
    name = collection.name if there else f"{collection.name}-judged"
    if not there and name in state.at_hand():
        from retrievarium.data import load_collection

        collection = load_collection(name)
    told = judged_collection(collection, said, split, whose)
    own = [*collection.meta.get("judged_splits", ())]
    if split in collection.splits and split not in own:
        from retrievarium.contracts import InputError

        raise InputError(
            f"{collection.name} has a split {split!r} of its own", field="split", fix="choose another name"
        )
    meta = {**told.meta, "judged_splits": sorted({*own, split})}
    save_collection(told.replace(meta=meta), name, replace=True)
    return name


def selection_for(chosen: Selection, name: str, split: str) -> Selection:
    return chosen.with_(collection=name, split=split, slice=state.EVERYTHING, query="", ask="")
