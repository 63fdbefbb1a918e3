"""What contrasts share: arms from searches, and what stands beside them in the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from retrievarium.contracts import Progress
from retrievarium.data import World
from retrievarium.data.views import Qrels
from retrievarium.evaluation import evaluate
from retrievarium.methods.building import build
from retrievarium.methods.registry import Arms
from retrievarium.training import false_negative_rate

if TYPE_CHECKING:
    from retrievarium.data import Collection

BESIDE = ("Success@1", "Success@5", "Success@10", "RR@10", "nDCG@10", "R@20")
_FIFTHS = ("lowest fifth", "second", "third", "fourth", "highest fifth")


def measure_arms(retrievers: Mapping[str, Any], collection: Collection, measure: str, k: int = 100) -> Arms:
    """`{arm: {query id: value}}` over the test split; beside it the means of other measures, and the measure by
    fifths of overlap and by slice where the collection knows them."""
    test = collection.test
    arms = Arms()
    means: dict[str, dict[str, float]] = {}
    for name, retriever in retrievers.items():
        scored = evaluate(retriever.search(test.queries, k), test.qrels, [measure, *BESIDE])
        arms[name] = dict(scored.per_query[measure])
        means[name] = {m: round(v, 4) for m, v in scored.means.items()}
    arms.beside = {"means": means, "collection": {"name": collection.name, "fingerprint": collection.fingerprint}}
    if "causes" in collection.tables:
        arms.beside["by overlap"] = by_fifth(arms, overlaps(collection))
    if "slices" in collection.tables:
        arms.beside["by slice"] = by_slice(arms, collection)
    return arms


def overlaps(collection: Collection) -> dict[str, float]:
    """Share of each test question's idf weight that its gold passage holds, by query id."""
    table = collection.tables["causes"]
    shares = [thousandths / 1000 for thousandths in table.column("overlap").to_pylist()]
    return dict(zip(table.column("query_id").to_pylist(), shares, strict=True))


def by_fifth(arms: Mapping[str, Mapping[str, float]], overlap: Mapping[str, float]) -> list[dict[str, Any]]:
    """Means by fifths of overlap, lowest first: `{fifth, overlap, questions, <arm>: mean, ...}`."""
    ordered = sorted(overlap, key=lambda q: (overlap[q], q))
    rows = []
    for name, part in zip(_FIFTHS, np.array_split(np.array(ordered, dtype=object), 5), strict=True):
        asked = [q for q in part.tolist() if all(q in values for values in arms.values())]
        if asked:
            row = {"fifth": name, "overlap": _mean([overlap[q] for q in asked]), "questions": len(asked)}
            rows.append(row | {a: _mean([v[q] for q in asked]) for a, v in arms.items()})
    return rows


def by_slice(arms: Mapping[str, Mapping[str, float]], collection: Collection) -> dict[str, dict[str, float]]:
    """Means over the questions of each slice that were asked: `{slice: {questions, <arm>: mean, ...}}`."""
    table = collection.tables["slices"]
    members: dict[str, list[str]] = {}
    first = next(iter(arms.values()))
    for name, query in zip(table.column("slice").to_pylist(), table.column("query_id").to_pylist(), strict=True):
        if query in first:
            members.setdefault(name, []).append(query)
    return {
        name: {"questions": len(asked), **{a: _mean([v[q] for q in asked]) for a, v in arms.items()}}
        for name, asked in sorted(members.items())
    }


def with_full_judgements(collection: Collection) -> Collection:
    """The collection with all that is true of its training questions as the table `full_train_qrels`.

    A World hides some of it (`hidden_positives`) from the train split; only oracles may look.
    """
    known = collection.train.qrels.table.select(["query_id", "passage_id", "grade"])
    seen = [*collection.meta.get("training_tables", ()), "full_train_qrels"]
    return collection.replace(
        tables={"full_train_qrels": known, **collection.tables}, meta={**collection.meta, "training_tables": seen}
    )


def full_judgements(collection: Collection) -> Qrels | None:
    """The table `full_train_qrels`, where the collection lets it be seen."""
    table = collection.tables.get("full_train_qrels")
    return None if table is None else Qrels(table)


def false_negatives(measured: Arms, collection: Collection) -> dict[str, float]:
    """By arm, the share of its hard negatives that are true (see `with_full_judgements`); stands beside from now on.

    A method puts some into its lineage as `hard negatives`, `{query id: [passage id, ...]}`; of them the share is kept.
    """
    truth = full_judgements(collection)
    assert truth is not None
    lists = {arm: told.pop("hard negatives", {}) for arm, told in measured.beside["lineage"].items()}
    measured.beside["false negatives"] = rates = {a: false_negative_rate(n, truth) for a, n in lists.items()}
    return rates


def claim_world(seed: int, budget: str, **dials: int) -> Collection:
    """The World that a claim's seed draws: 5,000 passages, 300 in `smoke`."""
    return World(seed, 300 if budget == "smoke" else 5_000, **dials).collection()


def measure_builds(
    key: str,
    collection: Collection,
    measure: str,
    arms: Mapping[str, Mapping[str, Any]],
    budget: str,
    seed: int,
    device: str | None,
    progress: Progress,
    beside: Mapping[str, Any] = MappingProxyType({}),
    change: Callable[[dict[str, Any]], tuple[Mapping[str, Any], Mapping[str, Any]]] | None = None,
    **common: Any,
) -> Arms:
    """Build a method in several settings, by arm, and measure what comes out.

    beside: further retrievers, by arm. common: settings of all arms that do not say otherwise.
    change: from the retrievers that were built, by arm, to those that are measured, and what to tell of it.
    """
    built = {n: build(key, collection, budget, seed, device, progress, **{**common, **own}) for n, own in arms.items()}
    whole: Mapping[str, Any] = {name: b.retriever for name, b in built.items()}
    searching, told = change(dict(whole)) if change else (whole, {})
    measured = measure_arms({**beside, **searching}, collection, measure)
    measured.beside |= told
    measured.beside["lineage"] = {name: dict(b.report["lineage"]) for name, b in built.items()}
    measured.beside["seconds"] = {name: b.report["seconds"] for name, b in built.items()}
    return measured


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def levelled(curve: Sequence[Mapping[str, float]], fall: float = 0.05) -> float:
    """>= 0 where a training's loss has levelled: over the last quarter of its steps it is at most `fall` (a share)
    below the quarter before. A curve too short to tell gives -1."""
    last = max((entry["step"] for entry in curve), default=0)
    losses = [(entry["step"] / last, entry["loss"]) for entry in curve if "loss" in entry]
    before, after = ([v for at, v in losses if low < at <= low + 0.25] for low in (0.5, 0.75))
    if not before or not after:
        return -1.0
    return fall - (1 - _mean(after) / _mean(before))


def sibling_errors(retriever: Any, world: Collection) -> float:
    """Of a World's test questions whose first passage is wrong, the share where it is a sibling of the right one: it
    names the subject without telling what is asked, or tells the same relation of a subject with a like name."""
    asked, named = (
        world.test.queries,
        dict(zip(world.passages.ids, world.passages.column("entities") or [], strict=True)),
    )
    tokens = {row["id"]: set(row["tokens"]) for row in world.tables["entities"].select(["id", "tokens"]).to_pylist()}
    told: dict[tuple[str, str], list[set[str]]] = {}
    for row in world.tables["propositions"].select(["passage_id", "subject", "relation"]).to_pylist():
        told.setdefault((row["passage_id"], row["relation"]), []).append(tokens[row["subject"]])
    wrong = []
    for query, ranking in retriever.search(asked, 1):
        first, entity, relation = ranking.ids[0], asked[query].entity, asked[query].relation
        if first not in world.test.qrels.relevant(query):
            alike = any(tokens[entity] & others for others in told.get((first, relation), []))
            wrong.append(alike or entity in named[first])
    return _mean(wrong) if wrong else 0.0


def _siblings(collection: Collection) -> dict[tuple[str, str], list[str]]:
    """Passages by (entity, relation)."""
    table = collection.tables["siblings"]
    by_fact: dict[tuple[str, str], list[str]] = {}
    columns = (table.column(c).to_pylist() for c in ("entity", "relation", "passage_id"))
    for entity, relation, passage in zip(*columns, strict=True):
        by_fact.setdefault((entity, relation), []).append(passage)
    return by_fact


def with_siblings(collection: Collection) -> Collection:
    """The collection with its true siblings as the table `negatives`: passages that look right and are wrong.

    A World knows them for each subject and relation; a method takes them as `hard="given"`.
    """
    by_fact, asked = _siblings(collection), collection.train.queries
    pairs = [
        (query, passage)
        for query, entity, relation in zip(
            asked.ids, asked.column("entity") or [], asked.column("relation") or [], strict=True
        )
        for passage in by_fact.get((entity, relation), [])
        if passage not in collection.train.qrels.relevant(query)
    ]
    negatives = pa.table({"query_id": [q for q, _ in pairs], "passage_id": [p for _, p in pairs]})
    seen = [*collection.meta.get("training_tables", ()), "negatives"]
    return collection.replace(
        tables={**collection.tables, "negatives": negatives}, meta={**collection.meta, "training_tables": seen}
    )
