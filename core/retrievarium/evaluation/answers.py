"""Does a text hold an answer? The label of DPR and EntityQuestions: a sequence of tokens, case and accents aside.

Source: Karpukhin et al., 2020, section 5; accuracy by it is called `Answer@k` here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")


def _fold(text: str) -> tuple[str, list[int]]:
    """Text without case and combining marks, and for each of its characters the position it came from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    folded: list[str] = []
    origin: list[int] = []
    for position, char in enumerate(text):
        for piece in unicodedata.normalize("NFD", char):
            if unicodedata.category(piece) == "Mn":
                continue
            for low in piece.casefold():
                folded.append(low)
                origin.append(position)
    return "".join(folded), origin


def _tokens(text: str) -> list[tuple[str, int, int]]:
    """Tokens with their span `[start, stop)` in the original text."""
    folded, origin = _fold(text)
    return [(m.group(), origin[m.start()], origin[m.end() - 1] + 1) for m in _TOKEN.finditer(folded)]


def answer_words(text: str) -> str:
    """The text's tokens as `has_answer` sees them, each between blanks: for looking up many answers in one text.

    `has_answer(text, [a])` is `answer_words(a) in answer_words(text)` for an answer that has a token.
    """
    return "".join(f" {t}" for t, _, _ in _tokens(text)) + " "


def token_ends(text: str) -> list[int]:
    """Where each token of `answer_words(text)` ends in the text."""
    return [stop for _, _, stop in _tokens(text)]


def answer_spans(text: str, answers: Sequence[str]) -> list[tuple[int, int]]:
    """Spans `[start, stop)` in `text` where an answer stands as a sequence of tokens, in order, without overlaps."""
    tokens = _tokens(text)
    words = [t for t, _, _ in tokens]
    found: set[tuple[int, int]] = set()
    for answer in answers:
        target = [t for t, _, _ in _tokens(answer)]
        if not target:
            continue
        for i in range(len(words) - len(target) + 1):
            if words[i : i + len(target)] == target:
                found.add((tokens[i][1], tokens[i + len(target) - 1][2]))
    spans: list[tuple[int, int]] = []
    for start, stop in sorted(found, key=lambda s: (s[0], -s[1])):
        if not spans or start >= spans[-1][1]:
            spans.append((start, stop))
    return spans


def has_answer(text: str, answers: Sequence[str]) -> bool:
    """True where one of the answers stands in the text as a sequence of tokens."""
    words = [t for t, _, _ in _tokens(text)]
    for answer in answers:
        target = [t for t, _, _ in _tokens(answer)]
        if target and any(words[i : i + len(target)] == target for i in range(len(words) - len(target) + 1)):
            return True
    return False
