"""Contriever's own: the tower, what it reads, the placebo, the claim."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.data import Collection, World
from retrievarium.encoders import load_towers
from retrievarium.methods import Budget, Built, build, claims
from retrievarium.methods.contriever import ARMS, TASKS
from retrievarium.methods.slicing import in_slice
from retrievarium.workspace import Workspace

TINY = Budget("tiny", exposure=0, steps=4, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def built(world: Collection, ws: Workspace) -> Built:
    return build("contriever", world, TINY, ws=ws, **PLAIN)


def test_one_tower_mean_pooling_and_a_plain_dot_product(world: Collection, built: Built) -> None:
    towers = load_towers(built.folder / "contriever")
    assert towers.tied
    assert towers.query.pooling == "mean"
    assert built.model.similarity == "dot"
    text = world.passages.joined[0]
    (vector,) = built.model.encode_passages([text])
    assert np.array_equal(built.model.encode_queries([text])[0], vector)
    with torch.inference_mode():
        ids = torch.tensor(towers.tokenize("passage", [text]))
        states = towers.passage.backbone(ids, torch.ones_like(ids))[-1][0]
    assert np.allclose(states.mean(dim=0).numpy(), vector, atol=1e-5)
    assert abs(np.linalg.norm(vector) - 1) > 0.1, "not normalised, in training or in search"


def test_it_reads_first_and_then_learns_from_few_labels(world: Collection, built: Built, ws: Workspace) -> None:
    assert [s["what"] for s in built.report["stages"]] == ["crops", "labels"]
    read, learned = built.report["stages"]
    assert (read["curve"][-1]["step"], learned["curve"][-1]["step"]) == (8, 4)
    bare = build("contriever", world, TINY, ws=ws, **PLAIN, labels=0)
    assert [s["what"] for s in bare.report["stages"]] == ["crops"]
    assert bare.report["stages"][0] == read, "kept, not read again"
    fewer = build("contriever", world, TINY, ws=ws, **PLAIN, labels=20)
    assert len({b.model.fingerprint for b in (built, bare, fewer)}) == 3
    with pytest.raises(InputError, match="task='sentences' is unknown"):
        build("contriever", world, TINY, ws=ws, **PLAIN, task="sentences")


def test_what_is_read_changes_the_start_and_only_that(world: Collection, ws: Workspace) -> None:
    def start_of(task: str, **more: Any) -> Built:
        return build("contriever", world, TINY, ws=ws, **PLAIN, labels=0, task=task, **more)

    assert len({start_of(task).model.fingerprint for task in TASKS}) == len(TASKS)
    text = world.passages.joined[:3]
    unread = [start_of(task, reading=0).model.encode_passages(text) for task in TASKS]
    assert all(np.array_equal(vectors, unread[0]) for vectors in unread), "the off-switch"
    crops, strangers = start_of("crops").report["stages"][0], start_of("strangers").report["stages"][0]
    assert [e["step"] for e in crops["curve"]] == [e["step"] for e in strangers["curve"]]
    assert crops["curve"][-1]["loss"] != strangers["curve"][-1]["loss"]


@pytest.mark.works_when("contriever", 6)
def test_the_claim_runs_in_smoke_and_its_record_is_whole(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms, measure and record; never the direction."""
    monkeypatch.setenv("RETRIEVARIUM_WORKSPACE", str(ws.root))
    claim = claims()["contriever"]
    arms = claim.contrast(1, "smoke", "cpu", arms=tuple(ARMS))
    named = {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo}
    assert set(ARMS) == set(arms) == named
    assert claim.measure == "R@5"
    asked = in_slice(World(1, 300).collection(), "unseen-entity")
    assert all(set(values) == asked for values in arms.values())
    assert 0 < len(asked) < arms.beside["questions asked"]
    assert all(0 <= v <= 1 for values in arms.values() for v in values.values())
    assert {"means", "by slice", "by overlap", "lineage", "collection", "seconds"} <= set(arms.beside)
    assert set(arms.beside["means"]["crops"]) >= {"R@20", "RR@10"}, "the card's own cut-off stands beside"
    starts = {str(told["warm start"]["exposure"]["steps"]) for told in arms.beside["lineage"].values()}
    assert len(starts) == 1, "every arm goes out from the same start"
