"""Several processes, one batch: the same loss and gradient as one process, and the same training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.objectives import info_nce
from retrievarium.training import PairBatches, RunConfig, fit, simulated
from retrievarium.training.workers import Share

from .small import WordTowers, colours

_WORKER = """
import sys, json, pathlib, importlib.util
import torch
spec = importlib.util.spec_from_file_location("small", sys.argv[1])
small = importlib.util.module_from_spec(spec); spec.loader.exec_module(small)
me, count, folder = int(sys.argv[2]), int(sys.argv[3]), pathlib.Path(sys.argv[4])
from safetensors.torch import save_file
from retrievarium.objectives import info_nce
from retrievarium.training import PairBatches, RunConfig, average_gradients, fit, join, leave, shared

join(me, count, str(folder / "meeting"))
collection, model = small.colours(), small.WordTowers(dropout=0.0)
batches = shared(PairBatches(model, collection, collection.train, 8, 0, per_question=1))
seen = []
def counting(q, p, positive, known):
    seen.append([len(q), len(p)])
    return info_nce(q, p, positive, known)
loss = batches(0).loss(model, counting)
loss.backward()
own = {n: p.grad.clone() for n, p in model.named_parameters()}
average_gradients(model.parameters())
mean = {n: p.grad.clone() for n, p in model.named_parameters()}
settings = {"steps": 20, "lr": 0.01, "seed": 0, "report_every": 1, "config": RunConfig(1)}
fitted = fit(model, batches, info_nce, folder=folder / "run", **settings)
trained = {n: p.detach() for n, p in model.named_parameters()}
save_file({**{f"own/{n}": t for n, t in own.items()}, **{f"mean/{n}": t for n, t in mean.items()},
           **{f"trained/{n}": t.contiguous() for n, t in trained.items()}}, str(folder / f"{me}.safetensors"))
told = {"loss": loss.item(), "seen": seen, "curve": [e["loss"] for e in fitted.curve]}
(folder / f"{me}.json").write_text(json.dumps(told))
leave()
"""


@pytest.mark.works_when("rocketqa", 1)
def test_two_processes_compute_what_one_does(tmp_path: Path) -> None:
    import json

    from safetensors.torch import load_file

    script = tmp_path / "worker.py"
    script.write_text(_WORKER)
    small = str(Path(__file__).with_name("small.py"))
    command = [sys.executable, str(script), small]
    started = [
        subprocess.Popen([*command, str(me), "2", str(tmp_path)], stderr=subprocess.PIPE, text=True) for me in range(2)
    ]
    for process in started:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors

    collection, model = colours(), WordTowers(dropout=0.0)
    batches = PairBatches(model, collection, collection.train, 8, 0, per_question=1)
    loss = batches(0).loss(model, info_nce)
    loss.backward()
    whole = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    found = [load_file(str(tmp_path / f"{me}.safetensors")) for me in range(2)]
    told = [json.loads((tmp_path / f"{me}.json").read_text()) for me in range(2)]

    assert sum(t["loss"] for t in told) / 2 == pytest.approx(float(loss.detach()), abs=1e-5)
    assert told[0]["loss"] != pytest.approx(told[1]["loss"], abs=1e-3), "the workers saw the same questions"
    workers, each, h = 2, 4, 1
    for t in told:  # each question: all passages but its own positive
        assert t["seen"] == [[each, workers * each * (1 + h)]]
    for name, expected in whole.items():
        assert torch.allclose(found[0][f"mean/{name}"], expected, atol=1e-5)
        assert torch.equal(found[0][f"mean/{name}"], found[1][f"mean/{name}"])
        assert torch.allclose((found[0][f"own/{name}"] + found[1][f"own/{name}"]) / 2, expected, atol=1e-5)
    assert any(not torch.allclose(found[0][f"own/{n}"], g, atol=1e-4) for n, g in whole.items())

    model.zero_grad()
    alone = fit(model, batches, info_nce, steps=20, lr=0.01, seed=0, report_every=1, config=RunConfig(1))
    for name in whole:
        assert torch.equal(found[0][f"trained/{name}"], found[1][f"trained/{name}"])
    together = [(a + b) / 2 for a, b in zip(told[0]["curve"], told[1]["curve"], strict=True)]
    assert together == pytest.approx([e["loss"] for e in alone.curve], abs=1e-4)
    assert together[-1] < together[0]
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["step-00000020"]


@pytest.mark.works_when("rocketqa", 1)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_simulated_workers_compute_what_one_does(count: int) -> None:
    generator = torch.Generator().manual_seed(0)
    q, p = (torch.randn(n, 5, generator=generator, dtype=torch.float64).requires_grad_(True) for n in (8, 16))
    whole = info_nce(q, p, torch.arange(8))
    expected = torch.autograd.grad(whole, (q, p))
    shards = [t.chunk(count) for t in (q, p, torch.arange(8))]
    together = simulated(info_nce, *shards)
    assert float(together - whole) == pytest.approx(0, abs=1e-9)
    for got, wanted in zip(torch.autograd.grad(together, (q, p)), expected, strict=True):
        assert torch.allclose(got, wanted, atol=1e-9)


def test_forgetting_the_other_workers_gradients_would_be_noticed() -> None:
    """A gather that cuts the gradient of remote rows gives the right loss and a wrong gradient."""
    generator = torch.Generator().manual_seed(0)
    q, p = (torch.randn(n, 5, generator=generator, dtype=torch.float64).requires_grad_(True) for n in (8, 16))
    halves = [torch.cat([p[:8], p[8:].detach()]), torch.cat([p[:8].detach(), p[8:]])]
    cut = torch.stack([
        info_nce(q[:4], halves[0], torch.arange(4)), info_nce(q[4:], halves[1], torch.arange(4, 8))
    ]).mean()  # fmt: skip
    whole = info_nce(q, p, torch.arange(8))
    assert float(cut - whole) == pytest.approx(0, abs=1e-9)
    assert not torch.allclose(torch.autograd.grad(cut, p)[0], torch.autograd.grad(whole, p)[0], atol=1e-3)


def test_unequal_shares_are_refused() -> None:
    collection, model = colours(), WordTowers()
    batch = PairBatches(model, collection, collection.train, 7, 0, per_question=1)(0)
    with pytest.raises(InputError, match="cannot be shared by 2"):
        Share.of(batch, 0, 2)
