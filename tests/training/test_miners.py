"""Mining: no negative holds the answer, none is known to be relevant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import InputError, Run, as_queries
from retrievarium.evaluation import has_answer
from retrievarium.retrievers import BM25
from retrievarium.training import (
    BM25Miner,
    DenseMiner,
    EnsembleMiner,
    contains_answer,
    false_negative_rate,
    known_positive,
)

from .small import colours


@pytest.mark.works_when("dpr", 4)
def test_no_mined_passage_holds_the_answer() -> None:
    collection = colours()
    train = collection.train
    queries = dict(zip(train.queries.ids, train.queries.texts, strict=True))
    answers = train.queries.answers
    bm25 = BM25(collection, keep=False)
    mined = BM25Miner(bm25, 20, 2, [contains_answer(collection), known_positive(train)])(queries)
    careless = BM25Miner(bm25, 20, 2)(queries)
    text = collection.passages.text_of
    assert set(mined) == set(queries)
    assert all(len(p) == 2 for p in mined.values())
    assert not any(has_answer(text(p), answers[q]) for q, found in mined.items() for p in found)
    assert any(has_answer(text(p), answers[q]) for q, found in careless.items() for p in found), "nothing to forbid"
    assert all(not set(found) & set(train.qrels.relevant(q)) for q, found in mined.items())


def test_the_best_allowed_passages_come_in_order_and_depth_bounds_them() -> None:
    collection = colours()
    train = collection.train
    queries = dict(zip(train.queries.ids, train.queries.texts, strict=True))
    bm25 = BM25(collection, keep=False)
    mined = BM25Miner(bm25, 20, 3, [known_positive(train)])(queries, block=7)
    run = bm25.search(train.queries, 20)
    for query, found in mined.items():
        allowed = [p for p in run[query].ids if p not in train.qrels.relevant(query)]
        assert found == allowed[:3]
    assert all(len(found) < 3 for found in BM25Miner(bm25, 2, 3, [known_positive(train)])(queries).values())


def test_without_answers_nothing_is_forbidden_by_them() -> None:
    collection = colours()
    bare = collection.replace(queries=collection.all_queries.table.drop_columns(["answers"]))
    forbid = contains_answer(bare)
    assert not any(forbid(q, p) for q in bare.all_queries.ids for p in bare.passages.ids)


class Listed:
    """A retriever that gives everybody one list."""

    def __init__(self, name: str, ids: list[str]) -> None:
        self.name, self.ids, self.asked = name, ids, []

    def search(self, queries: Any, k: int = 100) -> Run:
        batch = as_queries(queries)
        self.asked += list(batch.ids)
        scores = np.arange(len(self.ids), 0, -1, dtype=np.float32)[:k]
        return Run.from_rankings(batch.ids, ((self.ids[:k], scores) for _ in batch.ids))


def test_a_dense_miner_keeps_all_it_found_for_batches_to_draw_from() -> None:
    collection = colours()
    train = collection.train
    queries = dict(list(zip(train.queries.ids, train.queries.texts, strict=True))[:5])
    ids = list(collection.passages.ids)
    mined = DenseMiner(Listed("listed", ids), 30, forbid=[known_positive(train)])(queries)
    for query, found in mined.items():
        assert found == [p for p in ids[:30] if p not in train.qrels.relevant(query)]
    assert (DenseMiner(Listed("listed", ids)).depth, BM25Miner(Listed("listed", ids)).depth) == (200, 50)


def test_an_ensemble_interleaves_its_lists_and_keeps_the_teachers_scores() -> None:
    first, second = Listed("first", ["p1", "p2", "p3"]), Listed("second", ["p2", "p4", "p1", "p5"])

    def label(queries: Any, mined: Any) -> Any:
        return {q: {p: float(p[1:]) for p in found} for q, found in mined.items()}

    miner = EnsembleMiner([first, second], 4, 4, [lambda q, p: q == "b" and p == "p4"], label)
    queries = {"a": "red", "b": "blue"}
    assert miner(queries) == {"a": ["p1", "p2", "p4", "p3"], "b": ["p1", "p2", "p3", "p5"]}
    scored = miner.scored(queries, {"a": ["p9", "p2"]})
    assert list(scored["a"].items()) == [("p9", 9.0), ("p2", 2.0), ("p1", 1.0), ("p4", 4.0), ("p3", 3.0)]
    assert "p9" not in scored["b"]
    with pytest.raises(InputError, match="no teacher"):
        EnsembleMiner([first]).scored(queries)


def test_the_rate_of_false_negatives_counts_pairs() -> None:
    collection = colours()
    train = collection.train
    q1, q2 = train.queries.ids[:2]
    own = next(iter(train.qrels.relevant(q1)))
    others = [p for p in collection.passages.ids if p not in {own, *train.qrels.relevant(q2)}]
    assert false_negative_rate({q1: [own, *others[:2]], q2: others[:1]}, train.qrels) == 0.25
    assert false_negative_rate({q1: others[:3]}, train.qrels) == 0
    assert false_negative_rate({}, train.qrels) == 0
