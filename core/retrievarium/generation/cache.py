"""A generator that remembers: the same request, whoever makes it, is answered from disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retrievarium.generation.tokens import TokenCount, check_request
from retrievarium.training import ContentStore, key_of
from retrievarium.workspace import Workspace, workspace


class CachedGenerator:
    """Texts kept in the workspace by generator, prompt and every setting that changes them."""

    def __init__(self, generator: Any, ws: Workspace | None = None) -> None:
        self.generator, self.name, self.fingerprint = generator, generator.name, generator.fingerprint
        self.can_score = bool(generator.can_score)
        self._store = ContentStore((ws or workspace()).root / "generated" / f"{self.fingerprint}.sqlite")

    @property
    def count(self) -> TokenCount:
        """The generator's own: what was really read and written."""
        return self.generator.count

    def generate(
        self, prompts: Sequence[str], n: int = 1, max_new_tokens: int = 64, temperature: float = 0.7, seed: int = 0
    ) -> list[list[str]]:
        """n texts for each prompt; only prompts never seen with these settings reach the generator."""
        check_request(n, max_new_tokens, temperature)
        settings = [n, max_new_tokens, float(temperature), seed]
        keys = [key_of("generate", self.fingerprint, p, settings) for p in prompts]
        known = self._store.get(list(dict.fromkeys(keys)))
        new = {k: p for k, p in zip(keys, prompts, strict=True) if k not in known}
        block = 16  # kept in between, so that a run that is stopped has not paid for nothing
        waiting = list(new.items())
        for start in range(0, len(waiting), block):
            some = waiting[start : start + block]
            texts = self.generator.generate([p for _, p in some], n, max_new_tokens, temperature, seed)
            fresh = {k: line for (k, _), line in zip(some, texts, strict=True)}
            self._store.put(fresh)
            known |= fresh
        return [list(known[k]) for k in keys]

    def score(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[float]:
        """As the generator's; each pair is scored once."""
        keys = [key_of("score", self.fingerprint, p, c) for p, c in zip(prompts, continuations, strict=True)]
        known = self._store.get(list(dict.fromkeys(keys)))
        new = {k: (p, c) for k, p, c in zip(keys, prompts, continuations, strict=True) if k not in known}
        if new:
            values = self.generator.score([p for p, _ in new.values()], [c for _, c in new.values()])
            fresh = {k: float(v) for k, v in zip(new, values, strict=True)}
            self._store.put(fresh)
            known |= fresh
        return [float(known[k]) for k in keys]
