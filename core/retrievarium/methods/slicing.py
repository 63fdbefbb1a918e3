"""Contrasts on a part of the questions: which ones, and the measure over buckets of what sets them apart."""

from __future__ import annotations

import itertools
from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.contracts import InputError
from retrievarium.methods.registry import Arms

if TYPE_CHECKING:
    from retrievarium.data import Collection


def only(arms: Arms, questions: Names[str]) -> Arms:
    """The arms over these questions alone; what stands beside them stays, and tells how many there were."""
    kept = {name: {q: v for q, v in values.items() if q in questions} for name, values in arms.items()}
    if not all(kept.values()):
        raise InputError("no question of the slice was asked", field="questions")
    every = {len(values) for values in arms.values()}
    return Arms(kept, {**arms.beside, "questions asked": max(every)})


def in_slice(collection: Collection, name: str) -> set[str]:
    """Ids of the questions in a slice that the collection knows by name."""
    table = collection.tables["slices"]
    both = zip(table.column("slice").to_pylist(), table.column("query_id").to_pylist(), strict=True)
    found = {query for one, query in both if one == name}
    if not found:
        raise InputError(f"{collection.name} has no slice {name!r}", expected="one of its table 'slices'")
    return found


def with_several(collection: Collection, least: int) -> set[str]:
    """Ids of the test questions that `least` passages or more are relevant to."""
    test = collection.test
    return {q for q in test.queries.ids if len(test.qrels.relevant(q)) >= least}


def judged_in_full(collection: Collection) -> Collection:
    """The collection with nothing hidden from its training questions: the table `full_train_qrels` as judgements."""
    full = collection.tables.get("full_train_qrels")
    if full is None:
        return collection
    kept = {s: collection.split_named(s).qrels.table for s in collection.splits}
    return collection.replace(qrels={**kept, "train": full})


def about_others(collection: Collection) -> Collection:
    """The collection without the training questions about whom the test asks, however else it asks."""
    tested, train = set(collection.test.queries.column("entity") or ()), collection.train
    both = zip(train.queries.ids, train.queries.column("entity") or (), strict=True)
    kept = {s: collection.split_named(s).qrels.table for s in collection.splits}
    others = train.qrels.select([q for q, entity in both if entity not in tested])
    return collection.replace(qrels={**kept, "train": others.table})


def gold_words(collection: Collection) -> dict[str, int]:
    """Words of the shortest passage that answers each test question, by query id."""
    words = {i: len(t.split()) for i, t in zip(collection.passages.ids, collection.passages.joined, strict=True)}
    qrels = collection.test.qrels
    return {q: min(words[p] for p in qrels.relevant(q)) for q in collection.test.queries.ids}


def by_bucket(
    arms: Mapping[str, Mapping[str, float]], values: Mapping[str, float], name: str, edges: Sequence[float]
) -> list[dict[str, Any]]:
    """Means of each arm between edges of a value of the questions: `{name: "from-to", questions, <arm>: mean, ...}`.

    The first bucket begins below all edges, the last ends above them; a bucket nobody falls into is left out.
    """
    asked = [q for q in values if all(q in arm for arm in arms.values())]
    place = np.searchsorted(np.asarray(edges), [values[q] for q in asked], side="right")
    labels = [f"under {edges[0]:g}", *(f"{a:g} to {b:g}" for a, b in itertools.pairwise(edges))]
    labels.append(f"{edges[-1]:g} and more")
    rows = []
    for number, label in enumerate(labels):
        some = [q for q, at in zip(asked, place.tolist(), strict=True) if at == number]
        if some:
            means = {a: round(float(np.mean([v[q] for q in some])), 4) for a, v in arms.items()}
            rows.append({name: label, "questions": len(some), **means})
    return rows
