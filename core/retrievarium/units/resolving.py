"""Pronouns and short names, replaced while a passage is read from its beginning."""

from __future__ import annotations

import re

from retrievarium.units.naming import NOT_A_NOUN, Mention, Names

_PRONOUN = re.compile(r"\b(He|She|It|They|he|she|it|they|him|them|His|Her|Its|Their|his|her|its|their)\b")
_POSSESSIVE = frozenset(("his", "her", "its", "their"))
_EMPTY_IT = re.compile(
    r"\s+(?:is|was) \w+ (?:by [\w ]{1,30} )?that\b"
    r"|\s+(?:is|was|has been|may be|seems|appears)\s+(?:not\s+)?(?:\w+ly\s+)?"
    r"(?:said|believed|thought|likely|unlikely|possible|impossible|clear|known|estimated|necessary|common|until|in|on)\b"
)
_DEFINITE = re.compile(rf"\b([Tt]he|[Tt]his) ([a-z-]{{3,}})(?=[.,;'’]|$| {NOT_A_NOUN}| [a-z]{{2,}}s\b)")
_OPENS = 60  # characters in which a sentence names what it is about


class Resolver:
    """Reads a passage sentence by sentence and knows who was named so far.

    A pronoun stands for whom the last sentence was about: the name it began with, else the last one it named, else
    the title. `the ship` stands for the last name that the collection calls a ship, the title included.
    """

    def __init__(self, names: Names, title: str) -> None:
        self.names, self.title = names, title
        self.known: list[str] = [title] if title else []
        self.about = title  # whom the sentences so far were about

    def mentions(self, sentence: str) -> list[Mention]:
        """Names in the next sentence, in the order of reading."""
        found = self.names.find(sentence, self.known)
        self._before = list(self.known)
        for mention in found:
            if mention.full in self.known:
                self.known.remove(mention.full)
            self.known.append(mention.full)
        self._referent = self.about
        self._move(sentence, found)
        return found

    def _move(self, sentence: str, found: list[Mention]) -> None:
        first = next((m for m in found if m.start < _OPENS and not re.search(r"[,;]", sentence[: m.start])), None)
        opens = _PRONOUN.match(sentence)
        definite = _DEFINITE.match(sentence)
        if opens:
            return  # still about the same
        if definite and (meant := self._called(definite[2], self._before)):
            self.about = meant
        elif first is not None:
            self.about = first.full
        elif found:
            self.about = found[-1].full

    def _called(self, noun: str, known: list[str]) -> str | None:
        """The last of these names that is called so, or has the word in itself (`the crisis`: 1973 oil crisis); the
        title where names are called so and nothing is known of the title."""
        called = self.names.cues.get(noun, set())
        for name in [*reversed(known), self.title]:
            if name and (name in called or name.lower().split()[-1] == noun):
                return name
        plain = self.title and not any(self.title in names for names in self.names.cues.values())
        return self.title if called and plain else None

    def resolve(self, clause: str) -> str:
        """The clause with full names in place of what stands for them, each name said once."""
        said: set[str] = set()
        clause = self._lengthen(clause, said)
        clause = self._definite(clause, said)
        return self._pronouns(clause, said)

    def _lengthen(self, clause: str, said: set[str]) -> str:
        for mention in reversed(self.names.find(clause, self.known)):
            if mention.full not in (clause[mention.start : mention.stop], "") and mention.full not in said:
                clause = clause[: mention.start] + mention.full + clause[mention.stop :]
            said.add(mention.full)
        return clause

    def _definite(self, clause: str, said: set[str]) -> str:
        found = _DEFINITE.search(clause)
        if found is None or clause[found.end() :].startswith(" of "):
            return clause
        meant = self._called(found[2], self._before)
        after = clause[found.end() + 1 : found.end() + 2]
        if meant is None or meant in said or after.isupper():
            return clause
        said.add(meant)
        return clause[: found.start()] + meant + clause[found.end() :]

    def _pronouns(self, clause: str, said: set[str]) -> str:
        for found in _PRONOUN.finditer(clause):
            word = found[0].lower()
            if word == "it" and _EMPTY_IT.match(clause, found.end()):
                continue
            before = [m.full for m in self.names.find(clause[: found.start()].rstrip(), self.known)]
            later = [n for n in (self._referent, *reversed(self._before), self.title) if n]
            meant = next((n for n in [*reversed(before), *later] if self.names.fits(n, word)), None)
            if meant is None or meant in said:
                return clause  # the clause names whom it speaks of
            if word in ("their", "they", "them") and found.start():
                return clause  # of several, named or not, in the clause itself
            own = word in _POSSESSIVE and (word != "her" or re.match(r"\s+[a-z]", clause[found.end() :]))
            return clause[: found.start()] + (f"{meant}'s" if own else meant) + clause[found.end() :]
        return clause
