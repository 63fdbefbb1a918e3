"""Which characters of a passage to mark: answers first, then the question's terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retrievarium.evaluation import answer_spans
from retrievarium.retrievers import Analyzer


@dataclass(frozen=True)
class Mark:
    """Characters `[start, stop)` of a text; `kind` is "answer" or "term"."""

    start: int
    stop: int
    kind: str


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, overlapping ones joined (neighbouring character pairs overlap)."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


def passage_marks(
    text: str, answers: Sequence[str], terms: Iterable[str], analyzer: Analyzer | None = None
) -> list[Mark]:
    """Marks in reading order that never overlap.

    Parameters
    ----------
    answers: answer strings, found as token sequences with case and accents aside.
    terms: the question's index terms, as `analyzer.terms(question)` gives them: exactly what BM25 matches.
    analyzer: how the text becomes terms; English unless given.

    A term that stands inside an answer is shown as answer; one that an answer cuts is left out.
    """
    answered = answer_spans(text, answers)
    wanted = frozenset(terms)
    marks = [Mark(start, stop, "answer") for start, stop in answered]
    if wanted:
        found = _merged((s, e) for term, s, e in (analyzer or Analyzer()).spans(text) if term in wanted)
        marks += [Mark(s, e, "term") for s, e in found if all(e <= a or s >= b for a, b in answered)]
    return sorted(marks, key=lambda m: m.start)
