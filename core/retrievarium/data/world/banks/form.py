"""The form of a template bank: wordings of relations, and the prose that surrounds them.

Slots of a passage wording: `{s}` the subject as grammatical subject, `{m}` as object, `{p}` as possessive, `{o}` the
value, `{ao}` the value with an indefinite article. A question wording has `{q}`, the subject as the question names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from retrievarium.data.world.listing import listed

FUNCTION_WORDS = frozenset(
    listed(
        """
    a about after all also an and any are as at be been before being both but by can come could did
    do does during ever for from give given go had has have he her him his how i if in into is it
    its itself known last many may might more most much name named new no not now of off on once one
    only or other over own said she so some such than that the their them then there these they this
    those through to under until up was were what when where which while who whom whose why will
    with would yet
    """
    )
)


@dataclass(frozen=True)
class Wordings:
    """Twelve ways to word one relation.

    `passage` holds 5 statements, `train` 4 training questions, `test` 3 test questions; `proposition` is the plain
    stand-alone statement of the fact and `description` a relative clause that picks its subject out.
    """

    passage: tuple[str, ...]
    train: tuple[str, ...]
    test: tuple[str, ...]
    proposition: str
    description: str


@dataclass(frozen=True)
class Bank:
    """All the text of a World that is not a name or a value.

    `colour` is by group of the passage's subject (`any` fits all), with slots `{s} {m} {p}`, `{kind}` (the type's noun)
    and slots filled from `fill`. By group of the further entity `{z}`: `mentions` name it, `hints` touch on a relation
    of it and tell nothing, `pairs` name two (`{z}`, `{y}`), `notes` is exposure prose about it. `aliases` introduce
    `{a}`; `leads` stand before a statement.
    """

    name: str
    relations: dict[str, Wordings]
    colour: dict[str, tuple[str, ...]]
    mentions: dict[str, tuple[str, ...]]
    hints: dict[str, tuple[str, ...]]
    pairs: dict[str, tuple[str, ...]]
    aliases: dict[str, tuple[str, ...]]
    notes: dict[str, tuple[str, ...]]
    leads: tuple[str, ...]
    fill: dict[str, tuple[str, ...]]


def words(text: str) -> list[str]:
    """Lower-case words of a text or template, its slots left out."""
    return re.findall(r"[a-z0-9]+", re.sub(r"\{\w+\}('s)?", " ", text).lower())


def stem(word: str) -> str:
    """A light English stem: enough to see that `founded` and `founder` are one word."""
    for ending in ("ings", "ing", "ers", "er", "ies", "ied", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 4 and word[-1] == word[-2]:
        word = word[:-1]
    return word


def content_stems(text: str) -> frozenset[str]:
    """Stems of a template's words, function words left out."""
    return frozenset(stem(word) for word in words(text) if word not in FUNCTION_WORDS)


@cache
def overlap_class(question: str, passage: str) -> str:
    """`none`, `one`, `all` or `some`: how many of a question wording's content stems a passage wording holds.

    A question whose only content stem is shared counts as `all`.
    """
    asked = content_stems(question)
    shared = asked & content_stems(passage)
    if not shared:
        return "none"
    if shared == asked:
        return "all"
    return "one" if len(shared) == 1 else "some"


def check_bank(bank: Bank, relations: Iterable[str]) -> list[str]:
    """What keeps a bank from honouring the relation-wording dial; empty when it is complete."""
    problems = []
    for relation in relations:
        wording = bank.relations.get(relation)
        if wording is None:
            problems.append(f"{relation}: no wordings")
            continue
        sizes = (len(set(wording.passage)), len(set(wording.train)), len(set(wording.test)))
        if sizes != (5, 4, 3):
            problems.append(f"{relation}: {sizes} wordings, expected (5, 4, 3)")
        for part in ("train", "test"):
            found = {overlap_class(q, p) for q in getattr(wording, part) for p in wording.passage}
            problems += [
                f"{relation}: no {part} wording of class {c}" for c in ("none", "one", "all") if c not in found
            ]
            for question in getattr(wording, part):
                if all(overlap_class(question, p) == "some" for p in wording.passage):
                    problems.append(f"{relation}: {question!r} fits no class")
    return problems
