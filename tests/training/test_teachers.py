"""Teachers and filters: what is asked twice is asked once; who may be a negative, who a positive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrievarium.contracts import InputError
from retrievarium.training import (
    CrossEncoderFilter,
    RelativeFilter,
    ScoreCache,
    TeacherLabels,
    answer_key,
    false_negative_rate,
    judge,
)
from retrievarium.workspace import Workspace

from .small import colours


class Overlap:
    """A teacher that counts shared words."""

    fingerprint = "overlap-1"

    def __init__(self) -> None:
        self.pairs = 0

    def score(self, queries: Sequence[str], candidates: Sequence[Sequence[str]]) -> list[np.ndarray]:
        self.pairs += sum(len(c) for c in candidates)
        return [
            np.array([len({*q.split()} & {*c.split()}) / 10 for c in texts], np.float32)
            for q, texts in zip(queries, candidates, strict=True)
        ]


def test_a_pair_is_scored_once_whoever_asks(ws: Workspace) -> None:
    teacher = Overlap()
    cache = ScoreCache(teacher, ws=ws)
    queries, candidates = ["a b", "b c"], [["a b", "b", "z"], ["b c d", "z"]]
    expected = [line.tolist() for line in Overlap().score(queries, candidates)]
    assert cache.score(queries, candidates) == expected
    assert (teacher.pairs, cache.asked) == (5, 5)
    assert cache.score(queries, [["z", "a b", "a b"], ["new", "z"]]) == [
        [0.0, expected[0][0], expected[0][0]],
        [0.0, expected[1][1]],
    ]
    assert teacher.pairs == 6
    again = Overlap()
    assert ScoreCache(again, ws=ws).score(queries, candidates) == expected
    assert again.pairs == 0
    ScoreCache(again, "another version", ws).score(queries, candidates)
    assert again.pairs == 5
    with pytest.raises(InputError, match="no fingerprint"):
        ScoreCache(object(), ws=ws)


def test_a_cancelled_teacher_goes_on_where_it_was(ws: Workspace) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, *_: Any) -> None:
        raise Stop

    teacher = Overlap()
    queries, candidates = [f"q{i}" for i in range(100)], [["a", "b"]] * 100
    with pytest.raises(Stop):
        ScoreCache(teacher, ws=ws).score(queries, candidates, stop)
    assert teacher.pairs == 128
    ScoreCache(teacher, ws=ws).score(queries, candidates)
    assert teacher.pairs == 200


def test_labels_follow_the_mined_order(ws: Workspace) -> None:
    collection = colours()
    label = TeacherLabels(Overlap(), collection, ws=ws)
    query = collection.train.queries.ids[0]
    text = collection.train.queries.texts[0]
    found = label({query: text}, {query: ["p09", "p01", "p33"]})
    assert list(found[query]) == ["p09", "p01", "p33"]
    expected = [len({*text.split()} & {*collection.passages.text_of(p).split()}) / 10 for p in found[query]]
    assert list(found[query].values()) == pytest.approx(expected)


def mined() -> tuple[Any, dict[str, str], dict[str, list[str]]]:
    """Full judgements (three relevant passages a question) and lists of 20 that hold all three."""
    collection = colours()
    queries = dict(list(zip(collection.train.queries.ids, collection.train.queries.texts, strict=True))[:6])
    ids = list(collection.passages.ids)
    rows = [(q, ids[(7 * i + j) % 64]) for i, q in enumerate(queries) for j in (0, 3, 8)]
    table = pa.table({
        "query_id": [q for q, _ in rows], "passage_id": [p for _, p in rows], "grade": pa.array([1] * 18, pa.int32())
    })  # fmt: skip
    full = collection.replace(qrels={"train": table}).train.qrels
    return full, queries, {q: [ids[(7 * i + j) % 64] for j in range(20)] for i, q in enumerate(queries)}


def graded(full: Any) -> Any:
    """A teacher that is mostly right: relevant passages score high, others spread below."""

    def label(queries: Any, lists: Any) -> Any:
        return {
            q: {p: 0.95 - 0.01 * r if p in full.relevant(q) else 0.03 * r for r, p in enumerate(found)}
            for q, found in lists.items()
        }

    return label


@pytest.mark.works_when("rocketqa", 2)
def test_the_filter_at_1_is_plain_mining_and_a_perfect_scorer_leaves_no_false_negative() -> None:
    full, queries, lists = mined()
    plain = {q: found[:8] for q, found in lists.items()}
    assert CrossEncoderFilter(graded(full), low=1.0).negatives(queries, lists, 8) == plain
    assert CrossEncoderFilter(answer_key(full), low=1.0).negatives(queries, lists, 8) == plain
    assert false_negative_rate(plain, full) > 0.2
    perfect = CrossEncoderFilter(answer_key(full)).negatives(queries, lists, 8)
    assert false_negative_rate(perfect, full) == 0
    assert all(len(found) == 8 for found in perfect.values())


@pytest.mark.works_when("rocketqa", 2)
def test_the_rate_never_falls_as_the_bound_rises() -> None:
    full, queries, lists = mined()
    rates = [
        false_negative_rate(CrossEncoderFilter(graded(full), low=low).negatives(queries, lists, 20), full)
        for low in (0.05, 0.1, 0.3, 0.6, 0.88, 0.93, 1.0)
    ]
    assert rates == sorted(rates)
    assert rates[0] == 0 < rates[-2] < rates[-1]


def test_too_few_fill_up_from_deeper_ranks_without_a_score() -> None:
    _full, queries, lists = mined()
    asked: dict[str, list[str]] = {q: [] for q in lists}

    def strict(queries: Any, found: Any) -> Any:
        for query, line in found.items():
            asked[query] += line
        return {q: dict.fromkeys(line, 0.5) for q, line in found.items()}

    kept = CrossEncoderFilter(strict, depth=15).negatives(queries, lists, 3)
    assert asked == {q: found[:15] for q, found in lists.items()}
    assert kept == {q: found[15:18] for q, found in lists.items()}


def test_no_more_is_asked_than_it_takes() -> None:
    full, queries, lists = mined()
    asked: dict[str, list[str]] = {q: [] for q in lists}

    def label(queries: Any, found: Any) -> Any:
        for query, line in found.items():
            asked[query] += line
        return graded(full)(queries, found)

    def everything(queries: Any, found: Any) -> Any:
        scores = graded(full)(queries, lists)
        return {q: {p: scores[q][p] for p in line} for q, line in found.items()}

    wanted = {q: [p for p, s in line.items() if s < 0.1][:2] for q, line in graded(full)(queries, lists).items()}
    assert CrossEncoderFilter(everything, depth=20).negatives(queries, lists, 2) == wanted
    CrossEncoderFilter(label, depth=20).negatives(queries, lists, 2)
    assert all(len(line) < 20 for line in asked.values())
    assert any(len(line) > 2 for line in asked.values()), "nothing was ever dropped"


@pytest.mark.works_when("rocketqa", 3)
def test_a_query_without_a_sure_candidate_yields_nothing() -> None:
    _full, queries, lists = mined()
    first, second, *_ = queries

    def label(asked: Any, found: Any) -> Any:
        scores = {q: dict.fromkeys(line, 0.05) for q, line in found.items()}
        scores[first][lists[first][4]] = 0.97
        scores[first][lists[first][2]] = 0.5
        scores[second][lists[second][1]] = 0.9  # not above
        return scores

    pairs = CrossEncoderFilter(label).pseudo_positive(queries, lists, 4)
    assert set(pairs) == {first}
    positive, negatives = pairs[first]
    assert positive == lists[first][4]
    assert negatives == [lists[first][r] for r in (0, 1, 3, 5)]
    assert CrossEncoderFilter(label, high=1.0).pseudo_positive(queries, lists, 4) == {}


def test_the_relative_filter_compares_with_the_questions_own_positive() -> None:
    _, queries, lists = mined()
    query = next(iter(queries))
    found = lists[query]
    positive = {query: found[3]}

    def label(asked: Any, line: Any) -> Any:
        return {q: {p: 1 - 0.1 * found.index(p) for p in ps} for q, ps in line.items()}

    def kept(**settings: float) -> list[str]:
        return RelativeFilter(label, **settings).negatives(queries, {query: found}, positive, 50)[query]

    assert kept() == found[4:]
    assert kept(share=0.5) == [p for i, p in enumerate(found) if 1 - 0.1 * i <= 0.35]
    assert kept(margin=0.15) == found[5:]
    assert kept(margin=100) == []


def test_what_a_teacher_could_still_teach() -> None:
    """RR@10 over the student's own lists, reordered by a teacher that knows, and by one that knows the opposite."""
    from retrievarium.retrievers import BM25
    from retrievarium.training import teacher_gain

    collection = colours()
    dev, bm25 = collection.dev, BM25(collection)
    gold = {collection.all_queries[q].text: {*dev.qrels.relevant(q)} for q in dev.queries.ids}
    of_text = dict(zip(collection.passages.joined, collection.passages.ids, strict=True))

    class Knows:
        name = "knows"

        def __init__(self, sign: float) -> None:
            self.sign = sign

        def score(self, queries: Sequence[str], candidates: Sequence[Sequence[str]]) -> list[np.ndarray]:
            return [
                np.array([self.sign * (of_text[c] in gold[q]) for c in texts], np.float32)
                for q, texts in zip(queries, candidates, strict=True)
            ]

    best, worst = (teacher_gain(Knows(sign), bm25, collection, depth=5) for sign in (1.0, -1.0))
    assert best["student"] == worst["student"]
    assert best["teacher"] >= best["student"] > worst["teacher"]
    for told in (best, worst):
        assert told["gain"] == pytest.approx(told["teacher"] - told["student"], abs=2e-4)
        assert told["low"] <= told["gain"]
    assert teacher_gain(Knows(1.0), bm25, collection.replace(qrels={"train": collection.train.qrels.table})) == {}


def test_a_judge_of_margins_is_as_sure_as_it_is_told() -> None:
    qrels = colours().train.qrels
    query = next(q for q in qrels.query_ids if qrels.relevant(q))
    (right, *_) = qrels.relevant(query)
    other = next(p for p in colours().passages.ids if p not in qrels.relevant(query))
    label = judge("oracle", Overlap().score, 0, qrels, qrels, sure=5.0)
    assert label({query: ""}, {query: [right, other]}) == {query: {right: 5.0, other: 0.0}}
