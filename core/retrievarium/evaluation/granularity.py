"""Units of any size, measured alike: by passages at equal k, and by words at equal reading.

Source: Chen et al., 2023 (2312.06648), sections 4 and 5; equal words beside equal k because units that merge others
cannot have a lower recall at the same k (Jiang et al., 2024, 2406.15319).
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Ranking, Run
from retrievarium.evaluation.answers import answer_words, token_ends
from retrievarium.units.folding import reading
from retrievarium.units.splitting import word_spans

if TYPE_CHECKING:
    from retrievarium.units import Units

_RESAMPLES = 2_000
_BLOCK = 4_000_000


class Texts:
    """Texts as `has_answer` sees them, folded once: `holds(key, answers)` is `has_answer(texts[key], answers)`."""

    def __init__(self, texts: Mapping[str, str] | Sequence[str]) -> None:
        self._texts = texts
        self._folded: dict[str | int, str] = {}
        self._places: dict[str | int, tuple[list[int], list[int]]] = {}

    def holds(self, key: str | int, folded_answers: Sequence[str]) -> bool:
        """`folded_answers` come from `fold`."""
        if key not in self._folded:
            self._folded[key] = answer_words(self._texts[key])  # type: ignore[index]
        return any(a in self._folded[key] for a in folded_answers)

    def words_needed(self, key: str | int, folded_answers: Sequence[str]) -> int:
        """Words from the text's beginning to the end of the first answer in it, which `holds`."""
        if key not in self._places:
            text = self._texts[key]  # type: ignore[index]
            self._places[key] = token_ends(text), [start for start, _ in word_spans(text)]
        ends, starts = self._places[key]
        folded = self._folded[key]
        found = [(at, a) for a in folded_answers if (at := folded.find(a)) >= 0]
        # a token stands after each blank: blanks before a place are tokens before it
        last = [folded.count(" ", 0, at) + a.count(" ") - 2 for at, a in found]
        return bisect_left(starts, min(ends[token] for token in last))

    @staticmethod
    def fold(answers: Sequence[str]) -> list[str]:
        """Answers as they stand in a folded text; one without a token is left out."""
        return [f for f in map(answer_words, answers) if f.strip()]


def answer_at(run: Run, k: int, answers: Mapping[str, Sequence[str]], texts: Texts) -> dict[str, float]:
    """Per query with answers, 1 where one of the first k passages holds one: DPR's top-k accuracy."""
    found: dict[str, float] = {}
    for query, wanted in answers.items():
        folded = Texts.fold(wanted)
        ids = run[query].ids[:k] if query in run else ()
        found[query] = float(any(texts.holds(p, folded) for p in ids))
    return found


def first_answer_word(
    run: Run, units: Units, answers: Mapping[str, Sequence[str]], words: int = 500
) -> dict[str, float]:
    """Per query the least number of retrieved words that hold an answer; infinity where `words` of them do not.

    The units are read one after another, titles left out; an answer that runs over the border of two units is none.
    """
    texts = Texts(units.texts)
    found: dict[str, float] = {}
    for query, wanted in answers.items():
        found[query] = math.inf
        if query not in run:
            continue
        folded = Texts.fold(wanted)
        for row, before, read in reading(run[query], units, words):
            if not texts.holds(row, folded):
                continue
            within = texts.words_needed(row, folded)
            if within <= read:
                found[query] = before + within
                break
    return found


def answer_in_words(needed: Mapping[str, float], words: Sequence[int]) -> NDArray[np.float64]:
    """The share of queries whose answer occurs within the first l retrieved words, for every l: `(len(words),)`."""
    values = np.array(list(needed.values()), dtype=np.float64)
    return np.array([float((values <= limit).mean()) for limit in words])


_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def exact_match(said: str, answers: Sequence[str]) -> bool:
    """Whether an answer is one of the right ones, case, accents, punctuation and articles aside.

    Source: Rajpurkar et al., 2016 (SQuAD), section 6.1.
    """

    def plain(text: str) -> str:
        words = _ARTICLES.sub(" ", answer_words(text))
        return " ".join(w for w in words.split() if any(c.isalnum() for c in w))

    return bool(plain(said)) and plain(said) in {plain(a) for a in answers}


def read_text(ranking: Ranking, units: Units, words: int) -> str:
    """The ranked units one after another, cut at so many words: what a reader is given."""
    parts = []
    for row, _, read in reading(ranking, units, words):
        text = units.texts[row]
        parts.append(text[: word_spans(text)[read - 1][1]] if read else "")
    return " ".join(p for p in parts if p)


def em_at_words(
    run: Run,
    units: Units,
    reader: Any,
    questions: Mapping[str, str],
    answers: Mapping[str, Sequence[str]],
    words: int,
) -> dict[str, float]:
    """EM@l: per query with answers, 1 where a reader that is given the first l retrieved words says a right answer.

    reader: `reader(question, text) -> str`; its `many(questions, texts)` is used where it has one.

    Source: Chen et al., 2023 (2312.06648), section 4.3.
    """
    asked = [q for q in answers if q in questions]
    texts = [read_text(run[q], units, words) if q in run else "" for q in asked]
    wanted = [questions[q] for q in asked]
    many = getattr(reader, "many", None)
    said = many(wanted, texts) if many else [reader(q, t) for q, t in zip(wanted, texts, strict=True)]
    return {q: float(exact_match(s, answers[q])) for q, s in zip(asked, said, strict=True)}


def mean_intervals(values: NDArray[np.float64], seed: int = 0, resamples: int = _RESAMPLES) -> NDArray[np.float64]:
    """Percentile bootstrap intervals (95%) of the means of several measures over the same queries.

    values: `(m, n)`, one row a measure. All rows share their resamples, so that differences of rows are paired.

    Returns `(m, 2)`; each row equals `significance.bootstrap_interval(row, seed, resamples)` up to rounding.
    """
    rng = np.random.default_rng(seed)
    n = values.shape[1]
    step = max(1, _BLOCK // max(1, n))
    means = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        draws = rng.integers(0, n, (size, n))
        counts = np.zeros((size, n), dtype=np.float64)
        np.add.at(counts, (np.arange(size)[:, None], draws), 1.0)
        means.append(counts @ values.T / n)  # (size, m)
    return np.quantile(np.concatenate(means), [0.025, 0.975], axis=0).T
