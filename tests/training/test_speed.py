"""Measuring leaves no trace, and what was measured is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.objectives import info_nce
from retrievarium.training import PairBatches, RunConfig, best_device, measured
from retrievarium.workspace import Workspace, read_json

from .small import WordTowers, colours, weights


def test_measuring_changes_neither_weights_nor_random_state_nor_threads(tmp_path: Path) -> None:
    model, collection, ws = WordTowers(), colours(), Workspace(tmp_path)
    batch = PairBatches(model, collection, collection.train, 8, 0)(0)
    before, state, threads = weights(model), torch.random.get_rng_state(), torch.get_num_threads()
    config = measured(model, batch, info_nce, torch.device("cpu"), ws)
    assert weights(model) == before
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert all(p.grad is None for p in model.parameters())
    (kept,) = ws.list("speed")
    assert RunConfig(**read_json(kept.path / "config.json")) == config
    assert measured(model, batch, lambda *_: pytest.fail("measured twice"), torch.device("cpu"), ws) == config


def test_a_config_holds_inside_its_block_only() -> None:
    before = torch.get_num_threads()
    with RunConfig(threads=1).applied():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    with pytest.raises(InputError, match="fp8"):
        RunConfig(precision="fp8")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_refused() -> None:
    assert best_device("auto").type == best_device(None).type == "cpu"
    with pytest.raises(InputError, match="no CUDA device"):
        best_device("cuda")
