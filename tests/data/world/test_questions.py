"""Questions: shares of the dials, gold passages, and what training may not see."""

from __future__ import annotations

from collections import Counter

from retrievarium.data.collection import Collection
from retrievarium.data.world import HELD_OUT, RELATIONS, World
from retrievarium.data.world.banks import load_bank, overlap_class


def test_one_relevant_passage_except_where_answers_are_several(world: World, arm_a: Collection) -> None:
    several = {r["query_id"] for r in arm_a.tables["slices"].to_pylist() if r["slice"] == "multi-answer"}
    relevant = {query: set(grades) for query, grades in arm_a.qrels.to_dict().items()}
    assert set(relevant) == set(arm_a.queries.ids)
    assert several
    for query, passages in relevant.items():
        assert len(passages) == (2 if query in several else 1)


def test_answers_stand_in_gold_passages(arm_a: Collection) -> None:
    for split in ("test", "dev", "train"):
        part = arm_a.split_named(split)
        for query, grades in part.qrels.to_dict().items():
            texts = " ".join(arm_a.passages[passage].text for passage in grades).lower()
            answers = part.queries[query].answers
            assert answers
            assert all(answer.lower() in texts for answer in answers)


def test_relations_have_equal_counts(arm_a: Collection) -> None:
    counts = Counter(arm_a.queries.table.column("relation").to_pylist())
    assert len(counts) == len(RELATIONS)
    assert max(counts.values()) - min(counts.values()) <= 4, "600 passages; from 2,000 on they are equal"


def test_naming_and_wording_follow_their_dials(world: World) -> None:
    test = world.book.test
    forms, overlaps = Counter(q.form for q in test), Counter(q.overlap for q in test)
    for form, share in (("full", 45), ("short", 25), ("alias", 15), ("description", 15)):
        assert abs(100 * forms[form] / len(test) - share) < 3
    for overlap, share in (("none", 50), ("one", 30), ("all", 20)):
        assert abs(100 * overlaps[overlap] / len(test) - share) < 6
    assert abs(Counter(q.part for q in test)["train"] / len(test) - 0.5) < 0.05


def test_wordings_share_the_stems_they_promise(world: World) -> None:
    bank = load_bank("a")
    for question in world.book.test:
        fact = world.book.plan.facts[question.facts[0]]
        wordings = bank.relations[fact.relation]
        asked = (wordings.train if question.part == "train" else wordings.test)[question.wording]
        assert overlap_class(asked, wordings.passage[fact.wording]) == question.overlap


def test_aliases_are_introduced_in_another_passage(world: World, arm_a: Collection) -> None:
    introduced = {row["entity"]: row["passage_id"] for row in arm_a.tables["aliases"].to_pylist()}
    assert len(introduced) == len(world.book.plan.cast.described)
    asked = [query for query in arm_a.queries if query.kind == "alias"]
    assert asked
    for query in asked:
        assert introduced[query.entity] not in arm_a.qrels.to_dict()[query.id]


def test_no_two_test_questions_read_alike(arm_a: Collection) -> None:
    texts = [query.text for query in arm_a.queries]
    assert len(set(texts)) == len(texts)


def test_training_never_sees_what_is_tested(world: World, arm_a: Collection, arm_b: Collection) -> None:
    tested = {(query.entity, query.relation) for query in arm_a.queries}
    test_wordings = {t for t in arm_a.queries.table.column("template").to_pylist() if "/test" in t}
    assert test_wordings
    for arm in (arm_a, arm_b):
        train = arm.train.queries
        texts = train.texts
        assert len(set(texts)) == len(texts) >= 4000
        for query in train:
            assert (query.entity, query.relation) not in tested
            assert query.relation not in HELD_OUT
        assert not test_wordings & set(train.table.column("template").to_pylist())


def test_no_token_of_an_unseen_subject_is_in_a_training_subject(world: World, arm_a: Collection) -> None:
    entities = {row["id"]: row for row in arm_a.tables["entities"].to_pylist()}
    unseen = {t for e in entities.values() if e["role"] == "test" and e["unseen"] for t in e["tokens"]}
    seen = {t for query in arm_a.train.queries for t in entities[query.entity]["tokens"]}
    assert len(unseen) > 30
    assert len(seen) > 100
    assert not unseen & seen
    words = {word.lower().strip("?.,'") for text in arm_a.train.queries.texts for word in text.split()}
    assert not unseen & words


def test_unanswerable_questions_ask_untold_facts(arm_a: Collection) -> None:
    told = {(row["subject"], row["relation"]) for row in arm_a.tables["facts"].to_pylist()}
    rows = arm_a.tables["unanswerable"].to_pylist()
    assert rows
    assert all((row["entity"], row["relation"]) not in told for row in rows)


def test_questions_in_one_wording(world: World) -> None:
    subjects = [f"e{e.number:06d}" for e in world.book.plan.cast.described if e.kind == "painter"]
    queries, qrels = world.questions("birthplace", "test0", subjects)
    assert queries.num_rows > 5
    assert set(queries.column("template").to_pylist()) == {"birthplace/test0"}
    assert set(qrels.column("query_id").to_pylist()) == set(queries.column("id").to_pylist())


def test_graded_judgements_contain_the_gold(world: World, arm_a: Collection) -> None:
    graded = world.graded(4).to_pylist()
    best = {(row["query_id"], row["passage_id"]) for row in graded if row["grade"] == 3}
    gold = {(query, passage) for query, grades in arm_a.qrels.to_dict().items() for passage in grades}
    assert best == gold
    assert {row["grade"] for row in graded} == {1, 2, 3}
    assert {row["grade"] for row in world.graded(2).to_pylist()} == {1}
