"""BM25 for calibration: Lucene's variant through bm25s, with the terms of `measure`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from retrievarium.data.world.measure import terms

GRID = tuple((k1, b) for k1 in (0.6, 0.9, 1.2, 1.6) for b in (0.2, 0.4, 0.75))


class Terms:
    """Texts as lists of term numbers, made once for a whole grid."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.vocabulary: dict[str, int] = {}
        number = self.vocabulary.setdefault
        self.rows = [[number(term, len(self.vocabulary)) for term in terms(text)] for text in texts]


class BM25Scorer:
    """score(q, d) = sum over t in q of idf(t) tf / (tf + k1 (1 - b + b |d| / mean |d|)).

    idf(t) = ln(1 + (N - df + .5) / (df + .5)).

    Source: Robertson and Zaragoza 2009, with Lucene's idf.
    """

    def __init__(self, corpus: Terms, k1: float, b: float) -> None:
        import bm25s

        self.corpus, self.k1, self.b = corpus, k1, b
        self.index: Any = bm25s.BM25(method="lucene", k1=k1, b=b)
        self.index.index((corpus.rows, corpus.vocabulary), show_progress=False)
        self.mean = sum(map(len, corpus.rows)) / len(corpus.rows)
        counts = np.zeros(len(corpus.vocabulary), dtype=np.int64)
        for row in corpus.rows:
            counts[list(set(row))] += 1
        self.frequency = counts

    def scores(self, question: str) -> npt.NDArray[np.float32]:
        """Scores of every text (n,)."""
        known = [self.corpus.vocabulary[term] for term in terms(question) if term in self.corpus.vocabulary]
        if not known:
            return np.zeros(len(self.corpus.rows), dtype=np.float32)
        return np.asarray(self.index.get_scores_from_ids(known), dtype=np.float32)

    def rescored(self, question: str, row: int, more: str) -> float:
        """The score of one text after `more` has been added to it."""
        vocabulary, n = self.corpus.vocabulary, len(self.corpus.rows)
        text = self.corpus.rows[row] + [vocabulary[term] for term in terms(more) if term in vocabulary]
        total = 0.0
        for term in terms(question):
            if term in vocabulary:
                number = vocabulary[term]
                tf, df = text.count(number), int(self.frequency[number])
                norm = self.k1 * (1 - self.b + self.b * len(text) / self.mean)
                total += log(1 + (n - df + 0.5) / (df + 0.5)) * tf / (tf + norm)
        return total

    def top(self, question: str, k: int) -> list[int]:
        """The `k` best rows with a score above 0, ties by row."""
        scores = self.scores(question)
        order = np.argsort(-scores, kind="stable")[:k]
        return [int(row) for row in order if scores[row] > 0]


def ranks(found: Iterable[list[int]], gold: Iterable[list[int]]) -> list[int]:
    """Rank (from 1) of the first gold row of each question, 0 where it is not found."""
    return [
        next((at + 1 for at, row in enumerate(rows) if row in right), 0)
        for rows, right in zip(found, gold, strict=True)
    ]


def tuned(corpus: Terms, questions: Sequence[str], gold: Sequence[list[int]]) -> tuple[float, float]:
    """The (k1, b) of the grid with the best RR@10, the first in grid order among equals."""
    best, chosen = -1.0, GRID[0]
    for k1, b in GRID:
        scorer = BM25Scorer(corpus, k1, b)
        value = sum(1 / r for r in ranks([scorer.top(q, 10) for q in questions], gold) if r)
        if value > best:
            best, chosen = value, (k1, b)
    return chosen
