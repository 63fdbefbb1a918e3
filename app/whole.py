"""Over all queries: runs, who finds what, measures, differences."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from columns import ready_parts, run_key, run_task
from desk import desk
from retrievarium.analysis import disagreements, first_relevant, groups
from retrievarium.contracts import Run
from retrievarium.data import Collection
from retrievarium.evaluation import Comparison, Evaluation, Paired, evaluate, holm, paired
from state import EVERYTHING, Selection, in_slice

MEASURES = ("nDCG@10", "RR@10", "R@20", "Success@5")


@dataclass(frozen=True)
class Overall:
    """What the ready columns say over all queries of a split and slice."""

    queries: tuple[str, ...]
    runs: Mapping[str, Run]
    disagreement: Mapping[str, float]  # by query, the mean over all pairs of columns
    apart: Mapping[tuple[str, str], Mapping[str, float]]  # the same for each pair, by query
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
    able = [s for s in chosen.retrievers if ready_parts(s, collection)]
    left_out = [s for s in chosen.retrievers if s not in able]
    waiting, done = [], []
    for spec in able:
        task = run_task(collection, chosen.split, spec)
        if task.state == "working":
            waiting.append(run_key(collection, chosen.split, spec))
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
    apart = {(a, b): disagreements([runs[a], runs[b]], queries) for a, b in itertools.combinations(runs, 2)}
    unlike = {q: sum(u[q] for u in apart.values()) / max(1, len(apart)) for q in queries}
    if not chosen.split:
        return Overall(queries, runs, unlike, apart, {}, {}, None, groups({}, unlike, chosen.k))
    qrels = collection.split_named(chosen.split).qrels
    ranks = {s: {q: r for q, r in first_relevant(run, qrels).items() if q in inside} for s, run in runs.items()}
    evaluations = {s: _evaluation(collection, chosen, s, run, chosen.measure) for s, run in runs.items()}
    if chosen.slice != EVERYTHING:
        evaluations = {s: _within(e, queries) for s, e in evaluations.items()}
    comparison = _comparison(chosen.measure, evaluations, runs)
    return Overall(queries, runs, unlike, apart, ranks, evaluations, comparison, groups(ranks, unlike, chosen.k))


def _comparison(measure: str, evaluations: Mapping[str, Evaluation], runs: Mapping[str, Run]) -> Comparison | None:
    """As the library's `compare`, from values that are already there."""
    first, *others = evaluations
    base = evaluations[first].per_query[measure]
    if not others or not base:
        return None
    differences: dict[str, Paired] = {n: paired(base, evaluations[n].per_query[measure]) for n in others}
    corrected = dict(zip(others, holm([d.p for d in differences.values()]), strict=True))
    return Comparison(measure, evaluations, differences, corrected, runs)
