"""Dials: ranges, errors, off switches, and the freeze."""

from __future__ import annotations

from collections import Counter

import pytest

from retrievarium.contracts import InputError
from retrievarium.data.world import DIALS_HASH, OFF_SWITCHES, PRESETS, Dials, World, describe, dials_hash


def test_default_dials_are_frozen() -> None:
    assert dials_hash() == DIALS_HASH


def test_every_dial_has_a_range_a_unit_and_a_sentence() -> None:
    rows = describe()
    assert len(rows) > 20
    for row in rows:
        assert row["low"] <= row["default"] <= row["high"]
        assert row["unit"]
        assert row["says"].endswith(".")
    assert {row["name"] for row in rows} >= {name for switch in OFF_SWITCHES.values() for name in switch}
    assert PRESETS["class"]["passages"] == 2000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"siblings": 7}, "siblings.*0 to 6"),
        ({"homonyms": "many"}, "homonyms"),
        ({"ask_full": 50}, "add up to 105"),
        ({"facts_low": 8, "facts_high": 4}, "facts_low"),
        ({"moons": 3}, "no dial 'moons'"),
    ],
)
def test_wrong_dials_are_refused(changes: dict[str, int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Dials().with_(**changes)


def test_one_fact_a_passage() -> None:
    book = World(2, 200, **OFF_SWITCHES["one fact a passage"]).book
    assert {sum(len(s.facts) for s in written.sentences) for written in book.passages} == {1}
    assert min(len(written.text.split()) for written in book.passages) >= 60


def test_equal_exposure() -> None:
    collection = World(2, 300, **OFF_SWITCHES["equal exposure"]).collection()
    rows = collection.tables["exposure"].to_pylist()
    assert {row["mentions"] for row in rows} == {16}
    assert not {"rare", "common"} & set(collection.tables["slices"].column("slice").to_pylist())


def test_hidden_positives_are_judged_in_the_test_and_hidden_in_training() -> None:
    world = World(2, 300, hidden_positives=3)
    collection = world.collection()
    test = Counter(len(grades) for grades in collection.qrels.to_dict().values())
    assert test[4] > 0.8 * sum(test.values())
    labelled = sum(len(grades) for grades in collection.train.qrels.to_dict().values())
    full = collection.tables["full_train_qrels"].num_rows
    assert full > 1.5 * labelled
    for query, grades in list(collection.qrels.to_dict().items())[:100]:
        answers = collection.queries[query].answers
        for passage in grades:
            text = collection.passages[passage].text.lower()
            assert any(answer.lower() in text for answer in answers)


def test_siblings_off_leaves_few_look_alikes() -> None:
    def share(siblings: int) -> float:
        collection = World(2, 400, siblings=siblings).collection()
        names = collection.tables["slices"].column("slice").to_pylist()
        return names.count("sibling") / len(collection.queries)

    assert share(0) < 0.35 * share(4)
