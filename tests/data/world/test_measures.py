"""Corpus statistics against independent computations."""

from __future__ import annotations

from collections import Counter
from math import log, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievarium.data.world import World
from retrievarium.data.world.lexical import BM25Scorer, Terms, ranks
from retrievarium.data.world.measure import Overlap, document_frequencies, look_alike_counts, terms, within_two

WORDS = st.text("abc", min_size=1, max_size=6)


def distance(a: str, b: str) -> int:
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            same = a[i - 1] == b[j - 1]
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (not same))
    return table[len(a), len(b)]


@given(WORDS, WORDS)
def test_within_two_edits(a: str, b: str) -> None:
    assert within_two(a, b) == (distance(a, b) <= 2)


def test_look_alikes_are_found_among_names(world: World) -> None:
    tokens = sorted({t for e in world.book.plan.cast.entities for t in e.name.tokens})[:400]
    counts = look_alike_counts(tokens[:60], tokens)
    assert sum(counts.values()) > 0
    for word in tokens[:60]:
        assert counts[word] == sum(other != word and distance(word, other) <= 2 for other in tokens)


def test_bm25_is_the_formula() -> None:
    texts = ["red boat on a river", "the river runs", "boat boat harbour of boats", "a quiet town"]
    corpus = Terms(texts)
    scorer = BM25Scorer(corpus, 1.2, 0.75)
    bags = [terms(text) for text in texts]
    mean = sum(map(len, bags)) / 4
    for question in ("boat river", "quiet harbour boat", "nothing here"):
        for row, bag in enumerate(bags):
            expected = 0.0
            for term in terms(question):
                df = sum(term in other for other in bags)
                if df:
                    tf = bag.count(term)
                    expected += log(1 + (4 - df + 0.5) / (df + 0.5)) * tf / (tf + 1.2 * (0.25 + 0.75 * len(bag) / mean))
            assert scorer.scores(question)[row] == pytest.approx(expected, abs=1e-6)
            assert scorer.rescored(question, row, "") == pytest.approx(expected, abs=1e-6)
    assert ranks([[2, 0], [1], []], [[0], [1], [3]]) == [2, 1, 0]


def test_overlap_is_a_share_of_idf() -> None:
    texts = ["red boat river", "river town", "town hall boat", "hall of songs"]
    overlap = Overlap(document_frequencies(texts), 4)
    exact = log2(5 / 2) + log2(5 / 1)
    share = overlap.share("which red boat passed the hall", texts[0])
    assert share == pytest.approx(1000 * exact / (exact + log2(5 / 2)), abs=10)
    assert overlap.share("where is it", texts[0]) == 0
    assert document_frequencies(texts) == Counter({"red": 1, "boat": 2, "river": 2, "town": 2, "hall": 2, "songs": 1})
