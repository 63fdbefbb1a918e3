"""The granularity bench: the retrieval unit as a variable, measured by one protocol.

For every retriever and every kind of unit: passage recall at equal k (by answer and by judgement), the share of
questions whose answer stands within the first l retrieved words (equal words), and what the index costs.
Source: Chen et al., 2023 (2312.06648).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.analysis.unit_cells import Cell, make_cell, named_encoders
from retrievarium.analysis.unit_shelf import keep_bench
from retrievarium.contracts import InputError, MissingError, Progress, no_progress
from retrievarium.evaluation import evaluate, mean_intervals
from retrievarium.evaluation.granularity import Texts, answer_at, answer_in_words, em_at_words, first_answer_word
from retrievarium.units import (
    KINDS,
    Decomposer,
    DecompositionReport,
    Oracle,
    RandomCuts,
    Rules,
    Units,
    decomposition_report,
    group_units,
    units_of,
)
from retrievarium.units.table import plural
from retrievarium.units.truth import Truth
from retrievarium.workspace import Workspace, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection

CUTS = (5, 20)
WORDS = (100, 200, 500)
MOST_WORDS = 500
GRID = tuple(range(0, MOST_WORDS + 1, 10))
UNITS = ("document", "passage", "sentence", "rules")
DECOMPOSERS = ("oracle", "rules", "random cuts")
_STEPS = 1_000  # of progress a cell

Key = tuple[str, str]
"""Retriever and kind of unit."""


@dataclass(frozen=True)
class Bench:
    """The whole table.

    rows: one a retriever and unit: means, `<measure> low` and `<measure> high`, `<measure> gain` over the passage
        index with its own interval (paired, over queries), and the costs.
    slices: the same measures by group of questions (popularity, kind).
    curves: by retriever and unit, the share of questions whose answer stands in the first l words, l in `GRID`.
    values: by retriever and unit, by measure, each query's value.
    reports: what each decomposition gets wrong, where the collection knows its facts.
    untestable: what could not be measured here, with the reason.
    """

    collection: str
    split: str
    measures: tuple[str, ...]
    rows: list[dict[str, Any]]
    slices: list[dict[str, Any]]
    curves: dict[Key, list[float]]
    values: dict[Key, dict[str, dict[str, float]]]
    cells: dict[Key, Cell]
    reports: dict[str, DecompositionReport] = field(default_factory=dict)
    untestable: dict[str, str] = field(default_factory=dict)

    def row(self, retriever: str, unit: str) -> dict[str, Any]:
        return next(r for r in self.rows if (r["retriever"], r["unit"]) == (retriever, unit))

    def __repr__(self) -> str:
        kinds = dict.fromkeys(unit for _, unit in self.cells)
        return f"Bench({self.collection!r}, {', '.join(kinds)}; {', '.join(dict.fromkeys(r for r, _ in self.cells))})"


def granularity(
    collection: Collection,
    retrievers: Sequence[str] = ("bm25", "minilm"),
    units: Sequence[str | Units | Decomposer] = UNITS,
    *,
    split: str | None = None,
    encoders: Mapping[str, Any] | None = None,
    titles: bool = True,
    reader: Any = None,
    ws: Workspace | None = None,
    progress: Progress = no_progress,
) -> Bench:
    """Measure every retriever over every kind of unit. Each cell is kept: a second call reads, a stopped one goes on.

    Parameters
    ----------
    retrievers: "bm25", or what `load_encoder` understands.
    units: kinds ("document", "passage", "block", "sentence", "phrase"), "oracle", "rules", "random cuts" (as many and
        as long as the propositions before them), "group" (documents that name each other, up to 600 words) and
        "random groups" of the same sizes, a decomposer, or units that are there already.
    split: whose questions; the default split unless given.
    encoders: encoders by name that need not be loaded.
    titles: the passage's title stands before each unit, for all kinds alike.
    reader: `reader(question, text) -> str`; adds `EM@l`. A bench with a reader is measured anew, not kept.
    progress: may raise `Cancelled`; what is finished is kept.
    """
    from retrievarium.encoders import load_encoder

    ws, chosen = ws or workspace(), split or collection.default_split
    if chosen is None:
        raise MissingError(
            f"{collection.name} has no judgements to measure by", fix="import its qrels, or look at one question"
        )
    asked = collection.split_named(chosen)
    if not len(asked.queries):
        raise InputError(f"{collection.name} has no questions in {chosen}", field="split")
    every = _all_units(collection, units, titles, ws, progress)
    engines = named_encoders(tuple(retrievers), dict(encoders or {}), load_encoder)
    cells: dict[Key, Cell] = {}
    total = len(engines) * len(every)
    for name, by in engines:
        for made in every:
            at = len(cells)
            tell = _part(progress, at, total, f"{name}, {plural(made.kind)}")
            cells[name, made.kind] = make_cell(collection, made, by, name, chosen, MOST_WORDS, ws, tell)
    progress(total * _STEPS, total * _STEPS, "measuring", {})
    bench = measure_cells(collection, chosen, cells, reader)
    specs = [u for u in units if isinstance(u, str)]
    if len(specs) == len(units) and reader is None:
        fingerprints = ["bm25" if by == "bm25" else by.fingerprint for _, by in engines]
        keep_bench(bench, collection, retrievers, specs, fingerprints, titles, ws)
    return bench


def _part(progress: Progress, at: int, total: int, name: str) -> Progress:
    """Progress of one cell as a part of all."""

    def tell(done: int, of: int, what: str, metrics: Mapping[str, float]) -> None:
        share = int(_STEPS * done / of) if of else 0
        progress(at * _STEPS + share, total * _STEPS, f"{name}: {what}", metrics)

    return tell


def units_named(
    collection: Collection, spec: str | Units | Decomposer, before: Sequence[Units] = (), *, titles: bool = True,
    ws: Workspace | None = None, progress: Progress = no_progress,
) -> Units:  # fmt: skip
    """Units by what `granularity` accepts; `before` are those made already, which random cuts are cut like."""
    if isinstance(spec, Units):
        return spec
    if isinstance(spec, Decomposer):
        return spec.units(collection, titles=titles, progress=progress, ws=ws)
    if spec in KINDS:
        return units_of(collection, spec, titles=titles, progress=progress)
    if spec in ("group", "random groups"):
        return group_units(collection, at_random=spec != "group", titles=titles)
    if spec == "random cuts":
        like = next((u for u in reversed(before) if u.kind.startswith("proposition")), None)
        spec_like = like or Rules().units(collection, titles=titles, progress=progress, ws=ws)
        return RandomCuts(spec_like).units(collection, titles=titles, progress=progress, ws=ws)
    if spec in ("oracle", "rules"):
        maker = Oracle() if spec == "oracle" else Rules()
        return maker.units(collection, titles=titles, progress=progress, ws=ws)
    from retrievarium.generation.decomposing import decomposer_named

    return decomposer_named(spec, ws, progress).units(collection, titles=titles, progress=progress, ws=ws)


def _all_units(
    collection: Collection, specs: Sequence[Any], titles: bool, ws: Workspace, progress: Progress
) -> list[Units]:
    made: list[Units] = []
    for spec in specs:
        made.append(units_named(collection, spec, made, titles=titles, ws=ws, progress=progress))
    kinds = [u.kind for u in made]
    if len(set(kinds)) < len(kinds):
        twice = next(k for k in kinds if kinds.count(k) > 1)
        raise InputError(f"{twice!r} is asked for twice", field="units")
    if not made:
        raise InputError("there is nothing to compare", field="units", expected=f"one of {KINDS} or {DECOMPOSERS}")
    return made


# -- measuring


def measure_cells(collection: Collection, split: str, cells: dict[Key, Cell], reader: Any = None) -> Bench:
    """The table from the runs alone: nothing is searched."""
    asked = collection.split_named(split)
    answers = {q: a for q, a in asked.queries.answers.items() if Texts.fold(a)}
    texts = Texts(dict(zip(collection.passages.ids, collection.passages.texts, strict=True)))
    untestable = {} if answers else {"answers": f"{collection.name} has no answers: recall by judgement alone"}
    untestable |= {} if reader else {"EM@l": "no reader was named: EM needs one"}
    values: dict[Key, dict[str, dict[str, float]]] = {}
    curves: dict[Key, list[float]] = {}
    for key, cell in cells.items():
        judged = evaluate(cell.passage_run, asked.qrels, [f"R@{k}" for k in CUTS])
        own = {f"R@{k}": dict(judged.per_query[f"R@{k}"]) for k in CUTS}
        if answers:
            own |= {f"Answer@{k}": answer_at(cell.passage_run, k, answers, texts) for k in CUTS}
            needed = first_answer_word(cell.unit_run, cell.units, answers, MOST_WORDS)
            own |= {f"Answer@{n}w": {q: float(v <= n) for q, v in needed.items()} for n in WORDS}
            curves[key] = answer_in_words(needed, GRID).tolist()
        if reader and answers:
            read = (cell.unit_run, cell.units, reader, asked.queries.asked, answers)
            own |= {f"EM@{n}w": em_at_words(*read, n) for n in WORDS[:-1]}
        values[key] = {m: v for m, v in own.items() if v}
    measures = tuple(dict.fromkeys(m for own in values.values() for m in own))
    rows = _rows(values, measures, {k: c.costs for k, c in cells.items()})
    slices = [
        {"by": by, "group": group, "questions": len(members), **row}
        for by, groups in question_groups(collection, split).items()
        for group, members in groups.items()
        for row in _rows(_only(values, members), measures, {})
    ]
    reports = _reports(collection, {kind: cell.units for (_, kind), cell in cells.items()})
    return Bench(collection.name, split, measures, rows, slices, curves, values, cells, reports, untestable)


def _reports(collection: Collection, units: Mapping[str, Units]) -> dict[str, DecompositionReport]:
    if not Truth.known(collection):
        return {}
    wanted = {k: u for k, u in units.items() if k == "sentence" or k.startswith("proposition")}
    return {kind: decomposition_report(made, collection) for kind, made in wanted.items()}


def question_groups(collection: Collection, split: str) -> dict[str, dict[str, list[str]]]:
    """Questions by popularity of what they ask of (quarters, or as the collection says it) and by kind."""
    from retrievarium.analysis.entities import groupings, popularity_of

    found: dict[str, dict[str, list[str]]] = {}
    known = popularity_of(collection, split, bins=4)
    told = {known.label: dict(known.bins)} if known else {}
    others = {g.label: dict(g.groups) for g in groupings(collection, split)}
    kind = "kind of question" if "kind of question" in others else "question word"
    told |= {label: others[label] for label in (kind, "relation") if label in others}
    asked = collection.split_named(split).queries
    for label, groups in told.items():
        members: dict[str, list[str]] = {}
        for query, group in groups.items():
            if query in asked:
                members.setdefault(group, []).append(query)
        if 1 < len(members) <= 40:
            found[label] = members
    return found


def _only(values: dict[Key, dict[str, dict[str, float]]], members: Sequence[str]) -> Any:
    wanted = set(members)
    return {
        key: {m: {q: v for q, v in by.items() if q in wanted} for m, by in own.items()} for key, own in values.items()
    }


def _rows(
    values: Mapping[Key, Mapping[str, Mapping[str, float]]],
    measures: Sequence[str],
    costs: Mapping[Key, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Means with intervals, and paired gains over the same retriever's passage index."""
    rows: dict[Key, dict[str, Any]] = {k: {"retriever": k[0], "unit": k[1]} for k in values}
    for measure in measures:
        keys = [k for k in values if values[k].get(measure)]
        if not keys:
            continue
        queries = sorted(values[keys[0]][measure])
        table = np.array([[values[k][measure][q] for q in queries] for k in keys])
        base = {k: keys.index((k[0], "passage")) for k in keys if (k[0], "passage") in keys}
        gains = np.array([table[i] - table[base[k]] for i, k in enumerate(keys) if k in base])
        stacked = np.concatenate([table, gains]) if len(gains) else table
        limits = mean_intervals(stacked)
        compared = [k for k in keys if k in base]
        for i, key in enumerate(keys):
            rows[key] |= {measure: _short(table[i].mean()), f"{measure} low": _short(limits[i, 0])}
            rows[key][f"{measure} high"] = _short(limits[i, 1])
            rows[key]["questions"] = len(queries)
        for i, key in enumerate(compared):
            if key[1] != "passage":
                low, high = limits[len(keys) + i]
                rows[key] |= {f"{measure} gain": _short(gains[i].mean()), f"{measure} gain low": _short(low)}
                rows[key][f"{measure} gain high"] = _short(high)
    return [{**rows[k], **costs.get(k, {})} for k in values]


def _short(value: float) -> float:
    return round(float(value), 6) if math.isfinite(value) else float("nan")
