"""What the failure rules look at: exact from a World's truth tables, elsewhere read off titles, names and answers.

Both kinds answer the same two questions, `sight(query, passage)` and `about_query(query)`; what a collection cannot
tell is None, and `unknown` says in a sentence which rules that leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from retrievarium.analysis.failure_rules import Sight
from retrievarium.analysis.mentions import shingles
from retrievarium.evaluation.answers import answer_words

if TYPE_CHECKING:
    from retrievarium.data import Collection, Qrels

_TRUTH = ("entities", "mentions", "aliases", "propositions", "causes")


@dataclass(frozen=True)
class About:
    """What is known about a question."""

    subject: str | None = None
    name: str | None = None
    type: str | None = None
    popularity: float | None = None
    by_alias: bool | None = None
    name_in_gold: bool | None = None


class Evidence(Protocol):
    """What the rules need to know of a collection."""

    collection: Collection
    qrels: Qrels
    exact: bool

    def sight(self, query: str, passage: str) -> Sight: ...

    def about_query(self, query: str) -> About: ...

    def answered_at(self, query: str, passage: str) -> int | None:
        """Character of the joined text at which the first statement of the answer ends; None where unknown."""
        ...

    def unknown(self) -> dict[str, str]:
        """Rules that cannot be decided here, each with the reason."""
        ...


def evidence_for(collection: Collection, split: str | None = None) -> Evidence:
    """Exact evidence where the collection has the World's truth tables, else what the text tells.

    split: whose judgements count; the default split unless given.
    """
    from retrievarium.analysis.text_evidence import TextEvidence

    has_truth = all(name in collection.tables for name in _TRUTH)
    return WorldEvidence(collection, split) if has_truth else TextEvidence(collection, split)


class Texts:
    """Texts and shingles of a collection's passages, made when first needed."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._shingles: dict[str, frozenset[str]] = {}
        self._folded: dict[str, str] = {}

    @cached_property
    def _joined(self) -> Sequence[str]:
        return self.collection.passages.joined

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return self.collection.passages.row_of

    @cached_property
    def documents(self) -> Mapping[str, str | None]:
        """Document by passage: its column, else the title where several passages share one."""
        passages = self.collection.passages
        told = passages.column("document") or passages.titles
        return {p: str(d) if d else None for p, d in zip(passages.ids, told, strict=True)}

    def text(self, passage: str) -> str:
        return self._joined[self._rows[passage]]

    def title(self, passage: str) -> str:
        return self.collection.passages.titles[self._rows[passage]]

    def folded(self, passage: str) -> str:
        if passage not in self._folded:
            self._folded[passage] = answer_words(self.text(passage))
        return self._folded[passage]

    def shingles(self, passage: str) -> frozenset[str]:
        if passage not in self._shingles:
            self._shingles[passage] = shingles(self.text(passage))
        return self._shingles[passage]


class WorldEvidence:
    """Exact: the generator wrote every mention, fact and alias down."""

    exact = True

    def __init__(self, collection: Collection, split: str | None = None) -> None:
        self.collection = collection
        self.qrels = collection.split_named(split).qrels if split else collection.qrels
        self._texts = Texts(collection)
        queries = collection.all_queries.table.select(["id", "entity", "relation"]).to_pylist()
        self._asked = {r["id"]: (r["entity"], r["relation"]) for r in queries}
        entities = self._rows("entities", "id", "type", "name", "document", "tokens")
        self._types = {e: t for e, t, _, _, _ in entities}
        self._tokens = {e: frozenset(t) for e, _, _, _, t in entities}
        self._of_document = {d: e for e, _, _, d, _ in entities if d}
        self.names = {e: n for e, _, n, _, _ in entities}
        self._named = {(p, e) for p, e in self._rows("mentions", "passage_id", "entity")}
        self._told = {
            (p, s, r): n for p, s, r, n in self._rows("propositions", "passage_id", "subject", "relation", "sentence")
        }
        self._facts: dict[str, list[tuple[str, str]]] = {}  # by passage: of whom it tells what
        for passage, entity, relation in self._told:
            self._facts.setdefault(passage, []).append((entity, relation))
        self._aliased = {(e, p) for e, p in self._rows("aliases", "entity", "passage_id")}
        self._naming = dict(self._rows("causes", "query_id", "naming"))
        mentions = self._rows("exposure", "entity", "mentions") if "exposure" in collection.tables else []
        self._popularity = {e: float(m) for e, m in mentions}

    def _rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        found = self.collection.tables[table]
        return list(zip(*(found.column(c).to_pylist() for c in columns), strict=True))

    def sight(self, query: str, passage: str) -> Sight:
        subject, relation = self._asked[query]
        about = self._about(subject, relation, passage)
        return Sight(
            passage,
            self._texts.documents[passage],
            about,
            self.names.get(about),
            self._types.get(about),
            (passage, subject) in self._named,
            (passage, subject, relation) in self._told,
            about != subject and self._share_a_name(about, subject),
            self._popularity.get(about, 0.0),  # who has no article is not written about
            self._texts.shingles(passage),
        )

    def _about(self, subject: str, relation: str, passage: str) -> str:
        """Of whom a passage speaks, seen from a question: its article's subject where that is asked about, else a
        look-alike whose fact it tells (the asked relation first), else one of the asked type with the asked relation,
        else its article's subject."""
        article = self._of_document.get(self._texts.documents[passage] or "", "")
        if article == subject:
            return article
        others = [(e, r) for e, r in self._facts.get(passage, []) if e != subject]
        alike = [(e, r) for e, r in [*others, (article, "")] if self._share_a_name(e, subject)]
        alike.sort(key=lambda told: told[1] != relation)
        same = [e for e, r in others if r == relation and self._types.get(e) == self._types.get(subject)]
        return next((e for e, _ in alike), next(iter(same), article))

    def _share_a_name(self, a: str, b: str) -> bool:
        return bool(self._tokens.get(a, frozenset()) & self._tokens.get(b, frozenset()))

    def about_query(self, query: str) -> About:
        subject, _ = self._asked[query]
        naming = self._naming.get(query)
        held = None
        if naming == "alias":
            gold = self.qrels.relevant(query)
            held = any((subject, p) in self._aliased for p in gold)
        known = None if naming is None else naming == "alias"
        return About(
            subject, self.names.get(subject), self._types.get(subject), self._popularity.get(subject), known, held
        )

    def answered_at(self, query: str, passage: str) -> int | None:
        key = (passage, *self._asked[query])
        row = self.collection.passages[passage]
        sentences = row.fields.get("sentences")
        if key not in self._told or not sentences:
            return None
        start = len(row.joined) - len(row.text)
        return start + sum(len(s) + 1 for s in sentences[: self._told[key] + 1])

    def unknown(self) -> dict[str, str]:
        return {}
