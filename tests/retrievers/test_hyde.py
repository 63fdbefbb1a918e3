"""Searching with what a language model invents."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import Generator, InputError, check_retriever
from retrievarium.indexes import index_fingerprint
from retrievarium.retrievers import BM25, Dense, HyDE, Hypotheses

WORDS = ("river", "planet", "bird", "city", "oak", "element", "rises", "dances", "bottle", "folk", "crane", "Zzyzx")


class Inventing:
    """Writes words drawn by prompt and seed; every `blank`-th text is empty."""

    def __init__(self, blank: int = 0) -> None:
        self.blank, self.prompts, self.written = blank, [], 0

    def generate(
        self, prompts: Sequence[str], n: int, max_new_tokens: int, temperature: float, seed: int
    ) -> list[list[str]]:
        self.prompts += list(prompts)
        return [[self._text(p, i, seed) for i in range(n)] for p in prompts]

    def _text(self, prompt: str, i: int, seed: int) -> str:
        self.written += 1
        if self.blank and self.written % self.blank == 0:
            return "  \n"
        rng = np.random.default_rng([zlib.crc32(prompt.encode()), i, seed])
        return " ".join(rng.choice(WORDS, 6))


class Saying:
    """Always the same texts."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def generate(self, prompts: Sequence[str], n: int, *_: Any) -> list[list[str]]:
        return [list(self.texts) for _ in prompts]


@pytest.fixture(params=["encoder", "dot_encoder"])
def dense(collection: Any, request: pytest.FixtureRequest) -> Dense:
    return Dense(collection, request.getfixturevalue(request.param))


def test_conformance(collection: Any, dense: Dense) -> None:
    assert isinstance(Inventing(), Generator)
    check_retriever(HyDE(dense, Inventing(), 3), collection.all_queries)


@pytest.mark.works_when("hyde", 1)
def test_a_score_is_the_mean_of_the_scores_with_each_text(collection: Any, dense: Dense) -> None:
    hyde, n = HyDE(dense, Inventing(), 3), len(collection.passages)
    run, invented = hyde.search(collection.queries, n), hyde.write(collection.queries)
    deep: dict[str, dict[str, float]] = {}
    cut: dict[str, dict[str, float]] = {}
    for query, text, texts in zip(collection.queries.ids, collection.queries.texts, invented.texts, strict=True):
        for depth, means in ((n, deep), (3, cut)):
            singles = [dict(r) for _, r in dense.search([text, *texts], depth)]
            means[query] = {p: sum(s.get(p, 0.0) for s in singles) / 4 for p in collection.passages.ids}
        for passage, score in run[query]:
            assert score == pytest.approx(deep[query][passage], rel=1e-6, abs=1e-5)
    broken = max(abs(deep[q][p] - cut[q][p]) for q in deep for p in deep[q])
    assert broken > 1e-2, "averaging lists that were cut first is not the same"


@pytest.mark.works_when("hyde", 2)
def test_limits(collection: Any, dense: Dense) -> None:
    plain = dense.search(collection.queries, 9)
    nothing = HyDE(dense, Inventing(), 0).search(collection.queries, 9)
    assert nothing.doc_ids.tolist() == plain.doc_ids.tolist()
    assert np.allclose(nothing.scores, plain.scores, atol=1e-6)
    for query, text in zip(collection.queries.ids, collection.queries.texts, strict=True):
        echo = HyDE(dense, Saying(text, text), 2).search(text, 9)["q1"]
        assert echo.ids == plain[query].ids
        assert np.allclose(echo.scores, plain[query].scores, atol=1e-5)
    forth, back = (
        HyDE(dense, Saying(*t), 2).search("river", 9) for t in (("a bird", "the sea"), ("the sea", "a bird"))
    )
    assert forth == back


@pytest.mark.works_when("hyde", 2)
def test_the_gold_passage_written_often_enough_comes_first(collection: Any, encoder: Any) -> None:
    dense, gold = Dense(collection, encoder), "p5"
    text, ranks, scores = "planet nearest to the Sun", [], []
    for n in (0, 1, 2, 4, 16, 256):
        run = HyDE(dense, Saying(*[collection.passages.text_of(gold)] * n), n).search(text, 9)["q1"]
        ranks.append(run.rank_of(gold))
        scores.append(dict(run)[gold])
    assert ranks[0] != 1
    first = ranks.index(1)
    assert set(ranks[first:]) == {1}
    assert scores == sorted(scores)
    assert scores[-1] == pytest.approx(1, abs=0.01), "the largest a cosine can be"


@pytest.mark.works_when("hyde", 3)
@pytest.mark.parametrize("kind", ["Flat", "PQ4x3"])
def test_nothing_is_trained_and_no_judgement_is_read(collection: Any, towers: Any, kind: str) -> None:
    dense = Dense(collection, towers, kind)
    hyde = HyDE(dense, Inventing(), 2)
    before = index_fingerprint(dense), towers.fingerprint
    run = hyde.search(collection.all_queries, 5)
    assert (index_fingerprint(hyde), towers.fingerprint) == before
    blind = type(collection)("small", collection.passages.table, collection.all_queries.table, {}, meta=collection.meta)
    assert HyDE(Dense(blind, towers, kind), Inventing(), 2).search(collection.all_queries, 5) == run


@pytest.mark.works_when("hyde", 4)
def test_what_is_returned_stands_in_the_collection(collection: Any, dense: Dense) -> None:
    run = HyDE(dense, Saying("Zzyzx is the capital of Qwghlm", "Zzyzx"), 2).search(collection.all_queries, 9)
    assert {p for _, r in run for p in r.ids} <= set(collection.passages.ids)
    assert all(len(r) == 9 for _, r in run)


@pytest.mark.works_when("hyde", 4)
def test_an_empty_text_counts_as_the_query_and_is_counted(collection: Any, dense: Dense) -> None:
    assert HyDE(dense, Inventing(blank=3), 3).write(collection.queries).empty == 5
    assert HyDE(dense, Inventing(), 3).write(collection.queries).empty == 0
    empty, echo = (HyDE(dense, Saying("the sea", t), 2).search("river", 9) for t in (" \n", "river"))
    assert empty.doc_ids.tolist() == echo.doc_ids.tolist()
    assert np.allclose(empty.scores, echo.scores, atol=1e-5)
    blank = HyDE(dense, Saying("", ""), 2).search("river", 9)
    assert np.allclose(blank.scores, dense.search("river", 9).scores, atol=1e-5)


def test_parts_add_up(collection: Any, dense: Dense) -> None:
    hyde, text = HyDE(dense, Inventing(), 3), collection.queries.texts[0]
    for passage, score in hyde.search(text, 9)["q1"]:
        parts = hyde.explain(text, passage)
        assert [n for n, _ in parts] == ["query", *hyde.write(text).texts[0]]
        assert sum(v for _, v in parts) == pytest.approx(score, rel=1e-6, abs=1e-5)


def test_queries_and_texts_go_through_their_own_sides(collection: Any, towers: Any) -> None:
    """What was written is a passage: an encoder with two sides must not take it for a query."""
    import torch

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        for parameter in towers.query.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    hyde = HyDE(Dense(collection, towers), Saying("the sea"), 1)
    expected = (towers.encode_queries(["river"]) + towers.encode_passages(["the sea"])) / 2
    passages = dict(zip(collection.passages.ids, towers.encode_passages(collection.passages.joined), strict=True))
    for passage, score in hyde.search("river", 9)["q1"]:
        assert score == pytest.approx(float(expected[0] @ passages[passage]), abs=1e-4)
    assert not np.allclose(towers.encode_queries(["the sea"]), towers.encode_passages(["the sea"]), atol=1e-2)


def test_without_the_query_and_with_texts_of_ones_own(collection: Any, dense: Dense) -> None:
    alone = HyDE(dense, Saying("the sea"), 1, include_query=False).search("river", 9)
    given = dense.search("the sea", 9)
    assert alone.doc_ids.tolist() == given.doc_ids.tolist()
    hyde = HyDE(dense, Inventing(), 2)
    assert hyde.search_with("river", hyde.write("river"), 4) == hyde.search("river", 4)
    with pytest.raises(InputError, match="1 lists of texts for 2 queries"):
        hyde.search_with(["a", "b"], Hypotheses((("x",),), 0))


def test_the_instruction_holds_the_query(collection: Any, dense: Dense) -> None:
    generator = Inventing()
    HyDE(dense, generator, 1, instruction="News on: {query} ({braces})").search(["a river", "{query}"])
    assert generator.prompts == ["News on: a river ({braces})", "News on: {query} ({braces})"]


def test_refusals(collection: Any, dense: Dense) -> None:
    with pytest.raises(InputError, match="a Dense retriever"):
        HyDE(BM25(collection), Inventing())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="n is -1"):
        HyDE(dense, Inventing(), -1)
    with pytest.raises(InputError, match="n is 0"):
        HyDE(dense, Inventing(), 0, include_query=False)
    with pytest.raises(InputError, match="no place for the query"):
        HyDE(dense, Inventing(), instruction="write")
    with pytest.raises(InputError, match="wrote 1 texts"):
        HyDE(dense, Saying("x"), 2).search("river")
    assert len(HyDE(dense, Inventing()).search([])) == 0
