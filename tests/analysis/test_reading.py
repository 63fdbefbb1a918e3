"""Movement, marks, first relevant ranks, groups of queries, sentences, kept runs."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from retrievarium.analysis import (
    Finding,
    describe,
    finding_sentence,
    first_relevant,
    groups,
    kept_run,
    movement,
    passage_marks,
    where_is,
)
from retrievarium.contracts import InputError, Run
from retrievarium.retrievers import BM25, Analyzer, FrozenRun, fuse_linear, fuse_rrf

# -- movement


def test_movement_tells_up_down_same_new_and_lost() -> None:
    moves = movement("abcd", "cbx", 3)
    assert [(m.id, m.kind, m.by) for m in moves] == [
        ("c", "up", 2),
        ("b", "same", 0),
        ("x", "new", 0),
        ("a", "lost", 0),
    ]
    assert [m.words for m in moves] == ["up 2, from rank 3", "same rank", "new", "lost, was rank 1"]


def test_beyond_the_cut_of_the_reference_is_not_new() -> None:
    (first, *_) = movement("abcdef", "f", 1)
    assert (first.kind, first.before) == ("up", 6)


@given(some.permutations("abcdefgh"), some.permutations("abcdefgh"), some.integers(1, 8))
def test_every_shown_result_of_either_side_is_told_once(a: list[str], b: list[str], k: int) -> None:
    moves = movement(a, b, k)
    assert {m.id for m in moves} == {*a[:k], *b[:k]}
    assert len({m.id for m in moves}) == len(moves)
    assert all(m.kind != "new" for m in moves)


# -- marks


@given(some.text(), some.lists(some.text(max_size=5), max_size=3), some.lists(some.text(max_size=4), max_size=4))
def test_marks_never_overlap(text: str, answers: list[str], terms: list[str]) -> None:
    for analyzer in (Analyzer("english"), Analyzer("pairs")):
        marks = passage_marks(text, answers, terms, analyzer)
        assert all(0 <= m.start < m.stop <= len(text) for m in marks)
        assert all(a.stop <= b.start for a, b in itertools.pairwise(marks))


def test_answers_win_over_terms() -> None:
    text = "The river Rhône rises; the Rhone flows."
    marks = passage_marks(text, ["rhone"], Analyzer().terms("where does the Rhone river rise"))
    assert [(text[m.start : m.stop], m.kind) for m in marks] == [
        ("river", "term"),
        ("Rhône", "answer"),
        ("Rhone", "answer"),
    ]


def test_neighbouring_pairs_become_one_mark() -> None:
    analyzer = Analyzer("pairs")
    marks = passage_marks("東京都庁", [], analyzer.terms("東京都"), analyzer)
    assert [(m.start, m.stop) for m in marks] == [(0, 3)]


# -- where the evidence is


def test_first_relevant_counts_grades_above_zero(collection: Any) -> None:
    run = Run.from_dict({"e1": {"p3": 3, "p1": 2, "p9": 1}, "e3": {"p7": 2, "p8": 1}, "e2": {"p1": 1}})
    found = first_relevant(run, collection.qrels)
    assert found == {"e1": 2, "e2": None, "e3": 2, "e4": None, "e5": None}
    assert where_is(run, "e1", ["p9", "p5"]) == {"p9": 3, "p5": None}
    assert where_is(run, "unknown", ["p9"]) == {"p9": None}


def test_groups_by_who_finds() -> None:
    ranks = {
        "a": {"q1": 1, "q2": 9, "q3": None, "q4": 2, "q6": 1},
        "b": {"q1": 3, "q2": 1, "q3": None, "q4": 1, "q6": None},
    }
    told = groups(ranks, {"q1": 0.1, "q2": 0.5, "q3": 0.2, "q4": 0.9, "q5": 1.0, "q6": 0.3}, k=5)
    assert told == {
        "all": ["q5", "q4", "q2", "q6", "q3", "q1"],
        "only:a": ["q6"],
        "only:b": ["q2"],
        "none": ["q3"],
        "each": ["q4", "q1"],
    }


def test_the_sentence_names_everybody_best_first() -> None:
    found = [Finding("bm25", 14, 100), Finding("minilm", 1, 100), Finding("dpr", None, 100)]
    assert finding_sentence(found, 1) == (
        "minilm finds it at rank 1; bm25 finds it at rank 14; dpr has it nowhere in its first 100."
    )
    assert "first of 3 relevant passages" in finding_sentence(found, 3)
    assert "No passage is judged relevant" in finding_sentence(found, 0)
    assert finding_sentence([], 1) == "No retriever has answered yet."
    assert found[0].found(20)
    assert not found[2].found(20)


# -- kept runs


def test_a_kept_run_is_made_once_and_equal(collection: Any, ws: Any) -> None:
    bm25 = BM25(collection, ws=ws)
    calls = []

    def search() -> Run:
        calls.append(1)
        return bm25.search(collection.queries, 5)

    first = kept_run(collection, collection.queries, describe(bm25), 5, search, ws)
    second = kept_run(collection, collection.queries, describe(bm25), 5, search, ws)
    assert first == second == bm25.search(collection.queries, 5)
    assert len(calls) == 1
    other = BM25(collection, k1=2.0, ws=ws)
    kept_run(collection, collection.queries, describe(other), 5, search, ws)
    kept_run(collection, {"q": "river"}, describe(bm25), 5, lambda: bm25.search({"q": "river"}, 5), ws)
    assert len(calls) == 2


def test_descriptions_tell_retrievers_apart(collection: Any) -> None:
    a, b = BM25(collection), BM25(collection, b=0.9)
    frozen = FrozenRun(Run.from_dict({"q": {"p1": 1.0}}))
    all_ = [a, b, frozen, a + b, fuse_rrf(a, b, depth=7), 0.3 * a + 0.7 * b, 0.4 * a + 0.6 * b, a % 3, a % 3 >> b]
    all_ += [fuse_linear((0.3, a), (0.7, b), normalisation="zscore")]
    told = [str(describe(r)) for r in all_]
    assert len(set(told)) == len(told)
    with pytest.raises(InputError, match="cannot be kept"):
        describe(object())
