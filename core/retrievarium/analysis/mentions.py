"""Names in running text, for collections that name no entities: titles, capitalised spans, look-alike names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

from retrievarium.evaluation.answers import answer_words

_WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
_JOINERS = frozenset(
    ("of", "the", "de", "la", "von", "van", "der", "den", "du", "di", "da", "and", "le", "el", "al", "y")
)
_ASKED = frozenset(
    (
        *("who", "whom", "whose", "what", "which", "when", "where", "why", "how", "name"),
        *("in", "on", "at", "by", "for", "from", "to", "as", "if", "according", "during", "after", "before", "under"),
        *("with", "is", "was", "are", "were", "did", "does", "do", "has", "have", "had", "can", "could", "should"),
        *("the", "a", "an", "this", "that", "these", "those"),
    )
)
_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
_LEAD = 400  # characters in which a first sentence says what a thing is
_IS_A = re.compile(r"\b(?:is|was|are|were)\s+(?:an?|the|one of the)\s+([^.;:()]{3,160})", re.IGNORECASE)
_LEAD_STOP = re.compile(
    r",|\s(?:and|or|of|in|at|on|for|from|by|to|with|who|whose|that|which|as|under|near|about|between|since|based|"
    r"located|situated|born|written|directed|released|published|played|produced|starring|founded|built|known|"
    r"recorded|set|best)\b",
    re.IGNORECASE,
)
_LIFE = re.compile(r"\([^)]{0,80}(?:\bborn\b|\bb\.|\b\d{3,4}\s?[-–—]\s?[^)]{0,30}\b\d{3,4}\b)|\bwas born\b")
_TRADES = ("er", "or", "ist", "ian", "man", "woman", "ess", "eer")
_THINGS = ("river", "tower", "border", "theater", "chapter", "letter", "number", "order", "paper", "computer", "center")
_PEOPLE = frozenset(
    (
        *(
            "son",
            "daughter",
            "wife",
            "husband",
            "child",
            "king",
            "queen",
            "prince",
            "monarch",
            "count",
            "duke",
            "sultan",
        ),
        *("emperor", "saint", "consort", "aristocrat", "poet", "pilot", "judge", "chef", "nurse", "athlete", "scholar"),
        *("diplomat", "magnate", "model", "peer", "priest", "bishop", "pope", "general", "soldier", "spy", "critic"),
    )
)
_ALIKE = 0.86  # ratio of matching characters at which two names can be taken for each other
_SHORTEST = 3  # letters of a name's part that counts


def plain_name(title: str) -> str:
    """A title without an addition in brackets: `Mercury (planet)` is called Mercury."""
    return _BRACKETS.sub("", title).strip() or title.strip()


def capitalised_spans(text: str) -> list[str]:
    """Runs of capitalised words, small joiners inside kept: `the Bay of Fundy` gives `Bay of Fundy`.

    A first word counts where it is no asking or function word. Scripts without capitals have none.
    """
    spans: list[str] = []
    words = list(_WORD.finditer(text))
    at = 0
    while at < len(words):
        if not _opens(words[at], first=at == 0):
            at += 1
            continue
        end = last = at
        while end + 1 < len(words) and _adjoins(text, words[end], words[end + 1]):
            word = words[end + 1].group()
            if word[0].isupper():
                last = end + 1
            elif word not in _JOINERS:
                break
            end += 1
        spans.append(text[words[at].start() : words[last].end()])
        at = last + 1
    return spans


def _opens(word: re.Match[str], first: bool) -> bool:
    told = word.group()
    return told[0].isupper() and (told.lower() not in _ASKED or (len(told) > 1 and told.isupper() and not first))


def _adjoins(text: str, a: re.Match[str], b: re.Match[str]) -> bool:
    """Whether nothing but a blank stands between two words."""
    return text[a.end() : b.start()].strip() == ""


def name_parts(name: str) -> frozenset[str]:
    """The parts of a name by which it can be taken for another: words of three letters or more, case aside."""
    told = (w.lower() for w in _WORD.findall(plain_name(name)))
    return frozenset(w for w in told if len(w) >= _SHORTEST and w not in _JOINERS)


@lru_cache(maxsize=200_000)
def names_alike(a: str, b: str, common: frozenset[str] = frozenset()) -> bool:
    """Whether two different names share a part that is not `common`, or nearly the same letters."""
    left, right = name_parts(a), name_parts(b)
    if (left & right) - common:
        return True
    one, two = plain_name(a).casefold(), plain_name(b).casefold()
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def common_parts(names: Iterable[str], share: float = 0.02, least: int = 8) -> frozenset[str]:
    """Parts that many names bear (`river`, `university`): sharing one makes no look-alike. At least `least` names and
    more than `share` of all."""
    counts: dict[str, int] = {}
    every = list(dict.fromkeys(names))
    for name in every:
        for part in name_parts(name):
            counts[part] = counts.get(part, 0) + 1
    bound = max(least, share * len(every))
    return frozenset(p for p, n in counts.items() if n > bound)


def lead_type(text: str) -> str | None:
    """What an encyclopedia's first sentence says a thing is: `Olkusz is a town in southern Poland` gives `town`.

    Whoever is born or has a trade is a `person`. Else the last word before a preposition, relative or comma; None where
    no such sentence begins the text.
    """
    if _LIFE.search(text[:_LEAD]):
        return "person"
    found = _IS_A.search(text[:_LEAD])
    if found is None:
        return None
    words = _LEAD_STOP.split(found.group(1), maxsplit=1)[0].split()
    told = words[-1].strip("\"'’").lower() if words else ""
    if told in _PEOPLE or (told.endswith(_TRADES) and not told.endswith(_THINGS)):
        return "person"
    return told if len(told) >= _SHORTEST and told.isalpha() else None


def subject_of(question: str, titles: dict[str, str]) -> str | None:
    """The entity a question seems to ask about: the longest capitalised span that is a title, else the longest one.

    titles: title by its plain name in small letters. None where the question has no capitalised span.
    """
    spans = capitalised_spans(question)
    known = [titles[s.casefold()] for s in spans if s.casefold() in titles]
    return max(known, key=len) if known else max(spans, key=len) if spans else None


def holds_name(folded: str, name: str) -> bool:
    """Whether a text, given as `answer_words(text)`, holds a name as a sequence of words."""
    told = answer_words(plain_name(name))
    return bool(told.strip()) and told in folded


def shingles(text: str, width: int = 5) -> frozenset[str]:
    """Sequences of `width` words, case and punctuation aside; a shorter text is one."""
    words = answer_words(text).split()
    return (
        frozenset(" ".join(words[i : i + width]) for i in range(max(1, len(words) - width + 1)))
        if words
        else frozenset()
    )
