"""A run from a file as a retriever: another system's results as a column beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrievarium.contracts import Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k

if TYPE_CHECKING:
    from retrievarium.data.views import Qrels


class FrozenRun(BaseRetriever):
    """Answers the queries that its run holds, by query id; a query it never saw gets an empty list."""

    def __init__(self, run: Run, name: str = "imported run") -> None:
        self.run, self.name = run, name

    @classmethod
    def load(cls, path: str | Path, name: str | None = None) -> FrozenRun:
        """From a TREC run file."""
        return cls(Run.load(path), name or Path(path).stem)

    @classmethod
    def judged(cls, qrels: Qrels, name: str = "what is relevant") -> FrozenRun:
        """What the judgements call relevant, by grade: an oracle, for positive controls."""
        grades = {q: {p: float(g) for p, g in qrels.relevant(q).items()} for q in qrels.query_ids}
        return cls(Run.from_dict(grades), name)

    def search(self, queries: Searchable, k: int = 100) -> Run:
        ids, depth = as_queries(queries).ids, check_k(k)
        nothing: tuple[tuple[str, ...], np.ndarray] = ((), np.empty(0, dtype=np.float32))
        lists = [(r.ids[:depth], r.scores[:depth]) if q in self.run and (r := self.run[q]) else nothing for q in ids]
        return Run.from_rankings(ids, lists)
