"""Mining: no negative holds the answer, none is known to be relevant."""

from __future__ import annotations

import pytest

from retrievarium.evaluation import has_answer
from retrievarium.retrievers import BM25
from retrievarium.training import BM25Miner, contains_answer, known_positive

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
