"""The loop: learns, resumes to the bit, freezes to the bit, stops when asked."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from retrievarium.contracts import Cancelled, InputError, RetrievariumError
from retrievarium.objectives import info_nce
from retrievarium.training import DevProbe, Fitted, PairBatches, RunConfig, TokenTable, embed, fit, schedule
from retrievarium.training.checkpoints import newest

from .small import WordTowers, colours, train, weights

_CHILD = """
import sys, time, importlib.util, pathlib
spec = importlib.util.spec_from_file_location("small", sys.argv[1])
small = importlib.util.module_from_spec(spec); spec.loader.exec_module(small)
folder = pathlib.Path(sys.argv[2])
def progress(done, total, what, metrics):
    (folder / "step").write_text(str(done)); time.sleep(0.02)
small.train(folder, progress=progress)
"""


def test_it_learns() -> None:
    collection, model = colours(), WordTowers(dropout=0.0)
    probe = DevProbe(model, collection)
    batches = PairBatches(model, collection, collection.train, 16, 0)
    before = probe(model)
    fitted = fit(model, batches, info_nce, steps=80, lr=0.05, seed=0, probe=probe, config=RunConfig(1))
    (name,) = before
    assert fitted.curve[0][name] == before[name]
    assert fitted.final[name] > before[name] + 0.3
    assert fitted.final["loss"] < 0.5 * fitted.curve[1]["loss"]
    assert {"step", "loss", "gradient norm", "lr", "examples per second"} <= set(fitted.curve[1])


def test_a_run_killed_at_any_step_and_resumed_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole = weights(train(None))
    script = tmp_path / "child.py"
    script.write_text(_CHILD)
    at = secrets.randbelow(24) + 8  # any step after the first checkpoint: not one that happens to suit
    print(f"killed at step {at}")
    command = [sys.executable, str(script), str(Path(__file__).with_name("small.py")), str(tmp_path)]
    child = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and child.poll() is None:
        if (tmp_path / "step").is_file() and int((tmp_path / "step").read_text() or 0) >= at:
            break
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "the run ended before it could be killed"
    checkpoint = newest(tmp_path)
    assert checkpoint is not None
    assert at - 7 <= int(checkpoint.name.split("-")[1]) < 40
    assert weights(train(tmp_path)) == whole
    assert weights(train(None, seed=6)) != whole, "weights that do not depend on the run would pass anything"


@pytest.mark.parametrize("at", [1, 6, 7, 8, 39])
def test_cancelling_keeps_the_checkpoint_and_the_next_run_goes_on(tmp_path: Path, at: int) -> None:
    def stop(done: int, total: int, what: str, metrics: object) -> None:
        if done == at:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        train(tmp_path, progress=stop)
    assert newest(tmp_path) == tmp_path / f"step-{at:08d}"
    seen: list[int] = []
    resumed = train(tmp_path, progress=lambda done, *_: seen.append(done))
    assert seen[0] == at + 1
    assert weights(resumed) == weights(train(None))


def test_a_checkpoint_holds_no_pickle_and_replaces_the_one_before(tmp_path: Path) -> None:
    train(tmp_path)
    (only,) = tmp_path.glob("step-*")
    assert sorted(p.name for p in only.iterdir()) == ["optimizer.safetensors", "state.json", "weights.safetensors"]


def test_other_settings_are_refused_in_the_same_folder(tmp_path: Path) -> None:
    train(tmp_path, steps=7)
    with pytest.raises(InputError, match="other settings"):
        train(tmp_path, steps=7, lr=0.01)


@pytest.mark.works_when("dpr", 5)
def test_untied_towers_share_nothing_and_a_frozen_one_stays_to_the_bit() -> None:
    model, collection = WordTowers(dropout=0.0), colours()
    query, passage = ({p.data_ptr() for p in t.parameters()} for t in (model.query, model.passage))
    assert not query & passage
    texts = TokenTable.cut(model, "passage", collection.passages.joined)
    asked = TokenTable.cut(model, "query", collection.train.queries.texts)

    def vectors(role: str) -> bytes:
        with torch.inference_mode():
            return bytes(embed(model, role, texts if role == "passage" else asked).numpy().tobytes())

    before = vectors("passage"), vectors("query")
    batches = PairBatches(model, collection, collection.train, 8, 0, per_question=1)
    settings = {"steps": 5, "lr": 0.05, "seed": 0, "config": RunConfig(1)}
    fit(model, batches, info_nce, freeze="passage", **settings)
    assert vectors("passage") == before[0]
    assert vectors("query") != before[1]
    assert all(p.requires_grad for p in model.parameters())
    fit(model, batches, info_nce, **settings)
    assert vectors("passage") != before[0], "a tower that never moves would pass for frozen"


def test_tied_towers_cannot_be_frozen_apart() -> None:
    model, collection = WordTowers(tied=True), colours()
    batches = PairBatches(model, collection, collection.train, 8, 0)
    with pytest.raises(InputError, match="untie"):
        fit(model, batches, info_nce, steps=1, lr=0.1, seed=0, freeze="passage", config=RunConfig(1))


def test_a_loss_that_is_no_number_stops_the_run() -> None:
    model, collection = WordTowers(), colours()
    batches = PairBatches(model, collection, collection.train, 8, 0)
    with pytest.raises(RetrievariumError, match="no number"):
        fit(model, batches, lambda q, *_: q.sum() * float("nan"), steps=1, lr=0.1, seed=0, config=RunConfig(1))


def test_no_steps_change_nothing() -> None:
    model, collection = WordTowers(), colours()
    before = weights(model)
    fitted = fit(model, PairBatches(model, collection, collection.train, 8, 0), info_nce, steps=0, lr=0.1, seed=0)
    assert weights(model) == before
    assert fitted == Fitted([], 0.0, RunConfig())


def test_the_schedule_rises_then_falls_to_nothing() -> None:
    factors = [schedule(s, 100, 0.1, "linear") for s in range(100)]
    assert factors[0] == 0.1
    assert factors[9] == factors[10] == 1.0
    assert factors[-1] == pytest.approx(1 / 90)
    assert sorted(factors[10:], reverse=True) == factors[10:]
    assert schedule(55, 100, 0.1, "cosine") == pytest.approx(0.5)
    with pytest.raises(KeyError):
        schedule(50, 100, 0.1, "stairs")
