"""STAR and ADORE: what is shared between arms, what each learns from, and the claims."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import InputError
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
    queries, qrels = world.test.queries, world.test.qrels
    table = world.tables["siblings"].to_pylist()
    facts = zip(queries.ids, queries.column("entity") or [], queries.column("relation") or [], strict=True)
    alike = {q: [r["passage_id"] for r in table if (r["entity"], r["relation"]) == fact] for q, *fact_ in facts
             for fact in [tuple(fact_)]}  # fmt: skip

    class First:
        """Right for one question, a sibling for half of the others, the same stranger for the rest."""

        def search(self, asked: Any, k: int) -> Any:
            from retrievarium.contracts import Run

            stranger = next(p for p in world.passages.ids if not any(p in line for line in alike.values()))
            told = {q: {(alike[q] if i % 2 and alike[q] else [stranger])[0]: 1.0} for i, q in enumerate(queries.ids)}
            told[queries.ids[0]] = {min(qrels.relevant(queries.ids[0])): 1.0}
            return Run.from_dict(told)

    wrong = queries.ids[1:]
    expected = np.mean([bool(i % 2 and alike[q]) for i, q in enumerate(wrong, 1)])
    assert 0.2 < expected < 0.6
    assert sibling_errors(First(), world) == pytest.approx(expected, abs=1e-3)


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
