"""RocketQA: four stages and what each stands on, what a judge changes, and the claim."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import InputError
from retrievarium.data import Collection, World
from retrievarium.methods import Budget, build, claims
from retrievarium.methods.measuring import full_judgements, with_full_judgements
from retrievarium.methods.rocketqa import ARMS
from retrievarium.pretraining import start
from retrievarium.training import false_negative_rate, part_unlabelled

TINY = Budget("tiny", exposure=0, steps=16, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def world() -> Collection:
    return with_full_judgements(World(1, 100, hidden_positives=3).collection())


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name, value in {"VOCABULARY": 400, "LAYERS": 1, "DIM": 32}.items():
        monkeypatch.setattr(start, name, value)
    monkeypatch.setattr(start, "shipped", lambda *parts: tmp_path.joinpath("nowhere", *parts))


@pytest.mark.works_when("rocketqa", 4)
@pytest.mark.works_when("rocketqa", 5)
def test_four_stages_and_what_each_stands_on(world: Collection) -> None:
    built = build("rocketqa", world, TINY, **PLAIN, low=0.6, high=0.4)
    lineage = {line["stage"]: line for line in built.report["lineage"]["stages"]}
    assert list(lineage) == ["M_D0", "M_C", "M_D1", "M_D2"]
    assert all(list(line["init"]) == ["start"] for line in lineage.values()), "each from the language model"
    assert len({line["init"]["start"] for line in lineage.values()}) == 1
    assert set(lineage["M_C"]["uses"]) == {"M_D0"}, "its negatives are what M_D0 finds"
    assert set(lineage["M_D1"]["uses"]) == {"M_D0", "M_C"}
    assert lineage["M_D2"]["uses"]["M_D1"] == lineage["M_D1"]["fingerprint"]
    assert [s["what"] for s in built.report["stages"]] == [
        "dual encoder",
        "cross-encoder",
        "dual encoder",
        "dual encoder",
    ]
    (note,) = built.report["notes"]
    assert note.endswith("unlabelled questions got a passage")
    assert 0 < int(note.split()[0]) <= int(note.split()[2])
    on = build("rocketqa", world, TINY, **PLAIN, low=0.6, high=0.4, restart=False).report["lineage"]["stages"]
    assert [list(line["init"]) for line in on] == [["start"], ["start"], ["M_D0"], ["M_D1"]], "a visible setting"
    assert on[0]["fingerprint"] == lineage["M_D0"]["fingerprint"], "kept, not trained again"


@pytest.mark.works_when("rocketqa", 2)
def test_what_a_judge_leaves_among_the_negatives(world: Collection) -> None:
    truth = full_judgements(world)
    assert truth is not None
    mined = {}
    for name, judge, low in (("all", "none", 0.1), ("truth", "oracle", 0.1), ("strict", "teacher", 0.0)):
        built = build("rocketqa", world, TINY, **PLAIN, augment=False, judge=judge, low=low)
        mined[name] = built.report["lineage"]["hard negatives"]
        assert [line["stage"] for line in built.report["lineage"]["stages"]][-1] == "M_D1"
    rates = {name: false_negative_rate(lists, truth) for name, lists in mined.items()}
    assert rates["truth"] == 0
    assert rates["all"] > 0, "nothing was hidden"
    assert not any(set(mined["strict"][q]) & set(line) for q, line in mined["all"].items()), "not from deeper ranks"
    with pytest.raises(InputError, match="no judge 'nobody'"):
        build("rocketqa", world, TINY, **PLAIN, augment=False, judge="nobody")
    known = world.train.qrels
    assert not any(p in known.relevant(q) for lists in mined.values() for q, line in lists.items() for p in line)


@pytest.mark.works_when("rocketqa", 3)
def test_no_bare_question_is_a_test_question(world: Collection) -> None:
    def plain(texts: Any) -> set[str]:
        return {" ".join("".join(c if c.isalnum() else " " for c in t.casefold()).split()) for t in texts}

    labelled, bare = part_unlabelled(world.train, 150, 0)
    assert len(bare) == len(labelled) == 150
    assert not set(bare.ids) & set(labelled.queries.ids)
    assert not plain(bare.texts) & plain(world.test.queries.texts)


@pytest.mark.works_when("rocketqa", 6)
def test_the_claim_runs_in_smoke_and_its_record_is_whole() -> None:
    """Arms, measure and record; never the direction."""
    claim = claims()["rocketqa"]
    arms = claim.contrast(1, "smoke", "cpu", arms=tuple(ARMS))
    assert claim.measure == "RR@10"
    assert set(arms) == {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo}
    questions = set(World(1, 300, hidden_positives=3).collection().test.queries.ids)
    assert all(set(values) == questions for values in arms.values())
    beside = arms.beside
    assert {"means", "by overlap", "by slice", "lineage", "collection", "seconds", "false negatives"} <= set(beside)
    assert set(beside["conditions"]) == set(claim.conditions)
    assert beside["false negatives"]["cleaned by the truth"] == 0
    assert not any("hard negatives" in told for told in beside["lineage"].values()), "only their share is kept"
    parents = {line["fingerprint"] for told in beside["lineage"].values() for line in told["stages"][:1]}
    assert len(parents) == 2, "one M_D0 for all arms, and the untrained one"
    assert all(np.isfinite(v) for v in beside["conditions"].values())
