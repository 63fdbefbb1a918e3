"""Parts of the questions, and buckets of them."""

from __future__ import annotations

import pytest

from retrievarium.contracts import InputError
from retrievarium.data import Collection, World
from retrievarium.methods import Arms
from retrievarium.methods.slicing import by_bucket, gold_words, judged_in_full, only, with_several


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(1, 100).collection()


def test_only_some_questions() -> None:
    arms = Arms({"a": {"q1": 1.0, "q2": 0.0}, "b": {"q1": 0.5, "q2": 0.5}}, {"seconds": 3})
    kept = only(arms, {"q2", "q9"})
    assert kept == {"a": {"q2": 0.0}, "b": {"q2": 0.5}}
    assert kept.beside == {"seconds": 3, "questions asked": 2}
    with pytest.raises(InputError, match="no question of the slice"):
        only(arms, {"q9"})


def test_words_of_the_answering_passage(world: Collection) -> None:
    words = gold_words(world)
    assert set(words) == set(world.test.queries.ids)
    for query in world.test.queries.ids[:20]:
        found = [len(world.passages.text_of(p).split()) for p in world.test.qrels.relevant(query)]
        assert words[query] == min(found)


def test_buckets_share_out_every_question_once() -> None:
    values = {"q1": 1.0, "q2": 2.0, "q3": 3.0, "q4": 10.0}
    arms = {"a": dict.fromkeys(values, 1.0), "b": {q: float(q == "q2") for q in values}}
    rows = by_bucket(arms, values, "words", (2, 3, 5))
    assert rows == [
        {"words": "under 2", "questions": 1, "a": 1.0, "b": 0.0},
        {"words": "2 to 3", "questions": 1, "a": 1.0, "b": 1.0},
        {"words": "3 to 5", "questions": 1, "a": 1.0, "b": 0.0},
        {"words": "5 and more", "questions": 1, "a": 1.0, "b": 0.0},
    ]
    assert [r["questions"] for r in by_bucket(arms, values, "words", (4, 8))] == [3, 1]


def test_questions_with_several_passages_and_judgements_in_full(world: Collection) -> None:
    assert judged_in_full(world) is world, "nothing is hidden"
    told = World(1, 100, hidden_positives=3).collection()
    full = judged_in_full(told)
    counts = [len(c.train.qrels) / len(c.train.queries) for c in (told, full)]
    assert counts[0] < 1.5 < counts[1]
    assert full.test.qrels.to_dict() == told.test.qrels.to_dict()
    many = with_several(told, 3)
    assert many > with_several(told, 5)
    assert {len(told.test.qrels.relevant(q)) >= 3 for q in many} == {True}
    assert with_several(told, 1) == set(told.test.queries.ids)
