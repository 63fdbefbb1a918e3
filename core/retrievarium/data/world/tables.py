"""Truth tables: what the generator knows, as Arrow tables."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from retrievarium.data.world.asking import Question
from retrievarium.data.world.book import Book
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.exposure import arm_step
from retrievarium.data.world.ids import Ids
from retrievarium.data.world.phrasing import proposition
from retrievarium.data.world.plan import Fact
from retrievarium.data.world.relations import KINDS, RELATIONS

STRINGS = pa.list_(pa.string())


def rows_to_table(rows: list[dict[str, Any]], **types: pa.DataType) -> pa.Table:
    """Rows as a table with typed columns, also when there are none."""
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))


def passages(book: Book, ids: Ids) -> pa.Table:
    """`id, title, text, document, language, entities, sentences`; `sentences` are the text's parts in order."""
    rows = []
    for page, written in zip(book.plan.pages, book.passages, strict=True):
        named = {page.subject}
        for sentence in written.sentences:
            named.update(sentence.forms)
        rows.append(
            {
                "id": ids.passage(page.number),
                "title": written.title,
                "text": written.text,
                "document": ids.article(page.subject),
                "language": "en",
                "entities": [ids.entity(number) for number in sorted(named)],
                "sentences": [sentence.text for sentence in written.sentences],
            }
        )
    text = pa.string()
    return rows_to_table(
        rows, id=text, title=text, text=text, document=text, language=text, entities=STRINGS, sentences=STRINGS
    )


def queries(book: Book, ids: Ids, split: str, questions: list[Question]) -> tuple[pa.Table, pa.Table]:
    """Queries (`id, text, answers, entity, relation, kind, template`) and qrels of a split."""
    asked, judged = [], []
    for number, question in enumerate(questions):
        facts = [book.plan.facts[n] for n in question.facts]
        name = ids.query(split, number)
        asked.append(
            {
                "id": name,
                "text": question.text,
                "answers": list(dict.fromkeys(fact.value for fact in facts)),
                "entity": ids.entity(facts[0].subject),
                "relation": facts[0].relation,
                "kind": question.form,
                "template": question.template(facts[0].relation),
            }
        )
        for page in book.labelled(question) if split == "train" else book.gold(question):
            judged.append({"query_id": name, "passage_id": ids.passage(page), "grade": 1})
    text = pa.string()
    return (
        rows_to_table(asked, id=text, text=text, answers=STRINGS, entity=text, relation=text, kind=text, template=text),
        rows_to_table(judged, query_id=text, passage_id=text, grade=pa.int32()),
    )


def entities(book: Book, ids: Ids) -> pa.Table:
    """Entities that the index names: `id, type, name, short, alias, document, role, unseen, homonym, tokens`."""
    rows = [
        {
            "id": ids.entity(e.number),
            "type": e.kind,
            "name": e.name.full,
            "short": e.name.short,
            "alias": e.alias,
            "document": ids.article(e.article) if e.article >= 0 else "",
            "role": e.role,
            "unseen": e.unseen,
            "homonym": e.homonym,
            "tokens": list(e.name.tokens),
        }
        for e in book.plan.cast.entities
        if book.named_in[e.number]
    ]
    text, flag = pa.string(), pa.bool_()
    return rows_to_table(
        rows, id=text, type=text, name=text, short=text, alias=text, document=text, role=text, unseen=flag,
        homonym=flag, tokens=STRINGS,
    )  # fmt: skip


def aliases(book: Book, ids: Ids) -> pa.Table:
    """`entity, alias, passage_id, sentence`: where each alias is introduced."""
    rows = []
    for page, written in zip(book.plan.pages, book.passages, strict=True):
        for at, sentence in enumerate(written.sentences):
            if sentence.forms.get(page.subject) == "alias":
                alias = book.plan.cast.entities[page.subject].alias
                place = {"entity": ids.entity(page.subject), "alias": alias}
                rows.append({**place, "passage_id": ids.passage(page.number), "sentence": at})
    return rows_to_table(rows, entity=pa.string(), alias=pa.string(), passage_id=pa.string(), sentence=pa.int32())


def told_facts(book: Book) -> list[Fact]:
    """Facts that some passage tells."""
    return [fact for fact in book.plan.facts if fact.told]


def facts(book: Book, ids: Ids) -> pa.Table:
    """`id, subject, relation, object, value, passage_id, held_out, asked`; `object` is empty for literal values."""
    asked = {n: split for split, qs in (("test", book.test), ("dev", book.dev)) for q in qs for n in q.facts}
    rows = [
        {
            "id": ids.fact(fact.number),
            "subject": ids.entity(fact.subject),
            "relation": fact.relation,
            "object": ids.entity(fact.target),
            "value": fact.value,
            "passage_id": ids.passage(fact.told[0][0]),
            "held_out": RELATIONS[fact.relation].held_out,
            "asked": asked.get(fact.number, ""),
        }
        for fact in told_facts(book)
    ]
    text = pa.string()
    return rows_to_table(
        rows, id=text, subject=text, relation=text, object=text, value=text, passage_id=text, held_out=pa.bool_(),
        asked=text,
    )  # fmt: skip


def propositions(book: Book, ids: Ids) -> pa.Table:
    """One row a telling: `id, text, passage_id, document, sentence, fact_id, subject, relation, object, value, form`.

    `form` is how the sentence that tells the fact names its subject.
    """
    rows = []
    for page, written in zip(book.plan.pages, book.passages, strict=True):
        for at, sentence in enumerate(written.sentences):
            for number in sentence.facts:
                fact = book.plan.facts[number]
                rows.append(
                    {
                        "id": f"{ids.passage(page.number)}-{ids.fact(number)}",
                        "text": proposition(fact, book.plan, book.bank),
                        "passage_id": ids.passage(page.number),
                        "document": ids.article(page.subject),
                        "sentence": at,
                        "fact_id": ids.fact(number),
                        "subject": ids.entity(fact.subject),
                        "relation": fact.relation,
                        "object": ids.entity(fact.target),
                        "value": fact.value,
                        "form": sentence.forms.get(fact.subject, "pronoun"),
                    }
                )
    text = pa.string()
    return rows_to_table(
        rows, id=text, text=text, passage_id=text, document=text, sentence=pa.int32(), fact_id=text, subject=text,
        relation=text, object=text, value=text, form=text,
    )  # fmt: skip


def mentions(book: Book, ids: Ids) -> pa.Table:
    """`passage_id, entity, sentence, form`: every naming; the title is sentence -1."""
    rows = []
    for page, written in zip(book.plan.pages, book.passages, strict=True):
        place = {"passage_id": ids.passage(page.number)}
        rows.append({**place, "entity": ids.entity(page.subject), "sentence": -1, "form": "title"})
        for at, sentence in enumerate(written.sentences):
            for number, form in sentence.forms.items():
                rows.append({**place, "entity": ids.entity(number), "sentence": at, "form": form})
    return rows_to_table(rows, passage_id=pa.string(), entity=pa.string(), sentence=pa.int32(), form=pa.string())


def exposure(book: Book, ids: Ids, arm: str, train: list[Question]) -> pa.Table:
    """`entity, step, mentions, mentions_a, mentions_b, train_questions` of each described entity in an arm."""
    counts: dict[int, int] = {}
    for question in train:
        subject = book.plan.facts[question.facts[0]].subject
        counts[subject] = counts.get(subject, 0) + 1
    levels = book.dials.levels
    rows = []
    for entity in book.plan.cast.described:
        step = book.steps[entity.number]
        rows.append(
            {
                "entity": ids.entity(entity.number),
                "step": arm_step(step, arm),
                "mentions": levels[arm_step(step, arm)],
                "mentions_a": levels[step],
                "mentions_b": levels[5 - step],
                "train_questions": counts.get(entity.number, 0),
            }
        )
    number = pa.int64()
    return rows_to_table(
        rows, entity=pa.string(), step=number, mentions=number, mentions_a=number, mentions_b=number,
        train_questions=number,
    )  # fmt: skip


def unanswerable(book: Book, ids: Ids) -> pa.Table:
    """`id, text, entity, relation`: questions about facts that no passage tells, on test subjects."""
    draw = Draw(book.seed, "unanswerable")
    rows: list[dict[str, Any]] = []
    for number, relation in book.plan.lacking:
        entity = book.plan.cast.entities[number]
        if entity.role == "test":
            noun = KINDS[entity.kind].noun
            name = f"the {noun} {entity.name.full}" if entity.homonym else entity.full
            text = draw.choice(book.bank.relations[relation].test).replace("{q}", name)
            text = text[:1].upper() + text[1:]
            at = ids.query("unanswerable", len(rows))
            rows.append({"id": at, "text": text, "entity": ids.entity(number), "relation": relation})
    text_type = pa.string()
    return rows_to_table(rows, id=text_type, text=text_type, entity=text_type, relation=text_type)


def siblings(book: Book, ids: Ids, per: int = 3) -> pa.Table:
    """`entity, relation, passage_id, kind`: for each described subject and relation, passages that look right.

    `same-relation` tells the relation of a subject that shares a name token; `same-entity` tells the same subject's
    other relations. At most `per` of each.
    """
    by_token: dict[tuple[str, str], list[Fact]] = {}
    for fact in told_facts(book):
        for token in book.plan.cast.entities[fact.subject].name.tokens:
            by_token.setdefault((fact.relation, token), []).append(fact)
    rows = []
    for entity in book.plan.cast.described:
        own = [book.plan.facts[n] for n in book.plan.own_facts[entity.number] if book.plan.facts[n].told]
        for relation in dict.fromkeys(fact.relation for fact in own):
            gold = {page for fact in own if fact.relation == relation for page, _ in fact.told}
            alike = [f for t in entity.name.tokens for f in by_token[relation, t] if f.subject != entity.number]
            for kind, found in (("same-relation", alike), ("same-entity", own)):
                pages = [p for p in dict.fromkeys(f.told[0][0] for f in found) if p not in gold][:per]
                for page in pages:
                    key = {"entity": ids.entity(entity.number), "relation": relation}
                    rows.append({**key, "passage_id": ids.passage(page), "kind": kind})
    text = pa.string()
    return rows_to_table(rows, entity=text, relation=text, passage_id=text, kind=text)
