"""Text to index terms, by language.

English: lower-cased words of two characters or more, English stop words dropped, no stemming. Other languages that
put blanks between words: lower-cased words. Languages written without blanks, and mixtures: pairs of neighbouring
characters within words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from retrievarium.contracts import InputError

# Beyond ASCII a word's letters may carry marks of their own (Devanagari vowels, Arabic vowel signs), which `\w` of the
# standard library takes for the word's end.
_ASCII = re.compile(r"\w\w+")
_WORDS = regex.compile(r"[\w\p{M}]{2,}")
_ANY_WORD = regex.compile(r"[\w\p{M}]+")
_NO_BLANKS = ("zh", "ja", "th", "lo", "km", "my", "mul")
KINDS = ("english", "words", "pairs")


@lru_cache(maxsize=1)
def english_stop_words() -> frozenset[str]:
    from bm25s.stopwords import STOPWORDS_EN

    return frozenset(STOPWORDS_EN)


@dataclass(frozen=True)
class Analyzer:
    """How a text becomes terms: `english`, `words` or `pairs` (of characters)."""

    kind: str = "english"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"{self.kind!r} is no analyzer", field="analyzer", expected=f"one of {KINDS}")

    def spans(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Terms with their span `[start, stop)` in the text, in reading order; pairs overlap."""
        if self.kind == "pairs":
            for match in _ANY_WORD.finditer(text):
                word, start = match.group(), match.start()
                if len(word) == 1:
                    yield word.lower(), start, start + 1
                for i in range(len(word) - 1):
                    yield word[i : i + 2].lower(), start + i, start + i + 2
            return
        stop_words = english_stop_words() if self.kind == "english" else frozenset()
        for match in _WORDS.finditer(text):
            term = match.group().lower()
            if term not in stop_words:
                yield term, match.start(), match.end()

    def terms(self, text: str) -> list[str]:
        """Index terms `(m,)` in reading order, repeats kept."""
        if self.kind == "pairs":
            return [term for term, _, _ in self.spans(text)]
        # the hot path; equal to `spans` (tested). Lower-casing before splitting is faster, but beyond ASCII it can move
        # the words' borders (Turkish dotted I, Greek final sigma)
        terms = _ASCII.findall(text.lower()) if text.isascii() else [t.lower() for t in _WORDS.findall(text)]
        if self.kind == "english":
            stop_words = english_stop_words()
            return [t for t in terms if t not in stop_words]
        return terms


def analyzer_for(language: str | None) -> Analyzer:
    """The analyzer for a language code; English where the collection does not say."""
    if language is None or language.split("-")[0].lower() == "en":
        return Analyzer("english")
    return Analyzer("pairs" if language.split("-")[0].lower() in _NO_BLANKS else "words")
