"""Text into spans: words, sentences, blocks of words, phrases."""

from __future__ import annotations

import re

Span = tuple[int, int]
"""Characters `[start, stop)` of a text."""

# scripts without blanks count a character as a word
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_BREAK = re.compile(r"[\s]*[.,;:!?()\[\]\"“”„«»—–]+[\s]*|\s+-\s+")
_LONGEST_PHRASE = 10


def word_spans(text: str) -> list[Span]:
    """Words of a text: what stands between blanks; in scripts without blanks every character."""
    return [m.span() for m in _WORD.finditer(text)]


def split_sentences(text: str, language: str | None = None) -> list[Span]:
    """Sentences without the blanks around them, by sentencex (Wikimedia; English rules where the language is unknown).

    Every character that is not blank lies in one span.
    """
    import sentencex

    spans = []
    # positions are counted here: the library tells its own in characters, but glues blanks to what stands before
    at = 0
    for piece in sentencex.segment(language if language and language != "mul" else "en", text):
        start = text.index(piece, at)
        at = start + len(piece)
        trimmed = piece.strip()
        if trimmed:
            start += len(piece) - len(piece.lstrip())
            spans.append((start, start + len(trimmed)))
    return spans


def split_words(text: str, size: int = 100) -> list[Span]:
    """Blocks of `size` words, the last one shorter: DPR's passages. Source: Karpukhin et al., 2020, section 4.1."""
    words = word_spans(text)
    return [(words[i][0], words[min(i + size, len(words)) - 1][1]) for i in range(0, len(words), size)]


def split_phrases(text: str, stop_words: frozenset[str] = frozenset()) -> list[Span]:
    """Longest runs of words between stop words and punctuation, at most 10 words each.

    Source: Rose et al., 2010 (RAKE's candidates); the limit is DensePhrases'.
    """
    spans: list[Span] = []
    at = 0
    pieces = []
    for cut in _BREAK.finditer(text):
        pieces.append((at, cut.start()))
        at = cut.end()
    pieces.append((at, len(text)))
    for start, stop in pieces:
        run: list[Span] = []
        for a, b in [*((start + a, start + b) for a, b in word_spans(text[start:stop])), (stop, stop)]:
            if a == b or text[a:b].lower() in stop_words or len(run) == _LONGEST_PHRASE:
                if run:
                    spans.append((run[0][0], run[-1][1]))
                run = []
            if a < b and text[a:b].lower() not in stop_words:
                run.append((a, b))
    return spans
