"""Balance: what must not change between buckets of exposure, measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retrievarium.data.world.book import FEATURES, Book
from retrievarium.data.world.slices import COMMON, RARE


@dataclass(frozen=True)
class Balance:
    """A feature's mean over questions on rare and on common subjects (arm A) and standardised differences.

    `rare_common` compares the two judged groups, `buckets` the largest difference between any bucket and the rest.
    """

    feature: str
    rare: float
    common: float
    rare_common: float
    buckets: float


def balance(book: Book) -> list[Balance]:
    """One record a feature; arm B is the same with signs turned."""
    rows = book.features
    subjects = sorted(rows)
    sums = np.array([rows[n] for n in subjects], dtype=np.float64)  # (subjects, features), sums over questions
    steps = np.array([book.steps[n] for n in subjects])
    questions = sums[:, 0]
    result = []
    for column, name in enumerate(FEATURES):
        # A feature's mean over questions is a ratio of sums; its spread is that of the questions, not of the subjects.
        values, weights = sums[:, column], questions if column else np.ones_like(questions)
        spread = _spread(book, values, column)
        rare, common = (_mean(values, weights, np.isin(steps, group)) for group in (RARE, COMMON))
        each = [abs(_mean(values, weights, steps == s) - _mean(values, weights, steps != s)) for s in range(6)]
        scale = spread or 1.0
        result.append(Balance(name, rare, common, (common - rare) / scale, max(each) / scale))
    return result


def _mean(values: np.ndarray, weights: np.ndarray, chosen: np.ndarray) -> float:
    total = float(weights[chosen].sum())
    return float(values[chosen].sum()) / total if total else 0.0


def _spread(book: Book, sums: np.ndarray, column: int) -> float:
    """Standard deviation of the feature over questions (over subjects for the number of questions)."""
    if column == 0:
        return float(sums.std())
    return float(np.std([row[column] for row in book.question_features]))
