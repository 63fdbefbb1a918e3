"""A sentence into clauses, each with its subject put back. Written for English, by rules that a reader can follow.

The ship is called after A B, who was employed by C.   ->   The ship is called after A B. / A B was employed by C.
X was born in Y; it ... , while Z ...                   ->   one clause each
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrievarium.units.naming import PREPOSITIONS, VERBS, Mention
from retrievarium.units.splitting import Span

_RELATIVE = re.compile(r",\s+(who|which|whose|where)\s+([^,;]+?)(?=,|;|[.!?]?[\"”]?$)")
_BETWEEN = re.compile(r";\s+|,\s+(?:while|whereas|but|and)\s+|\s+and\s+")
_SUBJECT = re.compile(r"(?:the|this|these|those|an?|he|she|it|they|his|her|its|their|there)\b", re.IGNORECASE)
_VERB = re.compile(rf"\b(?:{VERBS}|[a-z]{{2,}}(?:ed|s))\b")
_VERB_FIRST = re.compile(rf"(?:also\s+|later\s+|then\s+)?(?:{VERBS}|[a-z]{{2,}}ed)\b")
_THIRD = re.compile(r"\s+[a-z]{2,}s\b")  # of a verb in the present
_LEAD = re.compile(rf"(?:the|an?)\s+(?:(?!(?:{PREPOSITIONS})\b)[a-z-]+\s+){{0,2}}$", re.IGNORECASE)
_SHORTEST = 3  # words that a clause has at least


@dataclass(frozen=True)
class Clause:
    """A statement and the span of the sentence that it was taken from."""

    text: str
    start: int
    stop: int


def _sentence(text: str) -> str:
    text = re.sub(r"\s+([.,;!?])", r"\1", " ".join(text.split())).strip(" ,;")
    if not text:
        return ""
    text = text[:1].upper() + text[1:]
    return text if text[-1] in '.!?"”' else f"{text}."


def _noun_phrase(sentence: str, mentions: Sequence[Mention], stop: int) -> Span | None:
    """The name that ends at `stop`, with `the ship` before it."""
    for mention in mentions:
        if mention.stop == stop:
            lead = _LEAD.search(sentence, max(0, mention.start - 40), mention.start)
            return (lead.start() if lead else mention.start), stop
    return None


def split_clauses(sentence: str, mentions: Sequence[Mention] = ()) -> list[Clause]:
    """Clauses of a sentence in reading order; the sentence itself where no rule is sure.

    mentions: names in the sentence, as `Names.find` gives them.
    """
    pieces: list[Clause] = []
    rest = sentence
    for found in reversed(list(_RELATIVE.finditer(sentence))):
        before = _noun_phrase(sentence, mentions, found.start())
        if before is None or len(found[2].split()) < 2:
            continue
        who = sentence[before[0] : before[1]]
        if found[1] == "whose":
            text = f"{who}'s {found[2]}"
        elif found[1] == "where":
            text = f"at {who} {found[2]}"
        else:
            text = f"{who} {found[2]}"
        stop = found.end() + (1 if rest[found.end() : found.end() + 1] == "," else 0)
        pieces.append(Clause(_sentence(text), found.start(), found.end()))
        rest = rest[: found.start()] + " " * (stop - found.start()) + rest[stop:]
    return sorted([*_coordinated(rest, mentions), *pieces], key=lambda c: c.start)


def _coordinated(sentence: str, mentions: Sequence[Mention]) -> list[Clause]:
    cuts = [m for m in _BETWEEN.finditer(sentence) if _stands(sentence, m, mentions)]
    edges = [0, *(e for m in cuts for e in m.span()), len(sentence)]
    clauses = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        text = sentence[start:stop]
        if start and (_VERB_FIRST.match(text) or (_THIRD.match(f" {text}") and sentence[start - 4 : start] == "and ")):
            text = f"{_subject(sentence, mentions)} {text}"
        if text.strip():
            clauses.append(Clause(_sentence(text), start, len(sentence[:stop].rstrip())))
    return clauses


def _subject(sentence: str, mentions: Sequence[Mention]) -> str:
    """What the sentence begins with, up to its first verb; empty where it begins with something else."""
    for mention in mentions:
        lead = sentence[: mention.start]
        if not lead or _LEAD.fullmatch(lead):
            return sentence[: mention.stop]
    pronoun = re.match(r"(?:He|She|It|They)\b", sentence)
    return pronoun.group() if pronoun else ""


def _stands(sentence: str, cut: re.Match[str], mentions: Sequence[Mention]) -> bool:
    """Whether both sides of a cut are clauses."""
    left, right = sentence[: cut.start()], sentence[cut.end() :]
    if len(left.split()) < _SHORTEST or len(right.split()) < _SHORTEST or not _VERB.search(left):
        return False
    subject = _subject(sentence, mentions)
    verbs_agree = _THIRD.match(sentence[len(subject) :]) and _THIRD.match(f" {right}")
    if _VERB_FIRST.match(right) or verbs_agree:
        return bool(subject) and not cut.group().startswith(";")
    if cut.group().startswith(" "):
        return False
    named = any(m.start == cut.end() for m in mentions) or bool(_SUBJECT.match(right))
    clause = re.split(r"[,;]", right)[0]
    return (named or cut.group().startswith(";")) and bool(_VERB.search(clause))
