"""What titles, names, answers and judgements tell of a collection without truth tables: a guess, and said to be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrievarium.analysis.entities import entity_names
from retrievarium.analysis.evidence import About, Texts
from retrievarium.analysis.failure_rules import Sight
from retrievarium.analysis.mentions import common_parts, holds_name, lead_type, names_alike, plain_name, subject_of
from retrievarium.evaluation.answers import answer_spans, answer_words, has_answer

if TYPE_CHECKING:
    from retrievarium.data import Collection

_ASKED = "one asked: "  # type of an entity of which nothing is known but what it is asked


class TextEvidence:
    """What titles, names, answers and judgements tell of a collection without truth tables."""

    exact = False

    def __init__(self, collection: Collection, split: str | None = None) -> None:
        self.collection = collection
        self.qrels = collection.split_named(split).qrels if split else collection.qrels
        self._texts = Texts(collection)
        self._titles = {plain_name(t).casefold(): plain_name(t) for t in collection.passages.titles if t}
        self._common = common_parts(self._titles.values())
        self._names = entity_names(collection)
        self._types, self._aliases = self._from_tables()
        self._popularity = self._known_popularity()
        self._abouts: dict[str, About] = {}
        self._settled: dict[str, bool] = {}  # by query: whether its answer strings stand in a relevant passage

    def _from_tables(self) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
        """Types and aliases by name in small letters.

        Without a table of entities, what a passage begins with says its type (`lead_type`); where it says none, those
        that are asked the same question are taken to be of one type.
        """
        table = self.collection.tables.get("entities")
        types: dict[str, set[str]] = {}
        aliases: dict[str, list[str]] = {}
        if table is not None and "name" in table.column_names:
            for row in table.to_pylist():
                key = plain_name(str(row["name"])).casefold()
                if row.get("type"):
                    types[key] = {str(row["type"])}
                told = row.get("aliases") or ([row["alias"]] if row.get("alias") else [])
                aliases[key] = [plain_name(str(a)) for a in told]
        self._typed = bool(types)
        if not types:
            queries = self.collection.all_queries
            entity, relation = queries.column("entity"), queries.column("relation")
            for e, r in zip(entity or [], relation or [], strict=False):
                if e and r:
                    types.setdefault(self._name(str(e)).casefold(), set()).add(f"{_ASKED}{r}")
        return types, aliases

    def _known_popularity(self) -> dict[str, float]:
        queries = self.collection.all_queries
        rows = zip(queries.column("entity") or [], queries.column("popularity") or [], strict=False)
        known: dict[str, float] = {}
        for e, v in rows:
            if e and isinstance(v, int | float):
                key = self._name(str(e)).casefold()
                known[key] = max(known.get(key, 0.0), float(v))
        return known

    def _name(self, entity: str) -> str:
        return plain_name(self._names.get(entity, entity))

    def about_query(self, query: str) -> About:
        if query not in self._abouts:
            self._abouts[query] = self._look(query)
        return self._abouts[query]

    def _look(self, query: str) -> About:
        row = self.collection.all_queries[query]
        name = self._name(row.entity) if row.entity else subject_of(row.text, self._titles)
        if name is None:
            return About()
        key, asked = name.casefold(), answer_words(row.text)
        by_alias, used = (False, name) if holds_name(asked, name) else (None, None)
        if used is None:
            used = next((a for a in self._aliases.get(key, ()) if holds_name(asked, a)), None)
            by_alias = True if used else None
        gold = [p for p in self.qrels.relevant(query) if p in self.collection.passages.row_of]
        held = None if used is None or not gold else any(holds_name(self._texts.folded(p), used) for p in gold)
        types = self._types.get(key)
        kind = min(types) if types else None
        if not self._typed:
            own = [p for p in gold if plain_name(self._texts.title(p)).casefold() == key]
            kind = next((t for p in own if (t := self._lead(p))), kind)
        return About(name, name, kind, self._popularity.get(key), by_alias, held)

    def sight(self, query: str, passage: str) -> Sight:
        about = self.about_query(query)
        title = plain_name(self._texts.title(passage)) or None
        key, folded = (title or "").casefold(), self._texts.folded(passage)
        same = title is not None and about.subject is not None and key == about.subject.casefold()
        names = None if about.subject is None else same or holds_name(folded, about.subject)
        types = self._types.get(key, set())
        kind = (about.type if about.type in types else min(types)) if types else None
        if not self._typed and (about.type is None or not about.type.startswith(_ASKED)):
            kind = self._lead(passage)
        return Sight(
            passage,
            self._texts.documents[passage],
            about.subject if same else title,
            title,
            kind,
            names,
            self._tells(query, passage),
            None if title is None or about.subject is None else names_alike(title, about.subject, self._common),
            self._popularity.get(key),
            self._texts.shingles(passage),
        )

    def _lead(self, passage: str) -> str | None:
        """What the passage's text begins with saying its title is."""
        row = self.collection.passages.row_of[passage]
        return lead_type(self.collection.passages.texts[row])

    def _tells(self, query: str, passage: str) -> bool | None:
        """Whether a passage holds an answer string. None where no relevant passage does either: then the strings settle
        nothing (answers in other words, scripts without blanks)."""
        answers = self.collection.all_queries[query].answers
        if query not in self._settled:
            gold = [p for p in self.qrels.relevant(query) if p in self.collection.passages.row_of]
            self._settled[query] = any(has_answer(self._texts.text(p), answers) for p in gold)
        return has_answer(self._texts.text(passage), answers) if self._settled[query] else None

    def answered_at(self, query: str, passage: str) -> int | None:
        spans = answer_spans(self._texts.text(passage), self.collection.all_queries[query].answers)
        return spans[0][1] if spans else None

    def unknown(self) -> dict[str, str]:
        queries = self.collection.all_queries
        told: dict[str, str] = {}
        if not any(queries.column("answers") or []):
            why = "the questions have no answers, so nothing says whether a passage states the fact"
            told |= dict.fromkeys(("judged incomplete", "right entity, wrong relation", "truncated away"), why)
        if not self._titles:
            why = "the passages have no titles, so nothing says what one is about"
            rules = (
                "right document, wrong passage",
                "look-alike name",
                "popular-entity pull",
                "wrong entity, same type",
            )
            told |= dict.fromkeys(rules, why)
        if not self._types and not any(lead_type(t) for t in self.collection.passages.texts[:200]):
            told["wrong entity, same type"] = "nothing says of what type an entity is"
        if not self._popularity:
            told["popular-entity pull"] = "nothing says how popular an entity is"
        return told
