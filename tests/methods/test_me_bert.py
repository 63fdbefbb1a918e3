"""ME-BERT's own: towers, hybrid, claim, record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import check_retriever
from retrievarium.data import Collection
from retrievarium.encoders import load_multi_vector
from retrievarium.methods import Budget, Built, build, claims
from retrievarium.methods.me_bert import ARMS, LONG
from retrievarium.retrievers import BM25, LateInteraction, fuse_linear
from retrievarium.workspace import Workspace

TINY = Budget("tiny", exposure=0, steps=2, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def built(world: Collection, ws: Workspace) -> Built:
    return build("me-bert", world, TINY, ws=ws, **PLAIN)


def test_the_first_vectors_of_a_passage_and_one_of_a_question(world: Collection, built: Built) -> None:
    towers = load_multi_vector(built.folder / "me-bert")
    assert towers.tied
    assert (towers.passage.m, towers.query_vectors) == (4, 1)
    texts = world.passages.joined[:5]
    vectors = built.model.encode_passages(texts)
    assert vectors.counts.tolist() == [4] * 5
    assert set(built.model.encode_queries(["Who?", "What?"]).counts) == {1}
    assert built.model.tokens("passage", texts[0])[0] == "[CLS]"
    asked = world.test.queries.select(world.test.queries.ids[:3])
    run = built.search(asked, 5)
    for query, q in zip(asked.ids, built.model.encode_queries(asked.texts), strict=True):
        best = [float((q @ p.T).max()) for p in built.model.encode_passages(world.passages.joined)]
        assert np.allclose(run[query].scores, sorted(best, reverse=True)[:5], atol=1e-4)


def test_its_dials(world: Collection, built: Built, ws: Workspace) -> None:
    def made(**settings: Any) -> Built:
        return build("me-bert", world, TINY, ws=ws, **PLAIN, steps=1, **settings)

    one, mean, unit, long = made(m=1), made(merged=True), made(norm="l2", temperature=0.05), made(tokens=200)
    assert len({b.model.fingerprint for b in (built, one, mean, unit, long)}) == 5
    for single in (one, mean):
        assert set(single.model.encode_passages(world.passages.joined[:3]).counts) == {1}
    assert built.model.max_length == 64
    assert long.model.max_length == 200
    cut = " ".join(world.passages.joined[0].split()[:30])
    further = f"{cut} {cut} {cut}"
    assert not np.allclose(long.model.encode_passages([cut]).values, long.model.encode_passages([further]).values)
    assert np.allclose(built.model.encode_passages([cut]).values, built.model.encode_passages([further]).values)


@pytest.mark.works_when("me-bert", 5)
def test_a_hybrid_goes_from_the_dense_run_to_bm25s_order(world: Collection, built: Built, ws: Workspace) -> None:
    def served(weight: float) -> Any:
        return build("me-bert", world, TINY, ws=ws, **PLAIN, hybrid=weight).retriever

    asked = world.test.queries.select(world.test.queries.ids[:8])
    dense, bm25 = LateInteraction(world, built.model, ws=ws), BM25(world)
    assert served(0.0).search(asked, 30) == dense.search(asked, 30)
    heavy, plain, half = served(100_000.0).search(asked, 100), bm25.search(asked, 100), served(1.0).search(asked, 30)
    none = fuse_linear((1.0, dense), (0.0, bm25)).search(asked, 30)
    for query in asked.ids:
        scores = dict(zip(plain[query].ids, plain[query].scores.tolist(), strict=True))
        found = [scores[p] for p in heavy[query].ids if p in scores]
        assert len(found) == len(scores) > 1
        assert found == sorted(found, reverse=True), "BM25's order on BM25's candidates"
        assert none[query].ids == dense.search(asked, 30)[query].ids
    for other in (none, heavy.top(30)):
        assert any(half[q].ids != other[q].ids for q in asked.ids), "a weight between is neither"
    check_retriever(served(0.5), asked)


@pytest.mark.works_when("me-bert", 6)
def test_the_claim_runs_in_smoke_and_its_record_is_whole(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms, measure and record; never the direction."""
    monkeypatch.setenv("RETRIEVARIUM_WORKSPACE", str(ws.root))
    claim = claims()["me-bert"]
    arms = claim.contrast(1, "smoke", "cpu", arms=tuple(ARMS))
    named = {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo}
    assert set(ARMS) == named
    assert set(arms) == named | {"bm25", "hybrid"}
    assert claim.measure == "RR@10"
    questions = set(arms["one vector"])
    assert all(set(values) == questions for values in arms.values())
    assert 0 < len(questions) < arms.beside["questions asked"], "the long passages alone"
    assert all(0 <= v <= 1 for values in arms.values() for v in values.values())
    assert {"means", "by length", "lineage", "collection", "seconds"} <= set(arms.beside)
    buckets = arms.beside["by length"]
    assert sum(r["questions"] for r in buckets) == arms.beside["questions asked"]
    assert buckets[-1]["words"] == f"{LONG} and more"
    assert buckets[-1]["questions"] == len(questions)
    assert buckets[-1]["me-bert"] == pytest.approx(np.mean(list(arms["me-bert"].values())), abs=1e-4)
