"""STAR and ADORE: what is shared between arms, what each learns from, and the claims."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import InputError, Run
from retrievarium.data import Collection, World
from retrievarium.encoders import load_towers
from retrievarium.methods import Budget, build, claims
from retrievarium.methods.measuring import levelled, sibling_errors, with_siblings
from retrievarium.methods.star_adore import ARMS
from retrievarium.pretraining import start

TINY = Budget("tiny", exposure=0, steps=6, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def world() -> Collection:
    return with_siblings(World(1, 100).collection())


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name, value in {"VOCABULARY": 400, "LAYERS": 1, "DIM": 32}.items():
        monkeypatch.setattr(start, name, value)
    monkeypatch.setattr(start, "shipped", lambda *parts: tmp_path.joinpath("nowhere", *parts))


@pytest.mark.works_when("star-adore", 3)
def test_all_arms_share_the_start_and_leave_its_passages_alone(world: Collection) -> None:
    built = {n: build("star-adore", world, TINY, **PLAIN, query_lr=0.01, **own) for n, own in ARMS.items()}
    built["start"] = build("star-adore", world, TINY, **PLAIN, negatives="none")
    texts, asked = world.passages.joined[:20], list(world.train.queries.texts[:20])
    passages = {n: b.model.encode_passages(texts).tobytes() for n, b in built.items()}
    assert passages.pop("star-adore@0") != passages["start"], "nothing was trained"
    assert len(set(passages.values())) == 1
    questions = {n: b.model.encode_queries(asked).tobytes() for n, b in built.items()}
    assert len(set(questions.values())) == len(built), "arms that learn from one thing are no arms"
    stages = [s["what"] for s in built["dynamic"].report["stages"]]
    assert stages == ["warm-up", "STAR", "ADORE"]
    steps = [s["curve"][-1]["step"] for s in built["dynamic"].report["stages"]]
    assert steps == [4, 2, 3], "two thirds, one third, and half as many again"
    towers = load_towers(built["dynamic"].folder / "star-adore")
    assert not towers.tied
    assert (towers.query.pooling, towers.similarity) == ("cls", "dot")
    assert load_towers(built["start"].folder / "star-adore").tied


def test_its_dials(world: Collection) -> None:
    made = {n: build("star-adore", world, TINY, **PLAIN, negatives="none", **own).model.fingerprint for n, own in {
        "STAR": {}, "without STAR": {"star": False}, "hard alone": {"random": False}
    }.items()}  # fmt: skip
    assert len(set(made.values())) == len(made)
    with pytest.raises(InputError, match="'stale' is unknown"):
        build("star-adore", world, TINY, **PLAIN, negatives="stale")


def test_a_loss_that_has_levelled() -> None:
    def curve(*losses: float) -> list[dict[str, float]]:
        return [{"step": 10.0 * i, "loss": loss} for i, loss in enumerate(losses, 1)]

    assert levelled(curve(4, 3, 2, 2)) == pytest.approx(0.05)
    assert levelled(curve(4, 3, 2, 1.9)) == pytest.approx(0.0)
    assert levelled(curve(4, 3, 2, 1)) == pytest.approx(-0.45)
    assert levelled(curve(4)) == levelled([]) == -1


def test_errors_with_a_sibling_on_top(world: Collection) -> None:
    """Right for the first question; then in turn a sibling of each kind and a stranger, where there are such."""
    queries, qrels = world.test.queries, world.test.qrels
    kinds: dict[tuple[str, str], dict[str, str]] = {}
    for row in world.tables["siblings"].to_pylist():
        kinds.setdefault((row["entity"], row["relation"]), {})[row["kind"]] = row["passage_id"]
    named = dict(zip(world.passages.ids, world.passages.column("entities"), strict=True))
    told = {(r["passage_id"], r["relation"]) for r in world.tables["propositions"].to_pylist()}
    answers: dict[str, dict[str, float]] = {queries.ids[0]: {min(qrels.relevant(queries.ids[0])): 1.0}}
    siblings = 0
    for i, q in enumerate(queries.ids[1:]):
        entity, relation = queries[q].entity, queries[q].relation
        own = kinds.get((entity, relation), {})
        kind = ("same-relation", "same-entity", "stranger")[i % 3]
        stranger = next(p for p in world.passages.ids if entity not in named[p] and (p, relation) not in told)
        answers[q] = {own.get(kind, stranger): 1.0}
        siblings += kind in own

    class Told:
        def search(self, asked: Any, k: int) -> Run:
            return Run.from_dict(answers)

    share = siblings / (len(queries) - 1)
    assert 0.2 < share < 0.7
    assert sibling_errors(Told(), world) == pytest.approx(share, abs=1e-3)


@pytest.mark.works_when("star-adore", 6)
def test_the_claims_run_in_smoke_and_their_record_is_whole() -> None:
    """Arms, measure and record; never the direction."""
    first, second = claims()["star-adore"], claims()["star-adore-random"]
    arms = first.contrast(1, "smoke", "cpu", arms=tuple(ARMS))
    questions = set(World(1, 300).collection().test.queries.ids)
    for claim in (first, second):
        assert claim.measure == "RR@10"
        assert {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo} <= {*arms, "none"}
        assert set(claim.conditions) == set(arms.beside["conditions"])
    assert {(c.base, c.placebo) for c in (first, second)} == {("static", "random"), ("random", "none")}
    assert set(arms) == set(ARMS)
    assert all(set(values) == questions for values in arms.values())
    assert {"means", "by overlap", "by slice", "lineage", "collection", "seconds"} <= set(arms.beside)
    assert all(np.isfinite(v) for v in arms.beside["conditions"].values())
