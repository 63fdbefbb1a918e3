"""Ready edits of a question: does a retriever hang on the name, on the relation, on the spelling?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from retrievarium.analysis.why.parts import Span, without, words
from retrievarium.data import Collection
from retrievarium.retrievers import analyzer_for

_CAPITALISED = re.compile(r"\b[^\W\d_a-z][\w'’.-]*(?:\s+(?:of|the|de|von|van|and)?\s*[^\W\d_a-z][\w'’.-]*)*")
_LONGEST = 6  # words of a name
_NAME_COLUMNS = ("name", "short", "alias", "aliases", "foreign_names")


@dataclass(frozen=True)
class Preset:
    """An edit of a question. `text` is None where it cannot be made here; `why` then says what is missing."""

    key: str
    label: str
    text: str | None
    why: str


@dataclass(frozen=True)
class _Named:
    """What the table of entities says of names."""

    names: Mapping[str, tuple[str, ...]]  # by id, the main name first
    kind: Mapping[str, str]
    bearer: Mapping[str, str]  # id by lower-cased name; the first that bears it

    def id_of(self, entity: str | None) -> str | None:
        """The id of an entity that is told by id or by name."""
        return entity if entity in self.names else self.bearer.get((entity or "").lower())


@lru_cache(maxsize=8)
def _entities(collection: Collection) -> _Named:
    table = collection.tables.get("entities")
    names: dict[str, tuple[str, ...]] = {}
    kind: dict[str, str] = {}
    bearer: dict[str, str] = {}
    if table is not None and {"id", "name"} <= set(table.column_names):
        for row in table.to_pylist():
            told = [v for c in _NAME_COLUMNS for v in _as_list(row.get(c))]
            names[str(row["id"])] = tuple(dict.fromkeys(t for t in told if t))
            kind[str(row["id"])] = str(row.get("type") or "")
            for name in names[str(row["id"])]:
                bearer.setdefault(name.lower(), str(row["id"]))
    return _Named(names, kind, bearer)


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]


def mention(collection: Collection, text: str, entity: str | None) -> tuple[Span | None, str | None]:
    """Where the question names an entity, and which one it is where the collection knows it.

    By one of the names of `entity`; else by the longest name of any entity that is known; else the longest run of
    capitalised words behind the first word, and nobody knows who that is.
    """
    known = _entities(collection)
    own = known.id_of(entity)
    for name in sorted(known.names.get(own, ()) if own else (), key=len, reverse=True):
        if found := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
            return found.span(), own
    spans = words(text)
    runs = [(a[0], b[1]) for i, a in enumerate(spans) for b in spans[i : i + _LONGEST]]
    for start, stop in sorted(runs, key=lambda r: r[0] - r[1]):
        if bearer := known.bearer.get(text[start:stop].lower()):
            return (start, stop), bearer
    capitals = [m.span() for m in _CAPITALISED.finditer(text) if m.start() > 0]
    return max(capitals, key=lambda s: s[1] - s[0], default=None), None


def presets(collection: Collection, text: str, entity: str | None = None, relation: str | None = None) -> list[Preset]:
    """Four edits of a question: swap the entity, drop the relation word, an alias for the name, a typo.

    The same question gives the same edits. What a collection does not know is said, not guessed.
    """
    at, who = mention(collection, text, entity)
    known = _entities(collection)
    return [
        _swap(known, text, who, at),
        _drop(collection, text, relation, at),
        _alias(known, text, who, at),
        _typo(text, at),
    ]


def _put(text: str, at: Span, new: str) -> str:
    return text[: at[0]] + new + text[at[1] :]


def _swap(known: _Named, text: str, entity: str | None, at: Span | None) -> Preset:
    label = "Swap the entity"
    if at is None:
        return Preset("swap", label, None, "no name was found in the question")
    if entity is None:
        return Preset("swap", label, None, "the collection does not say who is named and who is of the same type")
    order = list(known.names)
    others = [e for e in order if known.kind[e] == known.kind[entity] and e != entity and known.names[e]]
    if not others:
        return Preset("swap", label, None, "there is no other entity of this type")
    later = set(order[order.index(entity) + 1 :])
    new = known.names[next((e for e in others if e in later), others[0])][0]
    return Preset("swap", label, _put(text, at, new), f"{text[at[0] : at[1]]} becomes {new}, of the same type")


def _drop(collection: Collection, text: str, relation: str | None, at: Span | None) -> Preset:
    """The word that says what is asked: one that the relation's name shares, else the longest that is no stop word."""
    label = "Drop the relation word"
    analyzer = analyzer_for(collection.language)
    outside = [s for s in words(text) if at is None or s[1] <= at[0] or s[0] >= at[1]]
    content = [s for s in outside if analyzer.terms(text[s[0] : s[1]]) and not text[s[0] : s[1]].isdigit()]
    content = [s for s in content if text[s[0] : s[1]].lower() not in _ASKING]
    if not content:
        return Preset("drop", label, None, "no word stands beside the name")
    stems = {w[:4].lower() for w in re.findall(r"\w{3,}", relation or "")}
    chosen = next((s for s in content if text[s[0] : s[1]][:4].lower() in stems), None)
    chosen = chosen or max(content, key=lambda s: (s[1] - s[0], -s[0]))
    return Preset("drop", label, without(text, [chosen]), f"without “{text[chosen[0] : chosen[1]]}”")


_ASKING = frozenset(["who", "what", "which", "when", "where", "why", "how", "whose", "whom"])


def _alias(known: _Named, text: str, entity: str | None, at: Span | None) -> Preset:
    label = "Alias for the name"
    if at is None or entity is None:
        return Preset("alias", label, None, "the collection knows no other name of this entity")
    here = text[at[0] : at[1]]
    other: Sequence[str] = [n for n in known.names[entity] if n.casefold() != here.casefold()]
    if not other:
        return Preset("alias", label, None, "the collection knows no other name of this entity")
    return Preset("alias", label, _put(text, at, other[0]), f"{here} is called {other[0]}")


def _typo(text: str, at: Span | None) -> Preset:
    """Two neighbouring letters in the middle of the name's longest word change places (else of the question's)."""
    label = "Add a typo"
    spans = [s for s in words(text) if at is None or (s[0] >= at[0] and s[1] <= at[1])]
    spans = [s for s in spans if s[1] - s[0] >= 4]
    for start, stop in sorted(spans, key=lambda s: (s[0] - s[1], s[0])):
        middle = (start + stop) // 2
        for i in sorted(range(start + 1, stop - 2), key=lambda i: abs(i - middle)):
            if text[i] != text[i + 1] and text[i : i + 2].isalpha():
                new = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
                return Preset("typo", label, new, f"{text[start:stop]} becomes {new[start:stop]}")
    return Preset("typo", label, None, "no word is long enough")
