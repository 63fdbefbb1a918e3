"""A writer that knows the World, and errs as often as it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.generation.facts import FactCheck
from retrievarium.generation.tokens import TokenCount, check_request
from retrievarium.training import stream
from retrievarium.workspace import content_hash


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
        self.facts = FactCheck(world)
        self.error_rate, self.count = error_rate, TokenCount()
        self.name = f"oracle ({error_rate:.0%} wrong)"
        self.fingerprint = content_hash(["oracle", self.facts.collection.fingerprint, error_rate])

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

    def _text(self, prompt: str, seed: int, number: int, most: int) -> str:
        about = self.facts.question(prompt)
        if about is None:
            return ""
        draw, others = stream(seed, f"oracle {prompt}", number), self.facts.others(*about)
        sentences = [
            self._wrong(value, text, others, draw) if draw.random() < self.error_rate else text
            for value, text in self.facts.told(*about).items()
        ]
        return " ".join(" ".join(sentences).split()[:most])

    def _wrong(self, value: str, text: str, others: list[str], draw: Any) -> str:
        return text.replace(value, others[int(draw.integers(len(others)))]) if others else ""
