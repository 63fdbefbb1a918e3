"""What a text states about the question it was written for, laid beside the World's own truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError
from retrievarium.evaluation.answers import answer_spans, answer_words
from retrievarium.training import stream

if TYPE_CHECKING:
    from retrievarium.data import Collection


@dataclass(frozen=True)
class Stated:
    """How many values of the asked relation a text names, and how many of them are true."""

    stated: int = 0
    true: int = 0

    @property
    def false(self) -> int:
        return self.stated - self.true

    def __add__(self, other: Stated) -> Stated:
        return Stated(self.stated + other.stated, self.true + other.true)


class FactCheck:
    """Counts, and swaps, the values that a text gives in answer to a question of the World.

    A value counts where its words stand in the text, unless they stand in the question too: then it is whom the
    question is about. Case does not matter, what the sentence around it says neither.

    Parameters
    ----------
    world: a `World`, or a collection with its tables `propositions` and queries with `entity` and `relation`.
    """

    def __init__(self, world: Any) -> None:
        collection: Collection = world.collection() if callable(getattr(world, "collection", None)) else world
        table = collection.tables.get("propositions")
        asked = collection.all_queries
        entities, relations = asked.column("entity"), asked.column("relation")
        if table is None or entities is None or relations is None:
            raise InputError(f"{collection.name} does not tell its facts", expected="a World's collection")
        self.collection = collection
        self._asked = {_plain(t): (e, r) for t, e, r in zip(asked.texts, entities, relations, strict=True)}
        self._told: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)  # sentence by value
        values: dict[str, dict[str, None]] = defaultdict(dict)
        rows = zip(*(table.column(c).to_pylist() for c in ("subject", "relation", "value", "text")), strict=True)
        for subject, relation, value, text in rows:
            self._told[subject, relation].setdefault(value, text)
            values[relation][value] = None
        self._values = {relation: list(found) for relation, found in values.items()}
        self._by_word: dict[tuple[str, str], list[str]] = defaultdict(list)
        for relation, found in self._values.items():
            for value in found:
                self._by_word[relation, answer_words(value).split()[0]].append(value)

    def question(self, prompt: str) -> tuple[str, str] | None:
        """Entity and relation that the prompt asks for: a line of it is a question of the World, or ends in one."""
        for line in reversed(prompt.splitlines() or [""]):
            words = _plain(line).split()
            for start in range(len(words)):
                if (found := self._asked.get(" ".join(words[start:]))) is not None:
                    return found
        return None

    def told(self, entity: str, relation: str) -> dict[str, str]:
        """What is true of them: a sentence for each value."""
        return dict(self._told.get((entity, relation), {}))

    def others(self, entity: str, relation: str) -> list[str]:
        """Values of the relation that are not true of this entity."""
        true = self._told.get((entity, relation), {})
        return [v for v in self._values.get(relation, ()) if v not in true]

    def __call__(self, prompt: str, texts: Iterable[str]) -> Stated:
        """Values in all of these texts together; none for a prompt that is no question of the World."""
        about, total = self.question(prompt), Stated()
        for text in texts if about else ():
            assert about is not None
            spans, true = self._spans(about[1], prompt, text), self._true(about)
            total += Stated(len(spans), sum(answer_words(text[a:b]) in true for a, b in spans))
        return total

    def swapped(self, prompt: str, text: str, seed: int = 0) -> str:
        """The text with each value it names in the place of the answer, true or not, turned into another false one."""
        about = self.question(prompt)
        if about is None:
            return text
        draw, others = stream(seed, f"swap {prompt} {text}"), self.others(*about)
        for start, stop in reversed(self._spans(about[1], prompt, text)):
            kept = answer_words(text[start:stop])
            fresh = [v for v in others if answer_words(v) != kept]
            text = f"{text[:start]}{fresh[int(draw.integers(len(fresh)))]}{text[stop:]}" if fresh else text
        return text

    def _true(self, about: tuple[str, str]) -> set[str]:
        return {answer_words(v) for v in self._told.get(about, {})}

    def _spans(self, relation: str, prompt: str, text: str) -> list[tuple[int, int]]:
        words = dict.fromkeys(answer_words(text).split())
        near = [v for w in words for v in self._by_word.get((relation, w), ())]
        asked = answer_words(prompt)
        return [(a, b) for a, b in answer_spans(text, near) if answer_words(text[a:b]) not in asked]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
