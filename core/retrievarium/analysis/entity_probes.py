"""Probes: change one thing about the asked entity, search again, and see what a retriever hung on.

    rename   every name in passages, questions and tables becomes a new, unused one: what was known of names is lost
    rarer    the question is asked of a less popular entity, whose fact is judged as well
    drop     the word that says what is asked is taken out of the question

A name that is one word long is renamed one for one, so a retriever that counts words gives the same scores (tested): if
it changed, the probe would be wrong, not the retriever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.analysis.entities import popularity_of
from retrievarium.analysis.why import presets
from retrievarium.contracts import InputError, Run
from retrievarium.data.world.renaming import rename_collection
from retrievarium.evaluation import Paired, evaluate, measure_name, paired

if TYPE_CHECKING:
    from retrievarium.data import Collection

PROBES = ("rename", "rarer", "drop")
_WORD = re.compile(r"\w+")
_ONSETS = (
    "b",
    "d",
    "f",
    "g",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "z",
    "br",
    "dr",
    "gl",
    "kr",
    "st",
    "tr",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ei", "ou")
_CODAS = ("", "l", "m", "n", "r", "s", "th", "nd", "lk", "rt")
_SHORTEST = 3


def name_tokens(collection: Collection) -> list[str]:
    """Words that are names, in small letters and alphabetical order.

    From the table of entities where it lists them (`tokens`), else the words of titles and asked entities that stand
    nowhere in small letters.
    """
    table = collection.tables.get("entities")
    if table is not None and "tokens" in table.column_names:
        return sorted({t.lower() for told in table.column("tokens").to_pylist() for t in told or ()})
    asked = [str(e) for e in collection.all_queries.column("entity") or [] if e]
    names = {w for text in (*collection.passages.titles, *asked) for w in _WORD.findall(text)}
    names = {w.lower() for w in names if w[0].isupper() and len(w) >= _SHORTEST and w.isalpha()}
    small = {w for text in (*collection.passages.texts, *collection.all_queries.texts) for w in _WORD.findall(text)}
    return sorted(names - {w for w in small if w.islower()})


def rename_mapping(collection: Collection, seed: int = 0) -> dict[str, str]:
    """A new, unused word for every name token; one to one. The same seed gives the same names."""
    tokens = name_tokens(collection)
    if not tokens:
        raise InputError(f"{collection.name} has no names to change", expected="entities, or titles with capitals")
    texts = (*collection.passages.joined, *collection.all_queries.texts)
    used = {w.lower() for text in texts for w in _WORD.findall(text)} | set(tokens)
    rng = np.random.default_rng(seed)
    told: dict[str, str] = {}
    for token in tokens:
        while (new := _name(rng, 2 if len(token) < 9 else 3)) in used:
            pass
        used.add(new)
        told[token] = new
    return told


def _name(rng: np.random.Generator, syllables: int) -> str:
    parts = [p[int(rng.integers(len(p)))] for _ in range(syllables) for p in (_ONSETS, _VOWELS)]
    return "".join(parts) + _CODAS[int(rng.integers(len(_CODAS)))]


def renamed(collection: Collection, seed: int = 0) -> Collection:
    """The collection with every name changed, called `<name>-renamed`; ids and judgements stay."""
    return rename_collection(collection, rename_mapping(collection, seed))


@dataclass(frozen=True)
class Question:
    """A changed question: its text, whose judgements count for it, and what was changed."""

    text: str
    judged_as: str  # query id
    change: str


def rarer_question(collection: Collection, query: str, split: str | None = None) -> Question | None:
    """The same asked of the least popular entity that is asked this relation and less popular; None where none is.

    A question in the same wording is preferred (`template`, else `kind`). Equal popularity: the smaller id.
    """
    return rarer_questions(collection, split).get(query)


def rarer_questions(collection: Collection, split: str | None = None) -> dict[str, Question]:
    """`rarer_question` for every question of a split that has one."""
    known = popularity_of(collection, split)
    queries = collection.split_named(split).queries if split else collection.queries
    relation, entity = queries.column("relation"), queries.column("entity")
    if known is None or not known.values or relation is None or entity is None:
        return {}
    wording = queries.column("template") or queries.column("kind") or [None] * len(queries)
    rows = list(zip(queries.ids, queries.texts, relation, wording, entity, strict=True))
    by_relation: dict[Any, list[tuple[Any, ...]]] = {}
    for row in rows:
        if row[0] in known.values and row[2]:
            by_relation.setdefault(row[2], []).append(row)
    told = {}
    for query, _, asked, words, who in rows:
        if query not in known.values or not asked:
            continue
        rarer = [r for r in by_relation[asked] if known.values[r[0]] < known.values[query] and r[4] != who]
        best = min(rarer, key=lambda r: (r[3] != words, known.values[r[0]], r[0]), default=None)
        if best is not None:
            change = f"{known.label} {known.values[query]:,g}, now {known.values[best[0]]:,g}"
            told[query] = Question(best[1], best[0], change)
    return told


def dropped_questions(collection: Collection, split: str | None = None) -> dict[str, Question]:
    """Every question of a split without the word that says what is asked, where one stands beside the name."""
    told = {}
    for row in collection.split_named(split).queries if split else collection.queries:
        edit = next(p for p in presets(collection, row.text, row.entity, row.relation) if p.key == "drop")
        if edit.text is not None:
            told[row.id] = Question(edit.text, row.id, edit.why)
    return told


def questions_of(probe: str, collection: Collection, split: str | None = None) -> dict[str, Question]:
    """The changed questions of a probe, by the id of the question they are made from; `rename` changes them all."""
    if probe == "rarer":
        return rarer_questions(collection, split)
    if probe == "drop":
        return dropped_questions(collection, split)
    if probe == "rename":
        there = renamed(collection)
        queries = collection.split_named(split).queries if split else collection.queries
        return {q: Question(there.all_queries[q].text, q, "every name is new") for q in queries.ids}
    raise InputError(f"there is no probe {probe!r}", field="probe", expected=f"one of {', '.join(PROBES)}")


@dataclass(frozen=True)
class Probed:
    """A measure before and after, over the questions that could be changed."""

    before: Mapping[str, float]
    after: Mapping[str, float]
    difference: Paired
    left_out: int  # judged questions that could not be changed


def probed(
    before: Run,
    after: Run,
    questions: Mapping[str, Question],
    collection: Collection,
    split: str | None = None,
    measure: str = "nDCG@10",
) -> Probed:
    """Compare a run over the questions with one over the changed ones (ids of the questions they were made from).

    A changed question is judged by the judgements of `judged_as`. Raises InputError where nothing could be changed.
    """
    qrels = collection.split_named(split).qrels if split else collection.qrels
    asked = [q for q in qrels.query_ids if q in questions and questions[q].judged_as in qrels]
    if not asked:
        raise InputError("no judged question could be changed", field="questions")
    name = measure_name(measure)
    old = evaluate(before.select([q for q in asked if q in before]), qrels.select(asked), [name], collection).per_query[
        name
    ]
    judged = {q: dict(qrels.judged(questions[q].judged_as)) for q in asked}
    new = evaluate(after.select([q for q in asked if q in after]), judged, [name], collection).per_query[name]
    return Probed(old, new, paired(old, new), len(qrels.query_ids) - len(asked))
