"""The index: counts, lengths, facts, naming, crowding."""

from __future__ import annotations

import pytest

from retrievarium.contracts import InputError
from retrievarium.data.collection import Collection
from retrievarium.data.world import World


def test_counts(world: World, arm_a: Collection) -> None:
    assert len(arm_a.passages) == 600
    articles = arm_a.passages.table.column("document").to_pylist()
    sizes = [articles.count(name) for name in set(articles)]
    assert len(sizes) == 144
    assert min(sizes) == 3
    assert max(sizes) == 5
    types = {row["type"] for row in arm_a.tables["entities"].to_pylist()}
    assert len(types) >= 10
    assert len({row["relation"] for row in arm_a.tables["facts"].to_pylist()}) == 24
    assert len({row["relation"] for row in arm_a.tables["facts"].to_pylist() if row["held_out"]}) == 6


def test_passages_have_the_promised_length_and_facts(world: World) -> None:
    for written in world.book.passages:
        assert 60 <= len(written.text.split()) <= 100
        assert 4 <= sum(len(sentence.facts) for sentence in written.sentences) <= 8


def test_no_sentence_twice_in_a_passage(world: World) -> None:
    for written in world.book.passages:
        texts = [sentence.text for sentence in written.sentences]
        assert len(set(texts)) == len(texts)
        assert "{" not in written.text
        assert "  " not in written.text


def test_sentences_make_up_the_text(arm_a: Collection) -> None:
    for row in arm_a.passages.table.slice(0, 50).to_pylist():
        assert " ".join(row["sentences"]) == row["text"]


def test_test_subjects_are_crowded_alike(arm_a: Collection) -> None:
    crowd = [row["crowd"] for row in arm_a.tables["causes"].to_pylist()]
    assert min(crowd) >= 12
    assert max(crowd) <= 40


def test_gold_naming_follows_its_dial(world: World) -> None:
    namings = [page.naming for page in world.book.plan.pages]
    assert 0.33 < namings.count("full") / len(namings) < 0.47
    assert 0.23 < namings.count("pronoun") / len(namings) < 0.37
    for page, written in zip(world.book.plan.pages, world.book.passages, strict=True):
        name = world.book.plan.cast.entities[page.subject].name
        if page.naming == "full":
            assert name.full.lower() in written.text.lower()
        if page.naming == "short" and name.full != name.short:
            assert name.short.lower() in written.text.lower()


def test_homonyms_share_a_name_and_differ_in_type(world: World) -> None:
    entities = [e for e in world.book.plan.cast.described if e.homonym]
    assert len(entities) == 2 * (len(world.book.plan.cast.described) * 4 // 200)
    assert entities
    for entity in entities:
        twins = [e for e in entities if e.name.full == entity.name.full and e is not entity]
        assert len(twins) == 1
        assert twins[0].kind != entity.kind


def test_too_few_passages_and_wrong_arms_are_refused(world: World) -> None:
    with pytest.raises(InputError, match="too few"):
        World(1, 50)
    with pytest.raises(InputError, match="arm"):
        world.collection("C")
