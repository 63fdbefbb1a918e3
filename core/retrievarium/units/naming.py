"""Who is meant: names in a text, their short forms, and what a pronoun or `the ship` stands for.

Everything is learned from the collection itself: its titles are the names that are known, and what stands between
`the` and a name ("the ship Hauwen") is what that name may be called. Written for English.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(r"[^\W_](?:[\w’'&.-]*[^\W_])?|&")
_CAPITAL = re.compile(r"[^\W\d_a-zß-öø-ÿ]")
_INSIDE = frozenset(re.split(r"\s", "of the de la le von van der den di da du del al & and for"))
_COMMON = frozenset(
    re.split(
        " ",
        "the a an in on at as of by for from to with and or but while when where after before since until "
        "during it he she they his her its their this that these those there here who which whose what if so "
        "yet not no one two three some many most all both each every another other such only even also then "
        "thus however although though because under over between among through against about into within "
        "without upon like unlike i we you my our your first second third last next same whole own",
    )
)
_CUE = re.compile(r"\b(?:the|an?)\s+(?:[a-z-]+\s+)?([a-z-]{3,})(?:\s+of)?\s+$", re.IGNORECASE)
VERBS = (
    "was|were|is|are|has|had|have|became|did|does|can|could|will|would|may|might|must|went|took|made|gave|got|"
    "wrote|won|led|held|left|built|began|grew|rose|fell|ran|came|kept|found|met|lost|sold|bought|taught|spent"
)
PREPOSITIONS = (
    "of|on|in|at|by|for|from|to|with|and|or|as|than|like|between|near|under|over|about|into|along|against|after|before"
)
NOT_A_NOUN = rf"(?:{VERBS}|{PREPOSITIONS}|who|which|that|[a-z]+ed|also|not|then|later|once|still)\b"
_ADJECTIVE = re.compile(rf" (?!{NOT_A_NOUN})[a-z]{{3,}}\b")
_ARTICLE = re.compile(r"\b(?:the|an?|this|its|his|her|their)\s+$", re.IGNORECASE)
_CAPITAL_INSIDE = re.compile(r"(?<=[a-z,&] )([^\W\d_a-zß-öø-ÿ][\w-]*)")
_SAYS_WHO = re.compile(r"(?:^|[.!?] )(He|She|It|Its)\b")


@dataclass(frozen=True)
class Mention:
    """A name at `[start, stop)` of a text, and the full name it stands for."""

    start: int
    stop: int
    full: str


def short_forms(name: str) -> list[str]:
    """How a name of several words may be shortened: its last word where that is capitalised, its first and last, and
    the first of `A & B`."""
    words = name.split()
    if {"of", "in", "and"} & set(words):
        return []  # the British are not the Word of the British
    if "&" in words[1:-1]:
        return [words[0]]
    forms = [words[-1]] if len(words) > 1 and _CAPITAL.match(words[-1]) else []
    return forms + ([f"{words[0]} {words[-1]}"] if len(words) > 2 else [])


@dataclass
class Names:
    """The names that a collection's titles give, by their first word, and what its texts tell of each.

    cues: nouns by which names are called. persons: how often a name was met as a who, minus as a which.
    """

    titles: Iterable[str]
    by_first: dict[str, list[str]] = field(default_factory=dict)
    cues: dict[str, set[str]] = field(default_factory=dict)
    persons: Counter[str] = field(default_factory=Counter)
    proper: set[str] = field(default_factory=set)  # words met with a capital inside a sentence

    def __post_init__(self) -> None:
        for title in sorted({re.sub(r"\s*\([^)]*\)$", "", t).strip() for t in self.titles}):
            tokens = _TOKEN.findall(title)
            if tokens and (len(tokens) > 1 or _CAPITAL.match(title)) and title.lower() not in _COMMON:
                self.by_first.setdefault(tokens[0].lower(), []).append(title)
        for names in self.by_first.values():
            names.sort(key=lambda n: (-len(n), n))

    def learn(self, titles: Sequence[str], texts: Sequence[str]) -> Names:
        """Take in what each name is called: `the ship Hauwen` makes `the ship` a way to say Hauwen; and whether it is
        somebody (`, who`; a title whose passages say he or she) or something."""
        for text in texts:
            self.proper.update(m[1] for m in _CAPITAL_INSIDE.finditer(text))
        for title, text in zip(titles, texts, strict=True):
            if title:
                said = Counter(m.lower() for m in _SAYS_WHO.findall(text))
                self.persons[title] += said["he"] + said["she"] - said["it"] - said["its"]
            for mention in self.find(text, [title] if title else ()):
                before = _CUE.search(text, max(0, mention.start - 60), mention.start)
                if before and before[1].lower() not in _COMMON:
                    self.cues.setdefault(before[1].lower(), set()).add(mention.full)
                after = text[mention.stop : mention.stop + 7]
                self.persons[mention.full] += 3 * (after.startswith((", who ", ", whos")) - after.startswith(", which"))
        return self

    def fits(self, name: str, pronoun: str) -> bool:
        """Whether a pronoun may stand for the name, by what was learned of it."""
        about = self.persons[name]
        return about <= 0 if pronoun.lower() in ("it", "its") else about >= 0

    def find(self, text: str, known: Iterable[str] = ()) -> list[Mention]:
        """Names in reading order. `known` names were met before: their short forms are understood, later ones first."""
        short = {form: name for name in known for form in short_forms(name)}
        tokens = list(_TOKEN.finditer(text))
        found: list[Mention] = []
        at = 0
        while at < len(tokens):
            name = self._titled(text, tokens[at].start())
            if name is None:
                stop = self._run(text, tokens, at, short)
                if stop == at:
                    at += 1
                    continue
                start, end = tokens[at].start(), tokens[stop - 1].end()
                said = re.sub(r"[’']s$", "", text[start:end])
                name = said
                end = start + len(said)
            else:
                start, end = tokens[at].start(), tokens[at].start() + len(name)
            follow = re.match(r"(?:\s[a-z-]+){1,2}", text[end:])
            longer = (
                next((f for f in short if f.startswith(f"{name} ") and text.startswith(f, start)), None)
                if follow or name in short
                else None
            )
            said = longer or name
            end = start + len(said)
            full = short.get(said, said)
            if full == said:
                for form in short_forms(said):
                    short[form] = said
            found.append(Mention(start, end, full))
            while at < len(tokens) and tokens[at].start() < end:
                at += 1
        return found

    def _titled(self, text: str, start: int) -> str | None:
        """The longest title that stands here as whole words."""
        token = _TOKEN.match(text, start)
        for name in self.by_first.get(re.sub(r"[’']s$", "", token.group()).lower(), ()) if token else ():
            stop = start + len(name)
            here = text[start:stop]
            alike = here == name or (here.lower() == name.lower() and here[0].isupper() and len(name.split()) > 1)
            if alike and not text[stop : stop + 1].isalnum():
                return here
        return None

    def _run(self, text: str, tokens: list[re.Match[str]], at: int, short: Mapping[str, str]) -> int:
        """The token after the last one of a run of capitalised words that begins here; `at` where none does."""
        first = tokens[at].group()
        opens = at == 0 or text[tokens[at - 1].end() : tokens[at].start()].strip(" \"“'(") in (".", "!", "?", ":", ".)")
        if not _CAPITAL.match(first) or first.lower() in _COMMON:
            return at
        last = at
        for i in range(at + 1, len(tokens)):
            gap = text[tokens[i - 1].end() : tokens[i].start()]
            if gap != " ":
                break
            word = tokens[i].group()
            if _CAPITAL.match(word):
                last = i
            elif word not in _INSIDE:
                break
        if last == at and _ADJECTIVE.match(text, tokens[at].end()) and _ARTICLE.search(text, 0, tokens[at].start()):
            return at  # `the Italian name`
        alone = re.sub(r"[’']s$", "", first)
        if opens and last == at and alone not in self.proper and alone not in short:
            return at  # the first word of a sentence may be any word
        return last + 1
