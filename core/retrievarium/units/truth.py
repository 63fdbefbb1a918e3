"""What a World knows about its sentences, laid beside a unit's text."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrievarium.units.table import Unit

if TYPE_CHECKING:
    from retrievarium.data import Collection

_NEEDED = ("propositions", "mentions", "entities")
_THE = re.compile(r"\b[Tt]h(?:e|is) [a-z]{3,}\b(?! of)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def _plain(text: str) -> str:
    """Lower-case words, each between blanks, the possessive left out: names are looked up in it as whole words."""
    words = (re.sub(r"['’]s$", "", w) for w in _WORD.findall(text.lower()))
    return f" {' '.join(words)} "


Told = tuple[int, str, str, str]  # sentence, fact, subject, value


@dataclass(frozen=True)
class Verdict:
    """facts: those the unit states. unnamed: of them, whose subject's full name is missing. strangers: entities that it
    names though its sentence does not speak of them."""

    facts: frozenset[str]
    unnamed: frozenset[str]
    strangers: frozenset[str]


class Truth:
    """Facts and names by sentence.

    A unit states a fact when the fact's sentence lies in the unit's span and the fact's value in its text: whether a
    wording means the relation is not read from the words, but from where they stand.
    """

    @staticmethod
    def known(collection: Collection) -> bool:
        return (
            all(n in collection.tables for n in _NEEDED)
            and "fact_id" in collection.tables["propositions"].column_names
            and collection.passages.column("sentences") is not None
        )

    def __init__(self, collection: Collection) -> None:
        table = collection.tables["entities"]
        self._name = dict(
            zip(table.column("id").to_pylist(), map(_plain, table.column("name").to_pylist()), strict=True)
        )
        self._short = dict(
            zip(table.column("id").to_pylist(), map(_plain, table.column("short").to_pylist()), strict=True)
        )
        self._by_first: dict[str, list[str]] = defaultdict(list)
        for entity, name in self._name.items():
            self._by_first[name.split()[0]].append(entity)
        for entities in self._by_first.values():
            entities.sort(key=lambda e: (-len(self._name[e]), e))
        self._facts: dict[str, list[Told]] = defaultdict(list)
        self._spoken: dict[tuple[str, int], set[str]] = defaultdict(set)
        for row in collection.tables["propositions"].to_pylist():
            fact = (row["sentence"], row["fact_id"], row["subject"], _plain(row["value"]))
            self._facts[row["passage_id"]].append(fact)
            self._spoken[row["passage_id"], row["sentence"]] |= {row["subject"], row["object"]}
        for row in collection.tables["mentions"].to_pylist():
            self._spoken[row["passage_id"], row["sentence"]].add(row["entity"])
        self._about = dict(zip(collection.passages.ids, self._subjects(collection), strict=True))
        self._text = dict(zip(collection.passages.ids, collection.passages.texts, strict=True))
        self._spans: dict[str, list[tuple[int, int]]] = {}
        own = collection.passages.column("sentences") or []
        for passage, text, sentences in zip(collection.passages.ids, collection.passages.texts, own, strict=True):
            at, spans = 0, []
            for sentence in sentences:
                start = text.index(sentence, at)
                at = start + len(sentence)
                spans.append((start, at))
            self._spans[passage] = spans

    @staticmethod
    def _subjects(collection: Collection) -> list[str]:
        """The entity that each passage is about."""
        mentions = collection.tables["mentions"].to_pylist()
        titled = {row["passage_id"]: row["entity"] for row in mentions if row["form"] == "title"}
        return [titled.get(p, "") for p in collection.passages.ids]

    def facts_of(self, passage: str) -> set[str]:
        """Ids of the facts that a passage tells."""
        return {fact for _, fact, _, _ in self._facts[passage]}

    def judge(self, unit: Unit) -> Verdict | None:
        """None where the unit's sentences tell no fact: nothing is known of what it should say."""
        passage = unit.passage
        spans = self._spans[passage]
        within = {i for i, (start, stop) in enumerate(spans) if start < unit.stop and unit.start < stop}
        told = [f for f in self._facts[passage] if f[0] in within]
        if not told:
            return None
        text = _plain(unit.text)
        here = [f for f in told if f[3] in text]
        here = [f for f in here if not self._only_opens(f, here, text)]
        facts = {fact for _, fact, _, _ in here}
        unnamed = {fact for _, fact, subject, _ in here if self._name.get(subject, "\0") not in text}
        spoken = set().union(*(self._spoken[passage, i] for i in within))
        if any(_THE.search(self._text[passage], *spans[i]) for i in within):
            spoken.add(self._about[passage])  # `the ship`: a mention that no table lists
        alike = {self._name[e] for e in spoken if e in self._name}
        strangers = {e for e in self._named(text) if e not in spoken and not any(self._name[e] in a for a in alike)}
        return Verdict(frozenset(facts), frozenset(unnamed), frozenset(strangers))

    def _only_opens(self, fact: Told, others: list[Told], text: str) -> bool:
        """Whether a value stands there as whom another fact is about, its own subject not being named."""
        value, subject = fact[3], fact[2]
        opens = text.startswith((value, f" the{value}")) and any(self._name.get(f[2]) == value for f in others)
        return opens and self._name.get(subject, "\0") not in text and self._short.get(subject, "\0") not in text

    def _named(self, text: str) -> set[str]:
        """Entities whose full name stands in the text; a name inside a longer one does not count."""
        found: set[str] = set()
        words = text.split()
        at = 0
        while at < len(words):
            rest = f" {' '.join(words[at : at + 6])} "
            entity = next((e for e in self._by_first.get(words[at], ()) if rest.startswith(self._name[e])), None)
            if entity is None:
                at += 1
                continue
            found.add(entity)
            at += len(self._name[entity].split())
        return found
