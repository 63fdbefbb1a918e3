"""Corpus statistics in integer arithmetic: terms, document frequencies, and a question's overlap with its passage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from retrievarium.data.world.draws import log2_steps
from retrievarium.data.world.listing import listed

_TERM = re.compile(r"\b\w\w+\b")
STOP_WORDS = frozenset(
    listed(
        """
    a an and are as at be but by for if in into is it no not of on or such that the their then there
    these they this to was will with
    """
    )
)
FUNCTION_WORDS = STOP_WORDS | frozenset(
    listed(
        """
    about above after again against all also am any because been before being below between both can
    could did do does doing down during each few further had has have having he her here hers
    herself him himself his how i itself just me more most must my myself nor now off once only
    other our ours out over own same she should so some than them themselves those through too under
    until up upon very we were what when where which while who whom whose why would you your
    """
    )
)


def terms(text: str) -> list[str]:
    """Lower-case words of two letters or more, English stop words left out: what BM25 sees."""
    return [term for term in _TERM.findall(text.lower()) if term not in STOP_WORDS]


def content_terms(text: str) -> list[str]:
    """Terms without function words and question words."""
    return [term for term in terms(text) if term not in FUNCTION_WORDS]


def document_frequencies(texts: Iterable[str]) -> Counter[str]:
    """In how many texts each term stands."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(terms(text)))
    return counts


class Overlap:
    """Share of a question's idf weight that a passage holds, in thousandths.

    share = sum of idf(t) over distinct content words t in question and passage / sum over distinct t in question,
    idf(t) = log2((N + 1) / df(t)), in steps of 1/64. Function words are left out, and so are words that stand nowhere
    in the collection: they have no document frequency, and no lexical matcher can use them.
    """

    def __init__(self, frequencies: Counter[str], documents: int) -> None:
        self.frequencies, self.documents = frequencies, documents
        self._idf: dict[str, int] = {}

    def idf(self, term: str) -> int:
        """Integer idf of a term of the collection."""
        if term not in self._idf:
            self._idf[term] = log2_steps(self.documents + 1, self.frequencies[term])
        return self._idf[term]

    def share(self, question: str, passage: str, unknown: bool = False) -> int:
        """Thousandths of the question's weight found in the passage.

        `unknown` counts words that stand nowhere in the collection too, as if in half a document.
        """
        words = set(content_terms(question))
        asked = {term for term in words if term in self.frequencies}
        total = sum(self.idf(term) for term in asked)
        if unknown:
            total += len(words - asked) * log2_steps(2 * (self.documents + 1), 1)
        held = asked.intersection(content_terms(passage))
        return 1000 * sum(self.idf(term) for term in held) // total if total else 0


def within_two(first: str, second: str) -> bool:
    """Whether two words are at most two edits apart (insert, delete, replace)."""
    if abs(len(first) - len(second)) > 2:
        return False
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
        if min(row) > 2:
            return False
    return row[-1] <= 2


def look_alike_counts(words: Iterable[str], vocabulary: Iterable[str]) -> dict[str, int]:
    """For each word, how many other words of the vocabulary lie within two edits.

    Words within two edits share one of three pieces at nearly its own place (pigeonhole), which keeps candidates few.
    """

    def pieces(word: str, wide: bool) -> set[tuple[int, str]]:
        size, found = max(1, len(word) // 3), set()
        for at in range(3):
            start = at * size
            piece = word[start : start + size] if at < 2 else word[start:]
            for shift in range(-2, 3) if wide else (0,):
                found.add((start + shift, piece))
        return found

    index: dict[tuple[int, str], list[str]] = {}
    known = sorted(set(vocabulary))
    for word in known:
        for start in range(len(word)):
            for size in (1, 2, 3, 4):
                if start + size <= len(word):
                    index.setdefault((start, word[start : start + size]), []).append(word)
    asked = sorted(set(words))
    letters = {word: sum(1 << (ord(letter) % 64) for letter in set(word)) for word in (*asked, *known)}
    counts = {}
    for word in asked:
        near = {other for key in pieces(word, True) for other in index.get(key, ()) if abs(len(other) - len(word)) <= 2}
        near.discard(word)
        # Two edits change at most four letters of the set of letters used: a cheap first look.
        likely = [other for other in near if (letters[word] ^ letters[other]).bit_count() <= 4]
        counts[word] = sum(within_two(word, other) for other in likely)
    return counts
