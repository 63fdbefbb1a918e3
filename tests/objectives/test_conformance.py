"""The public check passes our objectives and stops what is wrong with others'."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from retrievarium import objectives as ours
from retrievarium.objectives import check_objective, info_nce, margin_mse, pairwise_logistic

CONFORM = [
    ("vectors", ours.InfoNCE(0.5)),
    ("vectors", ours.StaticHardPlusRandom()),
    ("vectors", ours.StaticHardPlusRandom(random=False)),
    ("scores", ours.PairwiseLogistic()),
    ("scores", ours.LambdaRR(cut=3)),
    ("teacher", ours.MarginMSE()),
    ("teacher", ours.DistillKL(0.5, 2.0)),
]


@pytest.mark.parametrize(("kind", "objective"), CONFORM)
def test_our_objectives_conform(kind: str, objective: Any) -> None:
    for seed in range(3):
        check_objective(objective, kind, seed)


WRONG = [
    ("vectors", lambda q, p, pos, known: (q @ p.T)[:, 0], "a scalar"),
    ("vectors", lambda q, p, pos, known: info_nce(q, p, pos), "known positive"),
    ("vectors", lambda q, p, pos, known: -info_nce(q, p, pos, known).detach() + 0 * q.sum(), "0 everywhere"),
    ("vectors", lambda q, p, pos, known: info_nce(q, p, pos, known) + torch.rand(()), "does not lower|two losses"),
    ("vectors", lambda q, p, pos, known: info_nce(q, p, torch.arange(4), known), "order of the questions"),
    ("vectors", lambda q, p, pos, known: info_nce(q, p, pos, known) / 0.0, "not finite"),
    ("scores", lambda s, pos, valid: pairwise_logistic(s, pos), "not valid"),
    ("teacher", lambda s, t, pos, valid: margin_mse(s, t, pos), "not valid"),
]


@pytest.mark.parametrize(("kind", "objective", "message"), WRONG)
def test_what_is_wrong_is_told(kind: str, objective: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_objective(objective, kind)
