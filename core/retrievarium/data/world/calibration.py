"""Calibration: does the World look, to corpus statistics and BM25, like real text?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.data.world.attribution import attribute
from retrievarium.data.world.book import Book
from retrievarium.data.world.dials import Dials
from retrievarium.data.world.lexical import BM25Scorer, Terms, ranks, tuned
from retrievarium.data.world.slices import CAUSES

if TYPE_CHECKING:
    from retrievarium.data.world.world import World

DIALS_HASH = "43dfb9a120bd6965"  # frozen; tuned on seeds 1 to 9
QUANTILES = (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))
REAL = {  # p10, p50, p90 of the same statistic in three real collections
    "squad-dev": (0.40, 0.70, 1.00),
    "entity-wiki": (0.66, 0.79, 0.91),
    "hotpotqa-100": (0.25, 0.46, 0.75),
}


@dataclass(frozen=True)
class Line:
    """One line of the calibration table."""

    what: str
    low: float
    high: float
    measured: float

    @property
    def holds(self) -> bool:
        """Whether the measured value lies in the target range."""
        return self.low <= self.measured <= self.high


def dials_hash() -> str:
    """16 hex digits of the default dials: changes when anything about their values changes."""
    return hashlib.sha256(json.dumps(vars(Dials()), sort_keys=True).encode()).hexdigest()[:16]


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * share))])


def name_frequencies(book: Book) -> list[int]:
    """Document frequency of each name token that the index holds."""
    tokens = {token for entity in book.plan.cast.entities for token in entity.name.tokens}
    return [book.frequencies[token] for token in sorted(tokens) if book.frequencies[token]]


def calibrate(world: World) -> list[Line]:
    """Targets and measured values; uses corpus statistics and BM25 alone."""
    book = world.book
    overlap = [value / 1000 for value in book.overlaps]
    strict = [
        max(book.overlap.share(q.text, book.texts[page], unknown=True) for page in book.gold(q)) / 1000
        for q in book.test
    ]
    frequency = [float(value) for value in name_frequencies(book)]
    gold = [book.gold(question) for question in book.test]
    corpus = Terms(book.texts)
    dev = [question.text for question in book.dev]
    scorer = BM25Scorer(corpus, *tuned(corpus, dev, [book.gold(question) for question in book.dev]))
    found = [scorer.top(question.text, 20) for question in book.test]
    at = np.array(ranks(found, gold))
    recall = [len(set(rows) & set(right)) / len(right) for rows, right in zip(found, gold, strict=True)]
    success = (at > 0) & (at <= 5)
    shares = attribute(book, scorer, [int(n) for n in np.flatnonzero(~success)])
    return [
        Line("overlap p10", 0.25, 0.40, quantile(overlap, 0.1)),
        Line("overlap p50", 0.50, 0.65, quantile(overlap, 0.5)),
        Line("overlap p90", 0.80, 1.00, quantile(overlap, 0.9)),
        *(Line(f"overlap {n}, unknown words counted", 0.0, 1.0, quantile(strict, s)) for n, s in QUANTILES),
        Line("zero overlap", 0.0, 0.02, sum(value == 0 for value in overlap) / len(overlap)),
        Line("BM25 RR@10", 0.45, 0.65, float(np.where((at > 0) & (at <= 10), 1 / np.maximum(at, 1), 0).mean())),
        Line("BM25 Success@5", 0.60, 0.80, float(success.mean())),
        Line("BM25 R@20", 0.80, 0.92, float(np.mean(recall))),
        Line("name token frequency, median", 4, 9, quantile(frequency, 0.5)),
        Line("name token frequency, p90", 18, 32, quantile(frequency, 0.9)),
        *(Line(f"misses explained by {name}", 0.0, 0.40, shares[name]) for name in CAUSES),
        Line("misses that need several repairs", 0.0, 1.0, shares["several together"]),
    ]


def as_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The table as records."""
    return [
        {"what": x.what, "low": x.low, "high": x.high, "measured": round(x.measured, 4), "holds": x.holds}
        for x in lines
    ]
