"""Passages drawn at random: what anything else must be better than."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from retrievarium.contracts import Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k

if TYPE_CHECKING:
    from retrievarium.data import Collection


class Chance(BaseRetriever):
    """k passages for each query, by its text and the seed alone; scores fall from k to 1.

    A floor for measures, and a placebo for whatever reads what was found.
    """

    def __init__(self, collection: Collection, seed: int = 0, name: str = "chance") -> None:
        self.collection, self.seed, self.name = collection, seed, name

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch, ids = as_queries(queries), self.collection.passages.ids
        depth = min(check_k(k), len(ids))
        scores = np.arange(depth, 0, -1, dtype=np.float32)
        return Run.from_rankings(batch.ids, [([ids[r] for r in self._rows(t, depth)], scores) for t in batch.texts])

    def _rows(self, text: str, depth: int) -> list[int]:
        digest = hashlib.sha256(f"{self.seed} {text}".encode()).digest()
        draw = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
        return draw.permutation(len(self.collection.passages))[:depth].tolist()
