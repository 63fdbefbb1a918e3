"""The passages a preflight reads: all of them, or an even spread of a large collection."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retrievarium.data.checks.texts import normal, windows
from retrievarium.data.collection import Collection
from retrievarium.data.views import join_text

MOST_PASSAGES = 100_000
"""Passages a preflight reads; beyond it a random sample (seed 0) stands for all."""


class Sample:
    """Aligned `ids`, `titles`, `texts`, `joined`, each `(n,)`, and what is derived from them once."""

    def __init__(self, collection: Collection, most: int = MOST_PASSAGES) -> None:
        table = collection.passages.table
        self.whole = len(table)
        if self.whole > most:
            rows = np.sort(np.random.default_rng(0).choice(self.whole, most, replace=False))
            table = table.select(["id", "title", "text"]).take(pa.array(rows))
        self.ids: list[str] = table.column("id").to_pylist()
        self.titles: list[str] = table.column("title").to_pylist()
        self.texts: list[str] = table.column("text").to_pylist()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def complete(self) -> bool:
        return len(self) == self.whole

    @cached_property
    def joined(self) -> list[str]:
        return [join_text(a, b) for a, b in zip(self.titles, self.texts, strict=True)]

    @cached_property
    def normal(self) -> list[str]:
        return [normal(t) for t in self.joined]

    @cached_property
    def by_text(self) -> dict[str, list[int]]:
        """Rows by normal form of the joined text; empty texts are left out."""
        groups: dict[str, list[int]] = {}
        for i, text in enumerate(self.normal):
            if text:
                groups.setdefault(text, []).append(i)
        return groups

    def windows(self, row: int) -> NDArray[np.uint64]:
        return windows(self.normal[row])

    def spread(self, most: int) -> list[int]:
        """At most `most` rows, evenly spaced."""
        if len(self) <= most:
            return list(range(len(self)))
        return np.linspace(0, len(self) - 1, most).astype(int).tolist()
