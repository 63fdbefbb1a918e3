"""What collections know about their entities: relation, popularity, seen and unseen; and what they do not know."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from retrievarium.analysis import (
    NO_TRAINING,
    groupings,
    head_torso_tail,
    popularity_of,
    question_word,
    relations_of,
    seen_of,
    why_not_seen,
)
from retrievarium.contracts import InputError
from retrievarium.data import load_collection


@pytest.fixture(scope="module")
def world() -> Any:
    return load_collection("world")


def test_the_world_knows_everything(world: Any) -> None:
    assert len(set(relations_of(world, "test").values())) == 24
    known = popularity_of(world, "test")
    assert known is not None
    assert list(dict.fromkeys(known.bins.values())) == ["0", "1", "4", "16", "64", "256"]
    assert known.unknown == 0
    table = {r["entity"]: r["mentions"] for r in world.tables["exposure"].to_pylist()}
    assert all(known.values[q.id] == table[q.entity] for q in world.queries)
    seen = seen_of(world, "test")
    assert seen is not None
    cells = Counter((seen.entity[q], seen.pattern[q]) for q in seen.entity)
    assert len(cells) == 4
    assert sum(cells.values()) + len(seen.groups) == len(world.queries)  # held-out relations stand beside the four


def test_the_slices_agree_with_the_training_questions(world: Any) -> None:
    """A seen pattern is a wording that the training questions hold: the generator's word against the data."""
    seen = seen_of(world, "test")
    bare = seen_of(world.replace(tables={}), "test")
    assert seen is not None
    assert bare is not None
    assert "template" in bare.source
    assert all(bare.pattern[q] == p for q, p in seen.pattern.items())


def test_what_is_not_known_is_said(world: Any, collection: Any) -> None:
    without = world.replace(qrels={"test": world.split_named("test").qrels.table}, tables={})
    assert seen_of(without, "test") is None
    assert why_not_seen(without, "test") == NO_TRAINING == "not defined here: no training set"
    assert seen_of(collection, "test") is None
    assert "name no entity" in why_not_seen(collection, "test")
    assert "themselves" in why_not_seen(collection, "train")
    assert popularity_of(collection, "test") is None
    assert [g.label for g in groupings(collection, "test")] == ["question word"]


def test_popularity_comes_from_the_first_source_there_is(collection: Any) -> None:
    queries = collection.all_queries.table
    ids = queries.column("id").to_pylist()
    entities = pa.array([{"e1": "Rhine", "e4": "Mercury", "d1": "Cork"}.get(q) for q in ids])
    named = collection.replace(queries=queries.append_column("entity", entities))
    counted = popularity_of(named, "test")
    assert counted is not None
    assert counted.values == {"e1": 1.0, "e4": 2.0}  # titles: Rhine once, Mercury twice
    assert "counted" in counted.source
    assert counted.unknown == 3
    given = pa.array([{"e1": 10, "e2": 2000, "e4": 30}.get(q) for q in ids], pa.int64())
    told = popularity_of(named.replace(queries=named.all_queries.table.append_column("popularity", given)), "test")
    assert told is not None
    assert list(told.bins.items()) == [("e1", "10"), ("e4", "30"), ("e2", "2,000")]


def test_fame_in_words_is_ordered() -> None:
    told = popularity_of(load_collection("lookalikes"), "test")
    assert told is not None
    assert list(dict.fromkeys(told.bins.values())) == ["obscure", "middling", "famous"]


def test_a_division_into_many_small_groups_comes_last() -> None:
    found = load_collection("lookalikes")
    told = [g.label for g in groupings(found, "test")]
    assert told[0] == "entity type"
    assert told[-1] in ("relation", "entity")
    assert "relation" in told


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("In how  many towns is it made?", "how many"),
        ("Whose hat is it?", "who"),
        ("By whom was it made?", "who"),
        ("Name the showmen", "none"),
        ("Which is it, and when?", "which"),
    ],
)
def test_question_words(text: str, word: str) -> None:
    assert question_word(text) == word


def test_head_torso_tail_by_share_of_asking() -> None:
    assert head_torso_tail({"a": 40, "b": 20, "c": 20, "d": 10, "e": 10}) == {
        "a": "head",  # 0 to 40%
        "b": "torso",  # begins at 40%
        "c": "torso",  # begins at 60%, before two thirds
        "d": "tail",
        "e": "tail",
    }
    with pytest.raises(InputError, match="counts"):
        head_torso_tail({"a": 0})
