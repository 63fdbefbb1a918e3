"""Probes on entities: renaming leaves counting of words alone, rarer entities are rarer, the dropped word is gone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from retrievarium.analysis import (
    PROBES,
    dropped_questions,
    name_tokens,
    popularity_of,
    probed,
    questions_of,
    rarer_question,
    rarer_questions,
    rename_mapping,
    renamed,
)
from retrievarium.contracts import InputError
from retrievarium.data import load_collection
from retrievarium.retrievers import BM25


@pytest.fixture(scope="module")
def world() -> Any:
    return load_collection("world")


@pytest.fixture(scope="module")
def other(world: Any) -> Any:
    return renamed(world)


def test_bm25_does_not_notice_that_every_name_changed(world: Any, other: Any) -> None:
    """EntityQuestions, works when line 3: one-token names, the same frequencies: runs and scores are the same."""
    ids = world.queries.ids[::8]
    one = BM25(world, keep=False).search(world.queries.select(ids), 50)
    two = BM25(other, keep=False).search(other.queries.select(ids), 50)
    assert one.doc_ids.tolist() == two.doc_ids.tolist()
    assert np.array_equal(one.scores, two.scores)
    changed = sum(a != b for a, b in zip(world.queries.texts, other.queries.texts, strict=True))
    assert changed > 0.9 * len(world.queries)  # or the test would prove nothing


def test_no_old_name_is_left_and_no_new_one_was_there(world: Any, other: Any) -> None:
    mapping = rename_mapping(world)
    before = set(re.findall(r"\w+", " ".join(world.passages.joined).lower()))
    after = set(re.findall(r"\w+", " ".join(other.passages.joined).lower()))
    assert len(set(mapping.values())) == len(mapping) == len(name_tokens(world))
    assert not after & set(mapping)
    assert not before & set(mapping.values())
    assert other.qrels.to_dict() == world.qrels.to_dict()
    assert rename_mapping(world) == mapping
    assert rename_mapping(world, seed=1) != mapping


def test_names_without_a_table_are_the_words_that_are_always_capitalised(collection: Any) -> None:
    tokens = name_tokens(collection)
    assert {"danube", "mercury", "rhine"} <= set(tokens)
    assert "crane" not in tokens  # the bird and the machine are written small as well
    changed = renamed(collection)
    assert "Danube" not in changed.passages.text_of("p1")
    assert changed.all_queries["t1"].answers[0] == changed.passages["p1"].title


def test_the_rarer_entity_is_rarer_and_asked_the_same(world: Any) -> None:
    known = popularity_of(world, "test")
    assert known is not None
    told = rarer_questions(world, "test")
    least = min(known.values.values())
    for query, changed in list(told.items())[::50]:
        one, two = world.all_queries[query], world.all_queries[changed.judged_as]
        assert one.relation == two.relation
        assert one.entity != two.entity
        assert known.values[two.id] < known.values[one.id]
        assert changed.text == two.text
    bottom = [q for q, v in known.values.items() if v == least]
    assert not set(bottom) & set(told)  # nobody is rarer than the rarest
    assert rarer_question(world, bottom[0], "test") is None


def test_the_dropped_word_is_gone_and_the_name_stays(world: Any) -> None:
    told = dropped_questions(world, "test")
    assert len(told) == len(world.queries)
    names = {e["id"]: e["name"] for e in world.tables["entities"].to_pylist()}
    full = [q for q in world.queries if q.kind == "full"][::40]
    for q in full:
        assert len(re.findall(r"\w+", told[q.id].text)) == len(re.findall(r"\w+", q.text)) - 1
        assert names[str(q.entity)] in told[q.id].text


def test_before_and_after_by_the_right_judgements(collection: Any) -> None:
    """A changed question is judged as the one it was changed into."""
    from retrievarium.analysis import Question

    bm25 = BM25(collection, keep=False)
    before = bm25.search(collection.queries, 10)
    changed = {"e1": Question("planet nearest to the Sun", "e4", "other")}
    after = bm25.search({"e1": changed["e1"].text}, 10)
    told = probed(before, after, changed, collection, measure="Success@1")
    assert (told.before["e1"], told.after["e1"]) == (1.0, 1.0)
    assert told.left_out == 4
    wrong = {"e1": Question("planet nearest to the Sun", "e1", "other")}
    assert probed(before, after, wrong, collection, measure="Success@1").after["e1"] == 0.0
    with pytest.raises(InputError, match="could be changed"):
        probed(before, after, {}, collection)


def test_every_probe_has_questions(world: Any) -> None:
    for probe in PROBES:
        told = questions_of(probe, world, "test")
        assert any(c.text != world.all_queries[q].text for q, c in told.items())
    with pytest.raises(InputError, match="no probe"):
        questions_of("typo", world)
