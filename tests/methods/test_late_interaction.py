"""Late interaction's own identities: what is trained, what is kept, what is searched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.contracts import check_retriever
from retrievarium.data import Collection, World
from retrievarium.encoders import load_encoder, load_multi_vector
from retrievarium.methods import Budget, Built, build, methods
from retrievarium.objectives import InfoNCE, max_similarity
from retrievarium.pretraining import start
from retrievarium.retrievers import LateInteraction
from retrievarium.training import PairBatches, embed
from retrievarium.workspace import Workspace

TINY = Budget("tiny", exposure=0, steps=3, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(1, 100).collection()


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("late"))


@pytest.fixture(scope="module")
def built(world: Collection, ws: Workspace) -> Iterator[Built]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"VOCABULARY": 400, "LAYERS": 1, "DIM": 32}.items():
            patch.setattr(start, name, value)
        patch.setattr(start, "shipped", lambda *parts: ws.root.joinpath("nowhere", *parts))
        yield build("late_interaction", world, TINY, ws=ws, **PLAIN, dim=8)


def test_it_is_a_brick_and_no_paper() -> None:
    assert methods()["late_interaction"].paper is None


def test_the_score_is_the_sum_of_the_best_matches(world: Collection, built: Built, ws: Workspace) -> None:
    asked = world.test.queries.select(world.test.queries.ids[:4])
    run = built.search(asked, 10)
    passages = dict(zip(world.passages.ids, built.model.encode_passages(world.passages.joined), strict=True))
    for query, q in zip(asked.ids, built.model.encode_queries(asked.texts), strict=True):
        by_hand = {i: float((q @ p.T).max(axis=1).sum()) for i, p in passages.items()}
        best = sorted(by_hand.values(), reverse=True)[:10]
        assert np.allclose(run[query].scores, best, atol=1e-4)
        assert all(score == pytest.approx(by_hand[i], abs=1e-4) for i, score in run[query])
        assert run[query].scores.max() <= len(q) + 1e-4, "each of the question's tokens adds 1 at most"
    check_retriever(built.retriever, asked)
    candidates = build("late_interaction", world, TINY, ws=ws, **PLAIN, dim=8, rows="Flat")
    assert candidates.folder == built.folder
    assert np.allclose(candidates.search(asked, 1).scores, built.search(asked, 1).scores, atol=1e-4)


def test_candidates_at_full_depth_are_the_exact_search(world: Collection, built: Built, ws: Workspace) -> None:
    asked = world.test.queries.select(world.test.queries.ids[:6])
    exact = built.search(asked, 20)
    rows = int(built.model.encode_passages(world.passages.joined).counts.sum())
    full, few = (LateInteraction(world, built.model, "Flat", n, ws=ws) for n in (rows, 1))
    assert full.search(asked, 20) == exact
    pruned = few.search(asked, 20)
    assert pruned != exact, "one row for each of the question's tokens is too few"
    for query, ranking in pruned:
        known = dict(built.search(asked, len(world.passages))[query])
        assert all(score == pytest.approx(known[p], abs=1e-4) for p, score in ranking), (
            "what is found is scored exactly"
        )


def test_the_grid_adds_up_to_the_score(world: Collection, built: Built) -> None:
    text = world.test.queries.texts[0]
    for passage, score in built.search(text, 3)["q1"]:
        grid = built.retriever.explain(text, passage)
        assert grid.score == pytest.approx(score, abs=1e-4)
        assert sum(value for _, value in grid.parts) == pytest.approx(score, abs=1e-4)
        assert grid.similarities.shape == (len(grid.query), len(grid.passage))
        assert grid.query[0] == grid.passage[0] == "[CLS]"


def test_one_token_each_is_an_inner_product(built: Built) -> None:
    q, p = (torch.from_numpy(built.model.encode_passages(t).values[:4]) for t in (["a river"], ["who founded it"]))
    one = torch.ones(4, 1, dtype=torch.bool)
    torch.testing.assert_close(max_similarity(q[:, None], one, p[:, None], one), q @ p.T)


def test_a_passage_that_repeats_the_question_gets_all_it_can(built: Built) -> None:
    (q,) = built.model.encode_queries(["Who founded the town?"])
    same, more = (torch.from_numpy(np.concatenate([q, extra]))[None] for extra in (q[:0], -q))
    there = [torch.ones(1, p.shape[1], dtype=torch.bool) for p in (same, more)]
    mask = torch.ones(1, len(q), dtype=torch.bool)
    asked = torch.from_numpy(q)[None]
    full = torch.tensor([[float(len(q))]])
    torch.testing.assert_close(max_similarity(asked, mask, same, there[0]), full)
    torch.testing.assert_close(max_similarity(asked, mask, more, there[1]), full, msg="more tokens take nothing away")
    turned = same[:, torch.randperm(len(q))]
    torch.testing.assert_close(max_similarity(asked, mask, turned, there[0]), full, msg="order does not matter")


def test_one_tower_of_unit_vectors_that_others_can_load(world: Collection, built: Built) -> None:
    from sentence_transformers import MultiVectorEncoder as Stock

    towers = load_multi_vector(built.folder / "late_interaction")
    assert towers.tied
    assert (towers.passage.m, towers.passage.norm, towers.dim) == (None, "l2", 8)
    texts = world.passages.joined[:3]
    vectors = built.model.encode_passages(texts)
    assert np.allclose(np.linalg.norm(vectors.values, axis=1), 1, atol=1e-5)
    assert vectors.counts.min() > 8, "a vector for every token"
    plain = Stock(str(built.folder / "late_interaction"), device="cpu").encode_document(texts, convert_to_numpy=True)
    again = load_encoder(built.folder / "late_interaction", "cpu").encode_passages(texts)
    for own, theirs, third in zip(vectors, plain, again, strict=True):
        assert np.allclose(own, theirs, atol=1e-5)
        assert np.allclose(own, third, atol=1e-6)


def test_its_loss_is_the_softmax_of_these_scores(world: Collection, built: Built) -> None:
    towers = load_multi_vector(built.folder / "late_interaction")
    batch = PairBatches(towers, world, world.train, 4, 0)(0)
    loss = batch.loss(towers, InfoNCE(temperature=0.25))
    q, p = (embed(towers, role, t) for role, t in (("query", batch.questions), ("passage", batch.passages)))
    scores = max_similarity(*q, *p) / 0.25
    scores[batch.known_positive & ~np.eye(4, dtype=bool)] = -torch.inf
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(scores, torch.arange(4)))
    loss.backward()
    assert towers.passage.projection.weight.grad is not None
    stages = built.report["stages"]
    assert stages[-1]["curve"][-1]["step"] == 3
