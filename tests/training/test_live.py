"""Dynamic negatives: searched with the vectors of the step, over passages that never change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.indexes import FlatIndex
from retrievarium.objectives import LambdaRR
from retrievarium.training import (
    FixedLists,
    LiveIndex,
    LiveProbe,
    RandomLists,
    RankedBatches,
    RunConfig,
    TokenTable,
    embed,
    fit,
    staleness,
)

from .small import WordTowers, colours


def frozen(model: WordTowers, collection: Any) -> np.ndarray:
    with torch.inference_mode():
        return embed(model, "passage", TokenTable.cut(model, "passage", collection.passages.joined)).numpy()


@pytest.mark.works_when("star-adore", 3)
def test_adore_leaves_vectors_and_index_to_the_byte_and_gives_the_passage_tower_no_gradient() -> None:
    collection, model = colours(), WordTowers(dropout=0.1)
    vectors = frozen(model.eval(), collection)
    live = LiveIndex(collection.passages.ids, vectors, 10)
    before = live.fingerprint, live.vectors.numpy().tobytes(), live.index.vectors(["p03"]).tobytes()
    batches = RankedBatches(model, collection, collection.train, 8, 0, live)
    model.train()
    batches(0).loss(model, LambdaRR(10)).backward()
    assert all(p.grad is None for p in model.passage.parameters())
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in model.query.parameters())
    assert not live.vectors.requires_grad
    model.zero_grad()
    query = model("query", torch.tensor([[1, 2, 5, 6]]), torch.ones(1, 4)).detach()
    fit(model, batches, LambdaRR(10), steps=5, lr=0.05, seed=0, freeze="passage", config=RunConfig(1))
    assert (live.fingerprint, live.vectors.numpy().tobytes(), live.index.vectors(["p03"]).tobytes()) == before
    assert np.array_equal(frozen(model, collection), vectors)
    assert not torch.allclose(model("query", torch.tensor([[1, 2, 5, 6]]), torch.ones(1, 4)), query, atol=1e-2)


@pytest.mark.works_when("star-adore", 4)
def test_the_list_of_a_step_is_an_exact_search_with_the_vectors_of_that_step() -> None:
    collection, model = colours(), WordTowers(dropout=0.0)
    vectors = frozen(model.eval(), collection)
    live = LiveIndex(collection.passages.ids, vectors, 6)
    exact = FlatIndex()
    exact.add(collection.passages.ids, vectors)
    used: list[tuple[tuple[str, ...], np.ndarray, np.ndarray]] = []

    class Watched:
        vectors = live.vectors

        def __call__(self, queries: Any, q: torch.Tensor) -> np.ndarray:
            rows = live(queries, q)
            used.append((tuple(queries), q.numpy().copy(), rows))
            return rows

    batches = RankedBatches(model, collection, collection.train, 8, 0, Watched())
    text = dict(zip(collection.train.queries.ids, collection.train.queries.texts, strict=True))
    expected: list[np.ndarray] = []

    def batch_at(step: int) -> Any:
        """The batch; its lists are searched independently with the weights as they are when the step begins."""
        batch = batches(step)
        with torch.inference_mode():
            q = embed(model.eval(), "query", TokenTable.cut(model, "query", [text[i] for i in batch.ids])).numpy()
        model.train()
        _, found = exact.search(q, 6)
        expected.append(found)
        return batch

    fit(model, batch_at, LambdaRR(), steps=6, lr=0.1, seed=0, freeze="passage", config=RunConfig(1))
    assert len(used) == len(expected) == 6
    ids = np.array(collection.passages.ids)
    for (_, _, rows), wanted in zip(used, expected, strict=True):
        assert np.array_equal(ids[rows], wanted)
    epoch = len(batches.ids) // 8
    fit(model, batch_at, LambdaRR(), steps=2 * epoch, lr=0.1, seed=0, freeze="passage", config=RunConfig(1))
    first = {q: set(r) for names, _, rows in used[6 : 6 + epoch] for q, r in zip(names, rows.tolist(), strict=True)}
    later = {q: set(r) for names, _, rows in used[6 + epoch :] for q, r in zip(names, rows.tolist(), strict=True)}
    assert any(first[q] != later[q] for q in first.keys() & later.keys()), "no list ever changed: nothing is dynamic"


@pytest.mark.works_when("star-adore", 5)
def test_a_positive_that_was_not_found_comes_last_and_once() -> None:
    collection, model = colours(), WordTowers(dropout=0.0)
    live = LiveIndex(collection.passages.ids, frozen(model.eval(), collection), 5)
    batches = RankedBatches(model, collection, collection.train, 16, 0, live)
    kinds = set()
    for step in range(3):
        batch = batches(step)
        with torch.inference_mode():
            q = embed(model, "query", batch.questions)
        rows, relevant, valid = batch.ranked(q)
        assert rows.shape == (16, 6)
        for line in range(16):
            shown, known = rows[line][valid[line]], batch.relevant[line]
            assert len(set(shown.tolist())) == len(shown)
            retrieved = np.isin(rows[line, :5], known).any()
            assert len(shown) == (5 if retrieved else 6)
            assert valid[line, :5].all()
            if not retrieved:
                assert shown[-1] in known
                assert relevant[line].tolist() == [False] * 5 + [True]
            else:
                assert relevant[line, :5].any()
                assert not relevant[line, 5]
            kinds.add(bool(retrieved))
    assert kinds == {True, False}, "only one of the two cases came up"


def test_static_lists_stay_and_grow_stale() -> None:
    collection, model = colours(), WordTowers(dropout=0.0)
    vectors = frozen(model.eval(), collection)
    live = LiveIndex(collection.passages.ids, vectors, 10)
    train = collection.train
    asked = TokenTable.cut(model, "query", train.queries.texts)
    ids = collection.passages.ids

    def current() -> dict[str, list[str]]:
        with torch.inference_mode():
            rows = live(train.queries.ids, embed(model.eval(), "query", asked))
        return {q: [ids[r] for r in line] for q, line in zip(train.queries.ids, rows.tolist(), strict=True)}

    mined = current()
    fixed = FixedLists(ids, vectors, mined, 10)
    found = FixedLists.found(live, model, dict(zip(train.queries.ids, train.queries.texts, strict=True)), block=5)
    assert all(np.array_equal(found([q], torch.zeros(1, 8)), fixed([q], torch.zeros(1, 8))) for q in mined)
    assert np.array_equal(fixed(["q01"], torch.zeros(1, 8)), live(["q01"], vectors_of(model, train, "q01")))
    assert staleness(mined, mined, 10) == 1.0
    batches = RankedBatches(model, collection, train, 8, 0, fixed)
    fit(model, batches, LambdaRR(), steps=20, lr=0.1, seed=0, freeze="passage", config=RunConfig(1))
    assert staleness(mined, current(), 10) < 0.9
    assert np.array_equal(fixed(["q01"], torch.ones(1, 8)), fixed(["q01"], torch.zeros(1, 8)))
    assert staleness({"q": ["a", "b"]}, {"q": ["c", "b"]}, 2) == 0.5
    with pytest.raises(InputError, match="has 10 mined passages"):
        FixedLists(ids, vectors, mined, 11)
    with pytest.raises(InputError, match="lists of 0"):
        LiveIndex(ids, vectors, 0)


def vectors_of(model: WordTowers, train: Any, query: str) -> torch.Tensor:
    text = dict(zip(train.queries.ids, train.queries.texts, strict=True))[query]
    with torch.inference_mode():
        return embed(model.eval(), "query", TokenTable.cut(model, "query", [text]))


def test_lists_of_every_kind_are_ranked_by_the_scores_of_the_step() -> None:
    """A list keeps its members; where they stand follows the question, and so do the pairs' weights."""
    collection, model = colours(), WordTowers(dropout=0.0)
    vectors, ids = frozen(model.eval(), collection), collection.passages.ids
    live = LiveIndex(ids, vectors, 10)
    mined = {q: [ids[(7 * i + j) % 64] for j in range(10)] for i, q in enumerate(collection.train.queries.ids)}
    appended = set()
    for lists in (live, FixedLists(ids, vectors, mined, 10), RandomLists(ids, vectors, 3, 10)):
        batch = RankedBatches(model, collection, collection.train, 16, 0, lists)(0)
        with torch.inference_mode():
            q = embed(model, "query", batch.questions)
        given, (rows, relevant, valid) = lists(batch.ids, q), batch.ranked(q)
        scores = batch.scores(q, rows).numpy()
        for line in range(16):
            shown = valid[line]
            assert (np.diff(scores[line][shown]) <= 1e-5).all()
            own = set(rows[line][shown].tolist()) - set(given[line].tolist())
            assert own <= set(batch.relevant[line].tolist())
            assert relevant[line][shown].any()
            appended.add((type(lists).__name__, bool(own) and not relevant[line, -1]))
    assert ("FixedLists", True) in appended, "no relevant passage was put where its score belongs"
    assert ("LiveIndex", True) not in appended, "what a search did not find stands above what it found"


def test_random_lists_are_a_questions_own_and_hold_first_what_is_given() -> None:
    collection, model = colours(), WordTowers(dropout=0.0)
    vectors, ids = frozen(model.eval(), collection), list(collection.passages.ids)
    nothing = torch.zeros(2, 8)
    plain = RandomLists(ids, vectors, 3, 10)
    rows = plain(["q01", "q02"], nothing)
    assert np.array_equal(rows[::-1], plain(["q02", "q01"], torch.ones(2, 8))), "a list depends on its question alone"
    assert not np.array_equal(rows[0], rows[1])
    assert all(len(set(line)) == 10 for line in rows.tolist())
    assert not np.array_equal(rows, RandomLists(ids, vectors, 4, 10)(["q01", "q02"], nothing))
    siblings = {"q01": ["p40", "p03"], "q02": [f"p{i:02d}" for i in range(20)]}
    given = RandomLists(ids, vectors, 3, 10, siblings)(["q01", "q02"], nothing)
    assert given[0, :2].tolist() == [40, 3]
    assert len(set(given[0].tolist())) == 10
    assert set(given[0, 2:].tolist()) <= set(rows[0].tolist())
    assert given[1].tolist() == list(range(10))
    assert RandomLists(ids, vectors, 3, 500)(["q01"], nothing).shape == (1, 64)


def test_the_probe_measures_over_all_passages_and_sees_lists_go_stale() -> None:
    collection, model = colours(), WordTowers(dropout=0.0)
    vectors = frozen(model.eval(), collection)
    live = LiveIndex(collection.passages.ids, vectors, 12)
    probe = LiveProbe(model, collection, live)
    before = probe(model)
    assert before["overlap with the first lists"] == 1.0
    dev = collection.dev
    with torch.inference_mode():
        q = embed(model, "query", TokenTable.cut(model, "query", dev.queries.texts)).numpy()
    expected = []
    for line, query in zip(q @ vectors.T, dev.queries.ids, strict=True):
        (own,) = (collection.passages.row_of[p] for p in dev.qrels.relevant(query))
        rank = 1 + int((line > line[own]).sum())
        expected.append(1 / rank if rank <= 10 else 0.0)
    assert before["dev RR@10"] == pytest.approx(np.mean(expected))
    assert 0 < np.mean(expected) < 1
    batches = RankedBatches(model, collection, collection.train, 8, 0, live)
    fit(model, batches, LambdaRR(), steps=20, lr=0.1, seed=0, freeze="passage", config=RunConfig(1))
    assert probe(model)["overlap with the first lists"] < 0.9
