"""SPLADE++'s own: scenarios that share a half, one cost for all, the claim."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import InputError, check_retriever
from retrievarium.data import Collection, World
from retrievarium.encoders import load_lexical
from retrievarium.methods import Budget, Built, build, claims
from retrievarium.methods.splade_pp import ARMS, BETTER, SAME, SCENARIOS
from retrievarium.workspace import Workspace

TINY = Budget("tiny", exposure=0, steps=8, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1, "questions": 40}


@pytest.fixture(scope="module")
def built(world: Collection, ws: Workspace) -> Built:
    return build("splade-pp", world, TINY, ws=ws, **PLAIN)


def test_one_tower_max_pooling_and_a_head_that_was_trained(world: Collection, built: Built, ws: Workspace) -> None:
    towers = load_lexical(built.folder / "splade-pp")
    assert towers.tied
    assert (towers.passage.pool, built.model.kind, built.model.similarity) == ("max", "lexical", "dot")
    text = world.passages.joined[0]
    assert (built.model.encode_queries([text]) != built.model.encode_passages([text])).nnz == 0
    check_retriever(built.retriever, world.test.queries.select(world.test.queries.ids[:4]))
    none = build("splade-pp", world, TINY, ws=ws, **PLAIN, steps=0)
    read = none.report["lineage"]["warm start"]
    assert read["exposure"]["steps"] == 0
    assert [s["curve"][-1]["step"] for s in none.report["stages"]] == [0]


def test_the_scenarios_share_their_first_half_and_differ_after_it(
    world: Collection, built: Built, ws: Workspace
) -> None:
    made = {s: build("splade-pp", world, TINY, ws=ws, **PLAIN, scenario=s) for s in SCENARIOS}
    made["random"] = build("splade-pp", world, TINY, ws=ws, **PLAIN, judge="random")
    made["oracle"] = build("splade-pp", world, TINY, ws=ws, **PLAIN, judge="oracle")
    assert made["ensemble"].model.fingerprint == built.model.fingerprint
    assert len({b.model.fingerprint for b in made.values()}) == len(made)
    whats = {name: [s["what"] for s in b.report["stages"]] for name, b in made.items()}
    assert whats["simple"] == ["softmax", "softmax"]
    assert whats["distil"] == whats["self"] == ["softmax", "teacher", "margins"]
    assert whats["ensemble"] == ["softmax", "training", "teacher", "margins"]
    halves = [b.report["stages"][0] for b in made.values()]
    assert all(half == halves[0] for half in halves), "kept, not trained again"
    for told in made.values():  # as many steps of the student, two passages a question in each
        own = [s["curve"][-1]["step"] for s in told.report["stages"] if s["what"] in ("softmax", "margins")]
        assert own == [4, 4]
    with pytest.raises(InputError, match="scenario='none' is unknown"):
        build("splade-pp", world, TINY, ws=ws, **PLAIN, scenario="none")


@pytest.mark.works_when("splade-pp", 5)
def test_sparsity_goes_from_long_vectors_to_short_lists(world: Collection, ws: Workspace) -> None:
    asked = world.test.queries.select(world.test.queries.ids[:4])
    texts = world.passages.joined[:20]
    full, empty = (
        build("splade-pp", world, TINY, ws=ws, **PLAIN, scenario="simple", steps=steps, lr=lr, sparsity=s)
        for s, steps, lr in ((0.0, 8, 1e-3), (1e6, 40, 1e-2))
    )
    assert full.model.encode_passages(texts).nnz / 20 > 60, "nothing presses on the hundred it begins with"
    assert empty.model.encode_passages(texts).nnz < 0.05 * full.model.encode_passages(texts).nnz
    run = empty.search(asked, 50)
    assert run.query_ids == tuple(asked.ids)
    assert all(len(ranking) < 50 for _, ranking in run), "short lists, not an error"
    check_retriever(empty.retriever, asked)


@pytest.mark.works_when("splade-pp", 6)
def test_the_claim_runs_in_smoke_and_its_record_is_whole(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms, measure and record; never the direction."""
    monkeypatch.setenv("RETRIEVARIUM_WORKSPACE", str(ws.root))
    claim = claims()["splade-pp"]
    arms = claim.contrast(1, "smoke", "cpu", arms=tuple(ARMS))
    named = {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo}
    assert set(ARMS) == set(arms) == named
    assert claim.measure == "RR@10"
    asked = set(World(1, 300).collection().test.queries.ids)
    assert all(set(values) == asked for values in arms.values()), "all test questions"
    assert all(0 <= v <= 1 for values in arms.values() for v in values.values())
    beside = arms.beside
    assert {"means", "by slice", "by overlap", "lineage", "collection", "seconds"} <= set(beside)
    met, full = beside["postings FLOPS"]["compared at"], beside["postings FLOPS"]["as trained"]
    cost, apart = min(full["ensemble"], full["simple"]), beside["postings FLOPS"]["apart"]
    assert set(met) == named
    alike = [abs(met[a] / cost - 1) for a in ("ensemble", "simple")] if cost else [1.0]  # so small a model may empty
    assert apart == pytest.approx(max(alike))
    assert beside["conditions"][SAME] == pytest.approx(0.1 - apart)
    assert not cost or max(met.values()) <= cost * (1 + 1e-6), "every arm is cut to the cheaper one's cost"
    assert set(beside["conditions"]) == set(claim.conditions) == {SAME, BETTER}
    teacher = beside["lineage"]["ensemble"]["teacher"]
    assert beside["conditions"][BETTER] == pytest.approx(min(teacher["gain"] - 0.05, teacher["low"]))
    assert teacher["gain"] == pytest.approx(teacher["teacher"] - teacher["student"], abs=2e-4)
    assert np.isfinite(list(met.values())).all()
