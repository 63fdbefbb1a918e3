"""DPR's own: towers, claim, record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.data import Collection, World
from retrievarium.encoders import Backbone, load_towers, train_wordpiece, two_towers
from retrievarium.methods import Budget, build, claims
from retrievarium.methods.dpr import ARMS
from retrievarium.objectives import info_nce
from retrievarium.pretraining import start
from retrievarium.training import PairBatches, RunConfig, fit

TINY = Budget("tiny", exposure=0, steps=2, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(1, 100).collection()


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name, value in {"VOCABULARY": 400, "LAYERS": 1, "DIM": 32}.items():
        monkeypatch.setattr(start, name, value)
    monkeypatch.setattr(start, "shipped", lambda *parts: tmp_path.joinpath("nowhere", *parts))


@pytest.mark.works_when("dpr", 5)
def test_a_step_with_the_passage_tower_frozen_leaves_every_passage_vector(world: Collection) -> None:
    backbone = Backbone(train_wordpiece(world.passages.joined, 300), 1, 32, 2, 64, dropout=0.0)
    towers = two_towers(backbone, pooling="cls", tied=False)
    shared = {p.data_ptr() for p in towers.query.parameters()} & {p.data_ptr() for p in towers.passage.parameters()}
    assert not shared
    texts, asked = world.passages.joined[:40], list(world.train.queries.texts[:10])
    passages, questions = towers.encode_passages(texts), towers.encode_queries(asked)
    batches = PairBatches(towers, world, world.train, 8, 0, per_question=1)
    settings: dict[str, Any] = {"steps": 1, "lr": 1e-2, "seed": 0, "config": RunConfig(1)}
    fit(towers, batches, info_nce, freeze="passage", **settings)
    assert towers.encode_passages(texts).tobytes() == passages.tobytes()
    assert not np.array_equal(towers.encode_queries(asked), questions)
    fit(towers, batches, info_nce, **settings)
    assert not np.array_equal(towers.encode_passages(texts), passages)


@pytest.mark.usefixtures("_small")
def test_it_is_the_cards_dpr_untied_first_token_and_dot_product(world: Collection) -> None:
    from sentence_transformers import SentenceTransformer

    built = build("dpr", world, TINY, device="cpu", precision="fp32", threads=1)
    towers = load_towers(built.folder / "dpr")
    assert not towers.tied
    assert (towers.query.pooling, towers.passage.pooling) == ("cls", "cls")
    assert built.model.similarity == towers.similarity == "dot"
    texts = world.passages.joined[:5]
    vectors = built.model.encode_passages(texts)
    assert not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.1), "a norm of 1 would be a norm"
    plain = SentenceTransformer(str(built.folder / "dpr"), device="cpu")
    assert np.allclose(plain.encode_document(texts), vectors, atol=1e-5)
    assert not np.allclose(plain.encode_query(texts), vectors, atol=1e-3), "two towers that give one vector"
    with torch.inference_mode():
        ids = torch.tensor([towers.tokenize("passage", texts[:1])[0]])
        first = towers.passage.backbone(ids, torch.ones_like(ids))[-1][0, 0]
    assert np.allclose(first.numpy(), vectors[0], atol=1e-5), "the vector is the first token's last state"


@pytest.mark.usefixtures("_small")
def test_its_dials(world: Collection) -> None:
    settings: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}
    made = {h: build("dpr", world, TINY, hard=h, **settings).model.fingerprint for h in ("bm25", "random")}
    made["none"] = build("dpr", world, TINY, negatives=0, **settings).model.fingerprint
    made["untrained"] = build("dpr", world, TINY, steps=0, **settings).model.fingerprint
    assert len(set(made.values())) == len(made)


@pytest.mark.usefixtures("_small")
def test_the_dense_baseline_is_called_so(world: Collection) -> None:
    built = build("baseline_dense", world, TINY, device="cpu", precision="fp32", threads=1)
    assert built.name == "baseline_dense"
    assert built.model.similarity == "cosine"
    assert load_towers(built.folder / "baseline_dense").tied


@pytest.mark.works_when("dpr", 6)
@pytest.mark.usefixtures("_small")
def test_the_claim_runs_in_smoke_and_its_record_is_whole() -> None:
    """Arms, measure and record; never the direction."""
    claim = claims()["dpr"]
    arms = claim.contrast(1, "smoke", "cpu", arms=tuple(ARMS))
    named = {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo}
    assert set(arms) == named
    questions = set(World(1, 300).collection().test.queries.ids)
    assert questions
    for values in arms.values():
        assert set(values) == questions
        assert set(values.values()) <= {0.0, 1.0}, "Success@5 of one question is 0 or 1"
    assert claim.measure == "Success@5"
    beside = arms.beside
    assert {"means", "by overlap", "by slice", "lineage", "collection", "seconds"} <= set(beside)
    assert set(beside["means"]["dpr"]) >= {"Success@1", "Success@5", "Success@10", "RR@10"}
    assert beside["means"]["dpr"]["Success@5"] == pytest.approx(np.mean(list(arms["dpr"].values())), abs=1e-3)
    curve = beside["by overlap"]
    assert [r["questions"] for r in curve] == [len(questions) // 5 + (i < len(questions) % 5) for i in range(5)]
    assert [r["overlap"] for r in curve] == sorted(r["overlap"] for r in curve)
    assert all(set(r) >= named for r in curve)
