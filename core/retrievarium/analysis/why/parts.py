"""What an explanation is made of: parts of a score, where they stand in the texts, and what they leave unexplained."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from retrievarium.contracts import Ranking

Span = tuple[int, int]
DEPTH = 100  # ranks are told within so many results

_WORDS = re.compile(r"\w+(?:[-'’]\w+)*")
_NO_BLANKS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True)
class Part:
    """One part of a score.

    label: a term, a word piece, a word, a retriever or a passage's id.
    value: what it adds to the score.
    detail: where the value comes from, in words.
    query, passage: characters `[start, stop)` of the question, and of the passage's text (title and text joined).
    """

    label: str
    value: float
    detail: str = ""
    query: tuple[Span, ...] = ()
    passage: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Attribution:
    """Why one retriever gave one passage its score for one question.

    kind: bm25, sparse, max-sim, rank-fusion, linear-fusion, one-vector, feedback, invented, cascade, pair or unknown.
    score: the retriever's own; None where it does not have the passage.
    rank: in the retriever's own list, None beyond the first 100 or where nobody looked.
    parts: their sum and `remainder` make the score.
    exact: the parts were computed by the score's own formula, so that nothing remains but rounding.
    inner: the parts of a combination, or the stages of a cascade, explained themselves, in the order they work in.
    """

    retriever: str
    kind: str
    passage: str
    score: float | None
    parts: tuple[Part, ...] = ()
    exact: bool = True
    note: str = ""
    rank: int | None = None
    inner: tuple[Attribution, ...] = ()
    grid: Any = None

    @cached_property
    def total(self) -> float:
        """The sum of the parts."""
        return math.fsum(p.value for p in self.parts)

    @property
    def remainder(self) -> float:
        """What the parts leave of the score: 0 up to rounding where they are exact."""
        return 0.0 if self.score is None else self.score - self.total

    def placed(self, ranking: Ranking | None) -> Attribution:
        """The same with its rank in a list."""
        return self if ranking is None else replace(self, rank=ranking.rank_of(self.passage))


@dataclass(frozen=True)
class Weighed:
    """One part of a score on two passages, and how much more it gives the second."""

    label: str
    first: float
    second: float

    @property
    def gap(self) -> float:
        return self.second - self.first


def against(first: Attribution, second: Attribution) -> list[Weighed]:
    """Part by part what sets two passages of one retriever apart, the widest gap first; the remainder is a line too.

    The gaps sum to the difference of the scores. A part that one side lacks counts 0 there.
    """
    sides = []
    for told in (first, second):
        values: dict[str, float] = {}
        for part in told.parts:
            values[part.label] = values.get(part.label, 0.0) + part.value
        if not told.exact:
            values["what no single part explains"] = told.remainder
        sides.append(values)
    labels = dict.fromkeys([*sides[0], *sides[1]])
    rows = [Weighed(n, sides[0].get(n, 0.0), sides[1].get(n, 0.0)) for n in labels]
    return sorted(rows, key=lambda w: -abs(w.gap))


def words(text: str) -> list[Span]:
    """Spans of the words of a text; of single characters where a script puts no blanks between words."""
    found: list[Span] = []
    for match in _WORDS.finditer(text):
        start = match.start()
        if not _NO_BLANKS.search(match.group()):
            found.append(match.span())
            continue
        for place, character in enumerate(match.group(), start):
            if _NO_BLANKS.match(character) or not found or found[-1][1] != place or _joined(text, found[-1]):
                found.append((place, place + 1))
            else:
                found[-1] = (found[-1][0], place + 1)
    return found


def _joined(text: str, span: Span) -> bool:
    return _NO_BLANKS.match(text[span[0]]) is not None


def units(text: str, most: int) -> list[Span]:
    """Words, or where there are more than `most` of them, that many runs of neighbouring words."""
    spans = words(text)
    if len(spans) <= most:
        return spans
    borders = [round(i * len(spans) / most) for i in range(most + 1)]
    return [(spans[a][0], spans[b - 1][1]) for a, b in itertools.pairwise(borders)]


def without(text: str, spans: Sequence[Span]) -> str:
    """The text with these characters left out, and the blanks around them joined."""
    out, at = [], 0
    for start, stop in sorted(spans):
        out.append(text[at:start])
        at = max(at, stop)
    return re.sub(r"[ \t]{2,}", " ", "".join([*out, text[at:]])).strip()
