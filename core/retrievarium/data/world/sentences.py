"""Sentences of a passage, and how clauses join them."""

from __future__ import annotations

from dataclasses import dataclass, field

from retrievarium.data.world.relations import PEOPLE


@dataclass(slots=True)
class Sentence:
    """`forms` maps each entity the sentence names to `full`, `short`, `alias` or `pronoun`."""

    text: str
    facts: list[int] = field(default_factory=list)
    forms: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Written:
    """A passage: title and sentences."""

    title: str
    sentences: list[Sentence]

    @property
    def text(self) -> str:
        """The sentences, joined by blanks."""
        return " ".join(sentence.text for sentence in self.sentences)


def capital(text: str) -> str:
    """First letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


APPOSED = (*PEOPLE, "town", "company", "ship", "mineral")  # types whose noun may stand before the name


def joins(template: str) -> bool:
    """Whether a wording can go on as `who ...` or `and ...`."""
    return template.startswith("{s} ") and "{p}" not in template and "{m}" not in template


def insert_clause(text: str, name: str, clause: str) -> str | None:
    """Set a relative clause behind a name; None where the sentence has no room for it."""
    for spelled in (name, capital(name)):
        end = text.find(spelled) + len(spelled)
        if end >= len(spelled):
            after = text[end:]
            if after == "." or (after.startswith(", ") and not after.startswith((", which", ", who"))):
                return f"{text[:end]}, {clause}{after}"
            if after.startswith(" ") and not after.startswith((" and ", " or ", " nor ")):
                return f"{text[:end]}, {clause},{after}"
    return None
