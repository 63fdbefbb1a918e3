"""Each prepared question shows what its sentence says, with the real retrievers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

import retrievarium as rv
from retrievarium.workspace import read_json, shipped

CASES = read_json(shipped("start_queries.json"))["cases"]


@lru_cache(maxsize=1)
def _minilm() -> Any:
    return rv.load_encoder("minilm")


def test_there_are_five() -> None:
    assert len(CASES) == 5
    assert len({c["query"] for c in CASES}) == 5


@pytest.mark.parametrize("case", CASES, ids=[c["title"] for c in CASES])
def test_the_phenomenon_is_there(case: dict[str, Any]) -> None:
    collection = rv.load_collection(case["collection"])
    bm25, minilm = rv.BM25(collection), rv.Dense(collection, _minilm())
    systems = {"bm25": bm25, "minilm": minilm, "bm25 + minilm": bm25 + minilm}
    relevant = collection.qrels.relevant(case["query"])
    assert relevant
    question = collection.all_queries.select([case["query"]])
    assert case["finds"]
    assert case["misses"]
    for name in case["finds"]:
        top = systems[name].search(question, case["cut"])[case["query"]].ids
        assert set(top) & set(relevant), f"{name} should find it within {case['cut']}"
    for name in case["misses"]:
        top = systems[name].search(question, case["cut"])[case["query"]].ids
        assert not set(top) & set(relevant), f"{name} should miss it within {case['cut']}"
