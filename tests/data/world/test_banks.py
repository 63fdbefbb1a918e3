"""Template banks: complete, independent, and able to honour the wording dial."""

from __future__ import annotations

import pytest

from retrievarium.contracts import MissingError
from retrievarium.data.world import HELD_OUT, KINDS, RELATIONS, World
from retrievarium.data.world.banks import check_bank, content_stems, load_bank, overlap_class


@pytest.mark.parametrize("name", ["a", "b"])
def test_banks_are_complete(name: str) -> None:
    bank = load_bank(name)
    assert check_bank(bank, RELATIONS) == []
    for table in (bank.mentions, bank.hints, bank.pairs, bank.aliases, bank.notes):
        assert set(table) == {kind.group for kind in KINDS.values()}
    for wordings in bank.relations.values():
        for text in wordings.passage:
            assert "{o}" in text or "{ao}" in text
            assert any(slot in text for slot in ("{s}", "{m}", "{p}"))
        for text in (*wordings.train, *wordings.test):
            assert "{q}" in text
            assert text.endswith("?")


def test_a_gap_is_found() -> None:
    bank = load_bank("a")
    broken = {**bank.relations, "spouse": bank.relations["teacher"]}
    del broken["trade"]
    assert check_bank(type(bank)(**{**vars(bank), "relations": broken}), RELATIONS) == ["trade: no wordings"]


def test_banks_do_not_repeat_each_other() -> None:
    a, b = load_bank("a"), load_bank("b")
    for relation in RELATIONS:
        first, second = a.relations[relation], b.relations[relation]
        assert not set(first.passage) & set(second.passage)
        assert len({*first.train, *first.test} & {*second.train, *second.test}) <= 2
    assert not set(a.colour["any"]) & set(b.colour["any"])


def test_bank_b_writes_a_world() -> None:
    b, a = World(3, 200, bank="b").book, World(3, 200).book
    assert [p.title for p in b.passages] != []
    assert {p.text for p in b.passages}.isdisjoint(p.text for p in a.passages)
    with pytest.raises(MissingError, match="'c'"):
        load_bank("c")


def test_overlap_classes() -> None:
    assert content_stems("Who founded {q}?") == {"found"}
    assert overlap_class("Who founded {q}?", "{s} was founded by {o}") == "all"
    assert overlap_class("Who set up {q}?", "{s} was founded by {o}") == "none"
    assert overlap_class("By which pioneer was {q} founded?", "{s} was founded by {o}") == "one"


def test_six_of_24_relations_are_held_out() -> None:
    assert len(RELATIONS) == 24
    assert len(HELD_OUT) == 6
