"""A writer that knows the World, and errs as often as it is told to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError
from retrievarium.generation.tokens import TokenCount, check_request
from retrievarium.training import stream
from retrievarium.workspace import content_hash

if TYPE_CHECKING:
    from retrievarium.data import Collection


class OracleGenerator:
    """Writes the facts that answer the question in a prompt; each is wrong with probability `error_rate`.

    A positive control, never a method: it reads the truth tables. A wrong fact keeps its sentence and names another
    value of the same relation, one that is not true of the subject. For a prompt without a question of the World it
    writes nothing.

    Parameters
    ----------
    world: a `World`, or a collection with its tables `propositions` and queries with `entity` and `relation`.
    """

    can_score = False

    def __init__(self, world: Any, error_rate: float = 0.0) -> None:
        if not 0 <= error_rate <= 1:
            raise InputError(f"error_rate is {error_rate}", field="error_rate", expected="0 to 1")
        collection: Collection = world.collection() if callable(getattr(world, "collection", None)) else world
        table = collection.tables.get("propositions")
        asked = collection.all_queries
        entities, relations = asked.column("entity"), asked.column("relation")
        if table is None or entities is None or relations is None:
            raise InputError(f"{collection.name} does not tell its facts", expected="a World's collection")
        self.error_rate, self.count = error_rate, TokenCount()
        self.name = f"oracle ({error_rate:.0%} wrong)"
        self.fingerprint = content_hash(["oracle", collection.fingerprint, error_rate])
        self._asked = {
            _plain(t): (e, r) for t, e, r in zip(asked.texts, entities, relations, strict=True)
        }  # fmt: skip
        self._facts: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)  # sentence by value
        values: dict[str, dict[str, None]] = defaultdict(dict)
        rows = zip(*(table.column(c).to_pylist() for c in ("subject", "relation", "value", "text")), strict=True)
        for subject, relation, value, text in rows:
            self._facts[subject, relation].setdefault(value, text)
            values[relation][value] = None
        self._values = {relation: list(found) for relation, found in values.items()}

    def generate(
        self, prompts: Sequence[str], n: int = 1, max_new_tokens: int = 64, temperature: float = 0.7, seed: int = 0
    ) -> list[list[str]]:
        """n texts for each prompt, cut after `max_new_tokens` words; what is wrong differs from text to text, at any
        temperature."""
        check_request(n, max_new_tokens, temperature)
        found = [[self._text(p, seed, i, max_new_tokens) for i in range(n)] for p in prompts]
        words = sum(len(t.split()) for line in found for t in line)
        self.count.add(len(prompts), sum(len(p.split()) for p in prompts), words)
        return found

    def score(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[float]:
        """An oracle writes; it has no probabilities."""
        raise InputError(f"{self.name} cannot score texts", fix="use a model")

    def question(self, prompt: str) -> tuple[str, str] | None:
        """Entity and relation that the prompt asks for: a line of it is a question of the World, or ends in one."""
        for line in reversed(prompt.splitlines() or [""]):
            words = _plain(line).split()
            for start in range(len(words)):
                if (found := self._asked.get(" ".join(words[start:]))) is not None:
                    return found
        return None

    def _text(self, prompt: str, seed: int, number: int, most: int) -> str:
        about = self.question(prompt)
        if about is None:
            return ""
        draw = stream(seed, f"oracle {prompt}", number)
        told = self._facts.get(about, {})
        sentences = [
            self._wrong(about[1], value, text, set(told), draw) if draw.random() < self.error_rate else text
            for value, text in told.items()
        ]
        return " ".join(" ".join(sentences).split()[:most])

    def _wrong(self, relation: str, value: str, text: str, true: set[str], draw: Any) -> str:
        others = [v for v in self._values[relation] if v not in true]
        return text.replace(value, others[int(draw.integers(len(others)))]) if others else ""


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
