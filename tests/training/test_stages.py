"""Stages and their lineage; the price of a training."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from retrievarium.contracts import InputError
from retrievarium.objectives import info_nce
from retrievarium.training import (
    CostMeter,
    EqualBudget,
    PairBatches,
    RunConfig,
    Stage,
    batch_cost,
    fit,
    model_fingerprint,
    run_stages,
)

from .small import WordTowers, colours


def moved(by: float) -> Any:
    def train(init: nn.Module, made: Any) -> nn.Module:
        with torch.no_grad():
            for parameter in init.parameters():
                parameter.add_(by)
        return init

    return train


@pytest.mark.works_when("rocketqa", 4)
def test_every_stage_records_its_parent_and_where_it_began_is_a_setting() -> None:
    start = WordTowers()
    before = model_fingerprint(start)

    def rocketqa(restart: bool) -> list[Any]:
        later = "start" if restart else "M_D0"
        return [
            Stage("M_D0", moved(1)),
            Stage("M_C", moved(2), uses=("M_D0",)),
            Stage("M_D1", moved(3), init=later, uses=("M_D0", "M_C")),
            Stage("M_D2", moved(4), init="start" if restart else "M_D1", uses=("M_D1", "M_C")),
        ]

    models, lineage = run_stages(start, rocketqa(restart=True))
    assert list(models) == ["M_D0", "M_C", "M_D1", "M_D2"]
    assert model_fingerprint(start) == before
    assert [list(line.init) for line in lineage] == [["start"]] * 4
    assert all(line.init["start"] == before for line in lineage)
    made = {line.stage: line.fingerprint for line in lineage}
    assert made == {name: model_fingerprint(model) for name, model in models.items()}
    assert lineage[2].uses == {"M_D0": made["M_D0"], "M_C": made["M_C"]}
    weight = start.query["out"].weight
    assert torch.allclose(models["M_D2"].query["out"].weight, weight + 4)

    models, lineage = run_stages(start, rocketqa(restart=False))
    assert [list(line.init) for line in lineage] == [["start"], ["start"], ["M_D0"], ["M_D1"]]
    assert torch.allclose(models["M_D2"].query["out"].weight, weight + 1 + 3 + 4)
    assert torch.allclose(models["M_D0"].query["out"].weight, weight + 1), "a later stage changed its parent"
    assert lineage[0].to_dict() == {
        "stage": "M_D0", "init": {"start": before}, "uses": {}, "fingerprint": model_fingerprint(models["M_D0"])
    }  # fmt: skip


def test_a_stage_sees_only_what_it_says_it_uses() -> None:
    seen: dict[str, set[str]] = {}

    def look(name: str) -> Any:
        def train(init: Any, made: Any) -> Any:
            seen[name] = set(made)
            return init

        return train

    run_stages(WordTowers(), [Stage("a", look("a")), Stage("b", look("b"), uses=("a",)), Stage("c", look("c"))])
    assert seen == {"a": set(), "b": {"a"}, "c": set()}
    with pytest.raises(InputError, match="needs 'z'"):
        run_stages(WordTowers(), [Stage("a", look("a"), init="z")])
    with pytest.raises(InputError, match="two stages"):
        run_stages(WordTowers(), [Stage("a", look("a")), Stage("a", look("a"))])


def test_arms_at_the_same_price() -> None:
    collection = colours()
    model = WordTowers()
    with_hard = PairBatches(model, collection, collection.train, 8, 0, per_question=1)
    without = PairBatches(model, collection, collection.train, 8, 0)
    assert batch_cost(with_hard(0))["passages encoded"] == 16
    budget = EqualBudget(160)
    assert (budget.steps(with_hard), budget.steps(without)) == (10, 20)
    arms = {"hard": CostMeter(), "plain": CostMeter(), "cheat": CostMeter()}
    for (name, meter), batches, steps in zip(arms.items(), (with_hard, without, without), (10, 20, 10), strict=True):
        with meter:
            fit(WordTowers(), meter.over(batches), info_nce, steps=steps, lr=0.01, seed=0, config=RunConfig(1))
        assert meter.steps == steps, name
        assert meter.seconds > 0
    assert arms["hard"]["passages encoded"] == arms["plain"]["passages encoded"] == 160
    budget.check({n: arms[n] for n in ("hard", "plain")})
    with pytest.raises(InputError, match="cheat 80 and"):
        budget.check(arms)
    with pytest.raises(InputError, match="pay for no step"):
        EqualBudget(15).steps(with_hard)
    with pytest.raises(InputError, match="not known beforehand"):
        EqualBudget(15, "seconds").steps(with_hard)
    with pytest.raises(InputError, match="counted in"):
        arms["hard"]["euros"]
    assert EqualBudget(40, "steps").steps(with_hard) == 40
