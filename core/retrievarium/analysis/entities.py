"""What a collection knows about the entities its questions ask for: relation, popularity, what training has shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError
from retrievarium.evaluation.breakdown import OTHER, buckets, pooled, quantile_edges

if TYPE_CHECKING:
    from retrievarium.data import Collection, Queries

NO_TRAINING = "not defined here: no training set"
_FEW = 12  # different values that are shown one by one
_NAMED = ("fame", "popularity_class")  # columns that order entities by words
_MOST_ENTITIES = 60
_ASKING = re.compile(r"\b(how\s+(?:many|much|long|old|far|often)|who(?:m|se)?|when|where|why|which|what|how)\b")
_WORD_ORDER = (
    "obscure",
    "unknown",
    "rare",
    "low",
    "middling",
    "medium",
    "known",
    "high",
    "popular",
    "common",
    "famous",
)


@dataclass(frozen=True)
class Popularity:
    """How well known the asked entities are. `bins`: label by query id, least known first."""

    label: str  # what is counted, with its unit
    source: str  # where the numbers come from
    values: Mapping[str, float]  # empty where the collection has words only
    bins: Mapping[str, str]
    unknown: int = 0  # questions of the split without a value


@dataclass(frozen=True)
class Seen:
    """What the training set has shown of each question; only queries of which both are known.

    `groups`: label by query id where the collection divides finer than the two by two (held-out relations).
    """

    entity: Mapping[str, bool]
    pattern: Mapping[str, bool]
    source: str
    groups: Mapping[str, str] = field(default_factory=dict)


def _queries(collection: Collection, split: str | None) -> Queries:
    return collection.split_named(split).queries if split else collection.all_queries


def _column(queries: Queries, name: str) -> dict[str, Any]:
    cells = queries.column(name) or []
    return {q: c for q, c in zip(queries.ids, cells, strict=False) if c is not None and c != ""}


@dataclass(frozen=True)
class Grouping:
    """A way to divide the questions; `groups`: name by query id, questions without one are absent."""

    label: str
    source: str
    groups: Mapping[str, str]


def relations_of(collection: Collection, split: str | None = None) -> dict[str, str]:
    """Relation by query id, for the questions that have one."""
    return {q: str(c) for q, c in _column(_queries(collection, split), "relation").items()}


def groupings(collection: Collection, split: str | None = None) -> list[Grouping]:
    """What the questions can be divided by, most telling first: relation, type of the entity, kind, the question's
    first asking word, the entity itself where there are few; one of many small groups comes last."""
    queries = _queries(collection, split)
    told = [
        Grouping("relation", "the questions' relations", relations_of(collection, split)),
        Grouping("entity type", "the table of entities", _types(collection, queries)),
        Grouping("kind of question", "the column kind", {q: str(c) for q, c in _column(queries, "kind").items()}),
    ]
    if (collection.language or "en").startswith("en"):
        words = {q: question_word(t) for q, t in zip(queries.ids, queries.texts, strict=True)}
        told.append(Grouping("question word", "read off the question: the collection names no relation", words))
    names = entity_names(collection)
    entity = {q: names.get(str(e), str(e)) for q, e in _column(queries, "entity").items()}
    if len(set(entity.values())) <= _MOST_ENTITIES:
        told.append(Grouping("entity", "the entity that the question asks about", entity))
    # stable: one that would pool most questions as "other" stands behind the others
    return sorted((g for g in told if len(set(g.groups.values())) > 1), key=_mostly_other)


def _mostly_other(grouping: Grouping) -> bool:
    told = list(pooled(grouping.groups).values())
    return told.count(OTHER) > len(told) / 2


def question_word(text: str) -> str:
    """`who`, `when`, `how many` ...; `none` where the question has no asking word."""
    found = _ASKING.search(text.lower())
    if found is None:
        return "none"
    word = " ".join(found.group().split())
    return "who" if word in ("whom", "whose") else word


def _types(collection: Collection, queries: Queries) -> dict[str, str]:
    table = collection.tables.get("entities")
    if table is None or not {"id", "name", "type"} <= set(table.column_names):
        return {}
    columns = (table.column(c).to_pylist() for c in ("id", "name", "type"))
    types = {e: str(t) for i, name, t in zip(*columns, strict=True) if t for e in (name, i)}
    return {q: types[str(e)] for q, e in _column(queries, "entity").items() if str(e) in types}


def entity_names(collection: Collection) -> dict[str, str]:
    """Name by entity id, from the table of entities; empty where there is none."""
    table = collection.tables.get("entities")
    if table is None or not {"id", "name"} <= set(table.column_names):
        return {}
    return dict(zip(table.column("id").to_pylist(), table.column("name").to_pylist(), strict=True))


# -- popularity


def popularity_of(collection: Collection, split: str | None = None, bins: int = 5) -> Popularity | None:
    """Popularity of the asked entities, from the first of these that the collection has; None where it has none.

    1. the table `exposure`: mentions in the text a model was pre-trained on;
    2. the queries' column `popularity`;
    3. a column of words (`fame`);
    4. the passages' column `entities` or titles: passages that name the entity, counted here.
    """
    queries = _queries(collection, split)
    asked = {q: str(e) for q, e in _column(queries, "entity").items()}
    table = collection.tables.get("exposure")
    if table is not None and {"entity", "mentions"} <= set(table.column_names):
        mentions = dict(zip(table.column("entity").to_pylist(), table.column("mentions").to_pylist(), strict=True))
        values = {q: float(mentions[e]) for q, e in asked.items() if mentions.get(e) is not None}
        if values:
            return _binned("mentions in the exposure text", "the table exposure", values, len(queries), bins)
    given = {q: float(v) for q, v in _column(queries, "popularity").items() if isinstance(v, int | float)}
    if given:
        return _binned("popularity", "the column popularity of the questions", given, len(queries), bins)
    for name in _NAMED:
        words = {q: str(v) for q, v in _column(queries, name).items()}
        if len(set(words.values())) > 1:
            order = {w: i for i, w in enumerate(_WORD_ORDER)}
            ordered = dict(sorted(words.items(), key=lambda item: (order.get(item[1], len(order)), item[1])))
            return Popularity(name, f"the column {name} of the questions", {}, ordered, len(queries) - len(words))
    counted = _counted(collection, set(asked.values()))
    values = {q: float(counted[e]) for q, e in asked.items() if counted.get(e)}
    if len(set(values.values())) > 1:
        label = "passages that name the entity"
        return _binned(label, "counted in this collection: no popularity was given", values, len(queries), bins)
    return None


def _binned(label: str, source: str, values: Mapping[str, float], asked: int, bins: int) -> Popularity:
    different = sorted(set(values.values()))
    if len(different) <= _FEW:
        divided = {q: f"{v:,g}" for q, v in sorted(values.items(), key=lambda item: item[1])}
    else:
        divided = buckets(values, quantile_edges(list(values.values()), bins))
    return Popularity(label, source, values, divided, asked - len(values))


def _counted(collection: Collection, entities: set[str]) -> dict[str, int]:
    """Passages that list an entity, or bear its name as their title."""
    counts: dict[str, int] = {}
    for named in collection.passages.column("entities") or []:
        for entity in set(named or ()):
            counts[entity] = counts.get(entity, 0) + 1
    if not counts:
        for title in collection.passages.titles:
            counts[title] = counts.get(title, 0) + 1
    return {e: counts[e] for e in entities if e in counts}


# -- what training has shown


def seen_of(collection: Collection, split: str | None = None) -> Seen | None:
    """Which questions ask of an entity, and in a pattern, that the training questions hold.

    From the collection's own slices (`seen-entity`, `seen-pattern`) where it has them, else from its split `train`:
    the entity, and the wording (`template`) or relation. None where nothing defines it; `why_not_seen` says what.
    """
    queries = _queries(collection, split)
    named = _from_slices(collection, queries)
    if named is not None:
        return named
    if "train" not in collection.splits or split == "train":
        return None
    train = collection.split_named("train").queries
    pattern = next((c for c in ("template", "relation") if _column(train, c) and _column(queries, c)), None)
    if pattern is None or not _column(train, "entity") or not _column(queries, "entity"):
        return None
    met = {c: {str(v) for v in _column(train, c).values()} for c in ("entity", pattern)}
    entity = {q: str(e) in met["entity"] for q, e in _column(queries, "entity").items()}
    known = {q: str(p) in met[pattern] for q, p in _column(queries, pattern).items()}
    both = [q for q in entity if q in known]
    source = f"the training questions' entities, and their {pattern} as pattern"
    return Seen({q: entity[q] for q in both}, {q: known[q] for q in both}, source)


def why_not_seen(collection: Collection, split: str | None = None) -> str:
    """A sentence for where `seen_of` gives None."""
    if "train" not in collection.splits:
        return NO_TRAINING
    if split == "train":
        return "not defined here: these are the training questions themselves"
    return "not defined here: the training questions name no entity, or no relation"


def _from_slices(collection: Collection, queries: Queries) -> Seen | None:
    table = collection.tables.get("slices")
    if table is None:
        return None
    inside: dict[str, set[str]] = {}
    for name, query in zip(table.column("slice").to_pylist(), table.column("query_id").to_pylist(), strict=True):
        if query in queries:
            inside.setdefault(name, set()).add(query)
    entity = _flags(inside, "seen-entity", "unseen-entity")
    pattern = _flags(inside, "seen-pattern", "unseen-pattern")
    both = [q for q in queries.ids if q in entity and q in pattern]
    if not both:
        return None
    held_out = inside.get("unseen-relation", set())
    groups = {q: f"{'seen' if e else 'unseen'} entity, unseen relation" for q, e in entity.items() if q in held_out}
    source = "the collection's own slices: what its training questions and exposure text hold"
    return Seen({q: entity[q] for q in both}, {q: pattern[q] for q in both}, source, groups)


def _flags(inside: Mapping[str, set[str]], yes: str, no: str) -> dict[str, bool]:
    return {**dict.fromkeys(sorted(inside.get(no, ())), False), **dict.fromkeys(sorted(inside.get(yes, ())), True)}


# -- queries by how often they are asked


def head_torso_tail(counts: Mapping[str, float], shares: Sequence[float] = (1 / 3, 2 / 3)) -> dict[str, str]:
    """`head`, `torso` or `tail` by query id: the most asked questions that make up the first third of all asking, those
    that make up the second, and the rest. A question that crosses a border belongs to the part it begins in.

    Equal counts are ordered by id. Raises InputError for a count below 0 or where all are 0.
    """
    if any(c < 0 for c in counts.values()) or not sum(counts.values()) > 0:
        raise InputError("the counts do not say how often anything was asked", field="counts", expected="1 or more")
    total, before = float(sum(counts.values())), 0.0
    told = {}
    for query, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        share = before / total
        told[query] = "head" if share < shares[0] else "torso" if share < shares[1] else "tail"
        before += count
    return told
