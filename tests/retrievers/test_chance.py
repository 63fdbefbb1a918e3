"""Passages drawn at random, and passages that are judged: a floor and a ceiling."""

from __future__ import annotations

from typing import Any

from retrievarium.contracts import check_retriever
from retrievarium.retrievers import Average, Chance, Dense, Feedback, FrozenRun


def test_chance_depends_on_text_and_seed_alone(collection: Any) -> None:
    chance = Chance(collection)
    check_retriever(chance, collection.all_queries)
    both = chance.search({"a": "river", "b": "river", "c": "planet"}, 4)
    assert both["a"].ids == both["b"].ids == chance.search("river", 4)["q1"].ids
    assert both["a"].ids == chance.search("river", 9)["q1"].ids[:4]
    assert len(set(both["a"].ids)) == 4
    everything = {seed: Chance(collection, seed).search("river", 99)["q1"].ids for seed in range(4)}
    assert len(set(everything.values())) == 4
    assert all(set(ids) == set(collection.passages.ids) for ids in everything.values())


def test_what_is_judged_comes_by_grade(collection: Any) -> None:
    oracle = FrozenRun.judged(collection.qrels)
    run = oracle.search(collection.queries, 50)
    for query, ranking in run:
        relevant = collection.qrels.relevant(query)
        assert set(ranking.ids) == set(relevant)
        assert [relevant[p] for p in ranking.ids] == sorted(relevant.values(), reverse=True)


def test_feedback_from_somebody_else(collection: Any, dot_encoder: Any) -> None:
    dense, chance = Dense(collection, dot_encoder), Chance(collection)
    other = Feedback(dense, Average(), 2, first=chance)
    assert other.lists(collection.queries) == chance.search(collection.queries, 2)
    text = collection.queries.texts[0]
    found = chance.search(text, 2)["q1"].ids
    assert [n for n, _ in other.explain(text, "p1")] == ["query", *found]
    assert Feedback(dense, Average(), 2).lists(text) == dense.search(text, 2)
