"""Dense X's own: one encoder over any unit, no labels, claim, record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import InputError, check_retriever
from retrievarium.data import Collection, World
from retrievarium.methods import Budget, Built, build, claims
from retrievarium.methods.dense_x import UNITS
from retrievarium.retrievers import Dense
from retrievarium.units import Rules
from retrievarium.workspace import Workspace

TINY = Budget("tiny", exposure=0, steps=2, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(1, 100, train_questions=20).collection()


@pytest.fixture(scope="module")
def built(world: Collection, ws: Workspace) -> Built:
    return build("dense-x", world, TINY, ws=ws, **PLAIN)


def test_a_passage_is_as_good_as_the_best_of_its_propositions(world: Collection, ws: Workspace, built: Built) -> None:
    """Against every proposition encoded and compared by hand."""
    units = Rules().units(world, ws=ws)
    vectors = built.model.encode_passages(units.collection(world).passages.joined)
    asked = world.test.queries.select(world.test.queries.ids[:5])
    run = built.search(asked, 12)
    assert len(units) > 3 * len(world.passages)
    for query, q in zip(asked.ids, built.model.encode_queries(asked.texts), strict=True):
        scores = vectors @ q
        best = {p: max(float(scores[r]) for r in rows) for p, rows in units.by_passage.items()}
        assert len(run[query]) == 12
        assert np.allclose(run[query].scores, sorted(best.values(), reverse=True)[:12], atol=1e-4)
    check_retriever(built.retriever, asked)


@pytest.mark.works_when("dense-x", 5)
def test_all_units_are_searched_by_the_same_vectors_maker(world: Collection, ws: Workspace, built: Built) -> None:
    """Serving with another unit trains nothing."""
    trained = len(ws.list("models"))
    fingerprints = {built.model.fingerprint}
    for unit in ("passage", "sentence", "document"):
        other = build("dense-x", world, TINY, ws=ws, **PLAIN, unit=unit)
        assert other.folder == built.folder
        fingerprints.add(other.model.fingerprint)
    assert fingerprints == {built.model.fingerprint}
    assert len(ws.list("models")) == trained


@pytest.mark.works_when("dense-x", 1)
def test_over_passages_it_is_dense_retrieval(world: Collection, ws: Workspace, built: Built) -> None:
    asked = world.test.queries.select(world.test.queries.ids[:6])
    served = build("dense-x", world, TINY, ws=ws, **PLAIN, unit="passage").retriever
    assert served.search(asked, 20) == Dense(world, built.model, ws=ws).search(asked, 20)


def test_it_learns_without_labels(world: Collection, ws: Workspace, built: Built) -> None:
    """Other training judgements, the same weights; other exposure text, other ones."""
    unlabelled = world.replace(
        qrels={"train": world.train.qrels.table.slice(0, 1), "test": world.test.qrels.table}, name="unlabelled"
    )
    again = build("dense-x", unlabelled, TINY, ws=ws, **PLAIN)
    texts = world.passages.joined[:3]
    assert np.array_equal(again.model.encode_passages(texts), built.model.encode_passages(texts))
    from_questions = build("dense-x", world, TINY, ws=ws, **PLAIN, learns="questions")
    assert not np.allclose(from_questions.model.encode_passages(texts), built.model.encode_passages(texts))
    with pytest.raises(InputError, match="learns"):
        build("dense-x", world, TINY, ws=ws, **PLAIN, learns="labels")


def test_the_oracles_propositions_are_out_of_reach(world: Collection, ws: Workspace) -> None:
    with pytest.raises(InputError, match="propositions"):
        build("dense-x", world, TINY, ws=ws, **PLAIN, unit="oracle")


@pytest.mark.works_when("dense-x", 6)
def test_the_claim_runs_in_smoke_and_its_record_is_whole(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms, measure and record; never the direction."""
    monkeypatch.setenv("RETRIEVARIUM_WORKSPACE", str(ws.root))
    claim = claims()["dense-x"]
    named = {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo}
    assert named - {claim.untrained} <= set(UNITS)
    arms = claim.contrast(1, "smoke", "cpu", arms=tuple(named))
    assert set(arms) == named
    assert claim.measure == "R@5"
    questions = set(arms["passages"])
    assert all(set(values) == questions for values in arms.values())
    assert 0 < len(questions) < arms.beside["questions asked"], "entities met never or once, alone"
    rare = [row for row in arms.beside["by mentions"] if row["mentions"] in ("under 1", "1 to 4")]
    assert sum(row["questions"] for row in rare) == len(questions)
    assert all(0 <= v <= 1 for values in arms.values() for v in values.values())
    assert {"means", "by mentions", "units", "lineage", "collection", "seconds"} <= set(arms.beside)
    told = arms.beside["units"]
    assert told["dense-x"]["encoder"] == told["passages"]["encoder"] != told["passages@0"]["encoder"]
    assert told["random cuts"]["units"] == told["dense-x"]["units"]
    assert told["dense-x"]["errors"]["how"] == "exact"
