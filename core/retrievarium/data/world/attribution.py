"""Why BM25 missed: each labelled cause is repaired alone; a repair that turns a miss into a hit explains it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retrievarium.data.world.asking import Question
from retrievarium.data.world.banks import overlap_class
from retrievarium.data.world.book import Book
from retrievarium.data.world.lexical import BM25Scorer
from retrievarium.data.world.phrasing import phrase
from retrievarium.data.world.slices import CAUSES, gold_form


def repaired_naming(book: Book, question: Question) -> str:
    """The question with its subject's full name."""
    return phrase(Question(question.facts, question.part, question.wording, question.overlap), book.plan, book.bank)


def repaired_wording(book: Book, question: Question) -> str:
    """The question in a wording that the gold sentence holds entirely, or shares one stem with."""
    fact = book.plan.facts[question.facts[0]]
    wordings = book.bank.relations[fact.relation]
    passage = wordings.passage[fact.wording]
    for wanted in ("all", "one"):
        for part in ("test", "train"):
            for at, template in enumerate(getattr(wordings, part)):
                if overlap_class(template, passage) == wanted:
                    same = Question(question.facts, part, at, wanted, question.form, clue=question.clue)
                    return phrase(same, book.plan, book.bank)
    return question.text


def attribute(book: Book, scorer: BM25Scorer, missed: Sequence[int], k: int = 5) -> dict[str, float]:
    """Share of the missed questions that each cause explains.

    Repairs: subject_naming asks by the full name; relation_wording asks in the gold sentence's words; gold_naming adds
    the full name to the gold passage; crowding takes away other passages that name the subject; name_ambiguity takes
    away passages that hold a token of its name and do not mean it. A miss is split evenly between the repairs that
    bring a gold passage into the top `k`; `several together` is what no single repair mends.
    """
    holders: dict[str, list[int]] = {}
    tokens = {t for n in missed for t in _entity_tokens(book, book.test[n])}
    for row, text in enumerate(book.texts):
        for token in tokens.intersection(text.lower().replace(".", " ").replace(",", " ").replace("'", " ").split()):
            holders.setdefault(token, []).append(row)
    shares = dict.fromkeys([*CAUSES, "several together"], 0.0)
    for number in missed:
        question = book.test[number]
        gold = book.gold(question)
        fact = book.plan.facts[question.facts[0]]
        named = book.named_in[fact.subject]
        plain = scorer.scores(question.text)
        bonus = scorer.rescored(question.text, gold[0], book.plan.cast.entities[fact.subject].name.full)
        alike = {row for token in _entity_tokens(book, question) for row in holders.get(token, ())} - named
        works = {
            "subject_naming": question.form != "full" and _hit(scorer.scores(repaired_naming(book, question)), gold, k),
            "relation_wording": question.overlap != "all"
            and _hit(scorer.scores(repaired_wording(book, question)), gold, k),
            "gold_naming": gold_form(book, question) != "full" and _hit(plain, gold, k, lift={gold[0]: bonus}),
            "crowding": _hit(plain, gold, k, without=named.difference(gold)),
            "name_ambiguity": _hit(plain, gold, k, without=alike),
        }
        found = [name for name, mended in works.items() if mended]
        for name in found or ["several together"]:
            shares[name] += 1 / max(1, len(found))
    return {name: share / max(1, len(missed)) for name, share in shares.items()}


def _entity_tokens(book: Book, question: Question) -> tuple[str, ...]:
    return book.plan.cast.entities[book.plan.facts[question.facts[0]].subject].name.tokens


def _hit(
    scores: np.ndarray, gold: list[int], k: int, without: set[int] | None = None, lift: dict[int, float] | None = None
) -> bool:
    """Whether a gold row stands among the top `k`, ties by row."""
    changed = scores.astype(np.float64)
    for row, score in (lift or {}).items():
        changed[row] = score
    if without:
        changed[sorted(without)] = -1.0
    best = max(gold, key=lambda row: (changed[row], -row))
    if changed[best] <= 0:
        return False
    return int((changed > changed[best]).sum() + (changed[:best] == changed[best]).sum()) < k
