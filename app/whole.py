"""Answers of the chosen retrievers: for one question at once, for all queries as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sources
from desk import Task, desk
from retrievarium.analysis import describe, disagreements, first_relevant, groups, kept_run
from retrievarium.contracts import Ranking, RetrievariumError, Run
from retrievarium.data import Collection
from retrievarium.evaluation import Comparison, Evaluation, Paired, evaluate, holm, paired
from retrievarium.retrievers import BaseRetriever, FrozenRun, parse_retriever
from sources import Want
from state import EVERYTHING, Selection, in_slice

DEPTH = 100  # of every run; "not in the top 100"
_POOL = 200  # depth of the parts of a fusion, as the library's operators take them
MEASURES = ("nDCG@10", "RR@10", "R@20", "Success@5")
_PATIENCE = 0.35  # seconds that a page waits for a single search before it shows what it has


@dataclass(frozen=True)
class Column:
    """One retriever's answer to one question."""

    name: str
    state: str  # ready, working, wants, failed
    ranking: Ranking | None = None
    note: str = ""
    wants: Sequence[Want] = ()
    keys: Sequence[Any] = ()


# -- retrievers


def _retriever_key(collection: Collection, name: str) -> tuple[str, ...]:
    return ("retriever", collection.text_fingerprint, name)


def _loading(collection: Collection, name: str) -> Task:
    return desk().task(_retriever_key(collection, name), lambda: sources.single(name, collection), "load")


def _retriever(collection: Collection, name: str) -> BaseRetriever:
    """The retriever of one name; made once, waited for by whoever needs it."""
    return _loading(collection, name).result()


def _combined(spec: str, resolve: Callable[[str], BaseRetriever]) -> BaseRetriever:
    found = resolve(spec) if spec.startswith(sources.IMPORTED) else parse_retriever(spec, resolve)
    found.name = spec
    return found


def warm_up(collection: Collection, specs: Sequence[str]) -> None:
    """Start to load what the columns need, so that a question of one's own is answered at once."""
    for spec in specs:
        for name in _ready_parts(spec, collection):
            _loading(collection, name)


def _ready_parts(spec: str, collection: Collection) -> list[str]:
    return [] if sources.why_not(spec, collection) or sources.wants(spec, collection) else sources.parts(spec)


# -- all queries


def _cheap_description(collection: Collection, name: str) -> Mapping[str, Any]:
    """What a retriever's results depend on. MiniLM's weights are pinned, so a kept run shows without loading it."""
    if name == "minilm":
        return {"kind": "dense", "encoder": "minilm", "index": "Flat"}
    return describe(_retriever(collection, name))


def _queries(collection: Collection, split: str) -> Any:
    return collection.split_named(split).queries if split else collection.all_queries


def _base_run(collection: Collection, split: str, name: str) -> Run:
    queries = _queries(collection, split)
    return kept_run(
        collection,
        queries,
        _cheap_description(collection, name),
        _POOL,
        lambda: _retriever(collection, name).search(queries, _POOL),
    )


def _whole_run(collection: Collection, split: str, spec: str) -> Run:
    """Depth 100 over all queries of a split. Combinations are made of kept runs where ranks and scores suffice."""
    if spec.startswith(sources.IMPORTED):
        frozen = _retriever(collection, spec)
        return frozen.search(_queries(collection, split), DEPTH)
    names = sources.parts(spec)
    if names == [spec]:
        return _base_run(collection, split, spec).top(DEPTH)
    queries = _queries(collection, split)
    if ">>" in spec:  # a cascade scores passages anew
        return _combined(spec, lambda n: _retriever(collection, n)).search(queries, DEPTH)
    kept = {n: FrozenRun(_base_run(collection, split, n), n) for n in names}
    return _combined(spec, lambda n: kept[n]).search(queries, DEPTH)


def _run_key(collection: Collection, split: str, spec: str) -> tuple[str, ...]:
    return ("run", collection.fingerprint, split, spec)


def run_task(collection: Collection, split: str, spec: str) -> Task:
    return desk().task(_run_key(collection, split, spec), lambda: _whole_run(collection, split, spec), "whole")


# -- one question


def _one(collection: Collection, spec: str, text: str) -> Ranking:
    return _combined(spec, lambda n: _retriever(collection, n)).search({"q": text}, DEPTH)["q"]


def columns(collection: Collection, chosen: Selection, query: str, text: str) -> list[Column]:
    """Every chosen retriever's answer; what needs more than a moment is marked as working and comes later.

    `query` is empty for a question of one's own.
    """
    told = []
    patience = _PATIENCE
    for spec in chosen.retrievers:
        column = _column(collection, chosen, spec, query, text, patience)
        told.append(column)
        patience = patience if column.state == "ready" else 0.05
    return told


def _column(collection: Collection, chosen: Selection, spec: str, query: str, text: str, patience: float) -> Column:
    wrong = sources.why_not(spec, collection)
    if wrong:
        return Column(spec, "failed", note=wrong)
    needed = sources.wants(spec, collection)
    if needed:
        return Column(spec, "wants", wants=needed)
    if query:
        whole = desk().peek(_run_key(collection, chosen.split, spec))
        if whole is not None and whole.state == "ready" and query in whole.value:
            return Column(spec, "ready", whole.value[query])
    elif spec.startswith(sources.IMPORTED):
        return Column(spec, "failed", note="An imported run holds its own queries only; it cannot answer a new one.")
    # what is still loading is not asked: a question that waits would keep others from being answered
    loading = [n for n in sources.parts(spec) if _loading(collection, n).state == "working"]
    if loading:
        waited = _loading(collection, loading[0]).wait(patience)
        loading = [n for n in loading if _loading(collection, n).state == "working"]
        if waited.state == "working" or loading:
            keys = [_retriever_key(collection, n) for n in loading]
            return Column(spec, "working", note=f"loading {loading[0]}", keys=keys)
    key, work = _question(collection, spec, query, text)
    task = desk().task(key, work).wait(patience)
    if task.state == "failed":
        return Column(spec, "failed", note=task.error, keys=[key])
    if task.state == "working":
        return Column(spec, "working", note="searching", keys=[key])
    return Column(spec, "ready", task.value)


def _question(
    collection: Collection, spec: str, query: str, text: str
) -> tuple[tuple[str, ...], Callable[[], Ranking]]:
    """Key and work of one search: by id where an imported run takes part, else by text."""
    if query and any(p.startswith(sources.IMPORTED) for p in sources.parts(spec)):
        return ("one-of-run", collection.fingerprint, spec, query), lambda: _of_run(collection, spec, query)
    return ("one", collection.text_fingerprint, spec, text), lambda: _one(collection, spec, text)


def _of_run(collection: Collection, spec: str, query: str) -> Ranking:
    return _combined(spec, lambda n: _retriever(collection, n)).search(collection.all_queries.select([query]), DEPTH)[
        query
    ]


# -- over all queries


@dataclass(frozen=True)
class Overall:
    """What the ready columns say over all queries of a split and slice."""

    queries: tuple[str, ...]
    runs: Mapping[str, Run]
    disagreement: Mapping[str, float]
    ranks: Mapping[str, Mapping[str, int | None]]
    evaluations: Mapping[str, Evaluation]
    comparison: Comparison | None  # None without judgements or with one column
    groups: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """How far the look over all queries is."""

    overall: Overall | None
    waiting: Sequence[Any] = ()  # keys of tasks that are not done
    failed: str = ""
    left_out: Sequence[str] = ()  # columns that cannot take part yet


def overall(collection: Collection, chosen: Selection) -> Progress:
    """The look over all queries, as far as it is: waits for nothing."""
    if not len(collection.all_queries):
        return Progress(None)
    able = [s for s in chosen.retrievers if _ready_parts(s, collection)]
    left_out = [s for s in chosen.retrievers if s not in able]
    waiting, done = [], []
    for spec in able:
        task = run_task(collection, chosen.split, spec)
        if task.state == "working":
            waiting.append(_run_key(collection, chosen.split, spec))
        elif task.state == "ready":
            done.append(spec)
        else:
            left_out.append(spec)
    if waiting or not done:
        return Progress(None, waiting, left_out=left_out)
    key = ("overall", collection.fingerprint, chosen.split, chosen.slice, tuple(done), chosen.measure, chosen.k)
    task = desk().task(key, lambda: _overall(collection, chosen, done), "whole")
    task.wait(0.02)
    if task.state == "working":
        return Progress(None, [key], left_out=left_out)
    return Progress(task.value, failed=task.error, left_out=left_out)


def _evaluation(collection: Collection, chosen: Selection, spec: str, run: Run, measure: str) -> Evaluation:
    """Per-query values of the usual measures; kept on the desk, since changing k or the slice does not change them."""
    key = ("evaluation", collection.fingerprint, chosen.split, spec, measure)
    known = desk().peek(key)
    if known is not None and known.state == "ready":
        return known.value
    qrels = collection.split_named(chosen.split).qrels
    value = evaluate(run, qrels, list(dict.fromkeys([*MEASURES, measure])), collection)
    desk().task(key, lambda: value)
    return value


def _within(evaluation: Evaluation, queries: Sequence[str]) -> Evaluation:
    inside = set(queries)
    per_query = {m: {q: v for q, v in values.items() if q in inside} for m, values in evaluation.per_query.items()}
    means = {m: sum(v.values()) / len(v) for m, v in per_query.items() if v}
    return Evaluation(means, per_query, len(next(iter(per_query.values()))), (), ())


def _overall(collection: Collection, chosen: Selection, specs: Sequence[str]) -> Overall:
    runs = {s: run_task(collection, chosen.split, s).value for s in specs}
    queries = in_slice(collection, chosen.split, chosen.slice)
    inside = set(queries)
    unlike = disagreements(list(runs.values()), queries)
    if not chosen.split:
        return Overall(queries, runs, unlike, {}, {}, None, groups({}, unlike, chosen.k))
    qrels = collection.split_named(chosen.split).qrels
    ranks = {s: {q: r for q, r in first_relevant(run, qrels).items() if q in inside} for s, run in runs.items()}
    evaluations = {s: _evaluation(collection, chosen, s, run, chosen.measure) for s, run in runs.items()}
    if chosen.slice != EVERYTHING:
        evaluations = {s: _within(e, queries) for s, e in evaluations.items()}
    comparison = _comparison(chosen.measure, evaluations, runs)
    return Overall(queries, runs, unlike, ranks, evaluations, comparison, groups(ranks, unlike, chosen.k))


def _comparison(measure: str, evaluations: Mapping[str, Evaluation], runs: Mapping[str, Run]) -> Comparison | None:
    """As the library's `compare`, from values that are already there."""
    first, *others = evaluations
    base = evaluations[first].per_query[measure]
    if not others or not base:
        return None
    differences: dict[str, Paired] = {n: paired(base, evaluations[n].per_query[measure]) for n in others}
    corrected = dict(zip(others, holm([d.p for d in differences.values()]), strict=True))
    return Comparison(measure, evaluations, differences, corrected, runs)


def problem(collection_name: str) -> str:
    """Why a collection cannot be opened, in a sentence."""
    from retrievarium.data import load_collection

    try:
        load_collection(collection_name)
    except RetrievariumError as error:
        return str(error)
    return ""
