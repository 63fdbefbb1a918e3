"""Slices of the test questions by name, and what makes each question difficult."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from retrievarium.data.world.asking import Question
from retrievarium.data.world.book import Book
from retrievarium.data.world.exposure import arm_step
from retrievarium.data.world.ids import Ids
from retrievarium.data.world.relations import RELATIONS
from retrievarium.data.world.tables import rows_to_table

RARE, COMMON = (0, 1), (4, 5)  # steps of exposure: 0 or 1 mention, 64 or 256
CAUSES = ("name_ambiguity", "subject_naming", "gold_naming", "relation_wording", "crowding")


def slices(book: Book, ids: Ids, arm: str) -> pa.Table:
    """`slice, query_id` in an arm.

    `seen-pattern` (a training wording), `unseen-pattern` (a test wording), both of trained relations, and
    `unseen-relation` partition the questions; so do `seen-entity` and `unseen-entity`; `verbatim` and `paraphrase` are
    the top and bottom fifth of measured overlap.
    """
    order = sorted(range(len(book.test)), key=lambda i: (book.overlaps[i], i))
    fifth = len(order) // 5
    bottom, top = set(order[:fifth]), set(order[len(order) - fifth :])
    lengths = sorted(len(written.text.split()) for written in book.passages)
    long = lengths[len(lengths) * 4 // 5]
    rows = []
    for number, question in enumerate(book.test):
        fact = book.plan.facts[question.facts[0]]
        entity = book.plan.cast.entities[fact.subject]
        step = arm_step(book.steps[entity.number], arm)
        gold = book.gold(question)
        names = []
        if book.dials.skew > 1 and step in RARE:
            names.append("rare")
        if book.dials.skew > 1 and step in COMMON:
            names.append("common")
        names.append("unseen-entity" if entity.unseen else "seen-entity")
        if RELATIONS[fact.relation].held_out:
            names.append("unseen-relation")
        else:
            names.append("seen-pattern" if question.part == "train" else "unseen-pattern")
        names += ["paraphrase"] if number in bottom else ["verbatim"] if number in top else []
        names += ["zero-overlap"] if book.overlaps[number] == 0 else []
        names += ["multi-answer"] if len(question.facts) > 1 else []
        names += ["homonym"] if entity.homonym else []
        names += ["sibling"] if book.has_sibling(entity.number, fact.relation) else []
        names += ["long"] if len(book.passages[gold[0]].text.split()) >= long else []
        names += [question.form] if question.form in ("alias", "description") else []
        if question.form == "description" and book.plan.facts[question.clue].passage not in gold:
            names.append("multi-hop")
        rows += [{"slice": name, "query_id": ids.query("test", number)} for name in names]
    return rows_to_table(rows, slice=pa.string(), query_id=pa.string())


def gold_form(book: Book, question: Question) -> str:
    """The fullest naming of the subject in the text of the gold passage: full, short or pronoun."""
    page = book.gold(question)[0]
    subject = book.plan.facts[question.facts[0]].subject
    forms = {sentence.forms.get(subject) for sentence in book.passages[page].sentences}
    return "full" if "full" in forms else "short" if "short" in forms else "pronoun"


def causes(book: Book, ids: Ids) -> pa.Table:
    """Labelled causes of difficulty: one row a test question, the five measured and as flags.

    `sharers` is the number of other entities that share a name token with the subject, `crowd` the number of passages
    that name the subject without the asked fact. Flags: name_ambiguity (sharers above the median), subject_naming (not
    the full name), gold_naming (no full name in the gold text), relation_wording (no shared stem), crowding (crowd
    above the median).
    """
    bearers: dict[str, int] = {}
    for entity in book.plan.cast.entities:
        for token in entity.name.tokens:
            bearers[token] = bearers.get(token, 0) + 1
    rows: list[dict[str, Any]] = []
    for number, question in enumerate(book.test):
        fact = book.plan.facts[question.facts[0]]
        entity = book.plan.cast.entities[fact.subject]
        rows.append(
            {
                "query_id": ids.query("test", number),
                "sharers": max(bearers[token] for token in entity.name.tokens) - 1,
                "naming": question.form,
                "gold": gold_form(book, question),
                "wording": question.overlap,
                "crowd": len(book.named_in[entity.number].difference(book.gold(question))),
                "overlap": book.overlaps[number],
            }
        )
    middle = {key: sorted(row[key] for row in rows)[len(rows) // 2] if rows else 0 for key in ("sharers", "crowd")}
    for row in rows:
        row["name_ambiguity"] = row["sharers"] > middle["sharers"]
        row["subject_naming"] = row["naming"] != "full"
        row["gold_naming"] = row["gold"] != "full"
        row["relation_wording"] = row["wording"] == "none"
        row["crowding"] = row["crowd"] > middle["crowd"]
    text, number_type, flag = pa.string(), pa.int64(), pa.bool_()
    return rows_to_table(
        rows, query_id=text, sharers=number_type, naming=text, gold=text, wording=text, crowd=number_type,
        overlap=number_type, name_ambiguity=flag, subject_naming=flag, gold_naming=flag, relation_wording=flag,
        crowding=flag,
    )  # fmt: skip
