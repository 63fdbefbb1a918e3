"""The one training loop.

    for step in range(done, steps):
        batch = batches(step)                      # a function of (seed, step)
        loss = batch.loss(model, objective)
        loss.backward(); clip; optimizer.step()

Everything a step draws depends on (seed, step) alone, and a checkpoint holds weights and optimizer state, so a run
that was killed and resumed ends with the same bits: on one machine, one torch version, one thread count, which the
checkpoint remembers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from retrievarium.contracts import Cancelled, InputError, Progress, RetrievariumError, no_progress
from retrievarium.training import checkpoints
from retrievarium.training.seeds import torch_seed
from retrievarium.training.speed import RunConfig, measured
from retrievarium.training.workers import average_gradients, workers

Objective = Callable[..., Tensor]


class Batch(Protocol):
    """What one step sees. It knows which of its parts the objective takes."""

    def loss(self, model: Any, objective: Objective) -> Tensor: ...


@dataclass
class Fitted:
    """What a training leaves besides the weights."""

    curve: list[dict[str, float]] = field(default_factory=list)  # step, loss (mean since the last entry), lr, ...
    seconds: float = 0.0
    config: RunConfig | None = None

    @property
    def final(self) -> dict[str, float]:
        """The last value of everything on the curve."""
        return {k: v for entry in self.curve for k, v in entry.items()}


def schedule(step: int, steps: int, warmup: float, decay: str) -> float:
    """Factor on the learning rate: up in a straight line for `warmup` of the steps, then down to 0.

    `decay` is "linear", "cosine" or "constant" (no way down).
    """
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    share = (step - rise) / max(1, steps - rise)  # in [0, 1)
    return {"linear": 1 - share, "cosine": (1 + math.cos(math.pi * share)) / 2, "constant": 1.0}[decay]


def fit(
    model: nn.Module,
    batches: Callable[[int], Batch],
    objective: Objective,
    *,
    steps: int,
    lr: float,
    seed: int,
    warmup: float = 0.06,
    decay: str = "linear",
    weight_decay: float = 0.01,
    clip: float = 1.0,
    freeze: str | None = None,
    device: str | torch.device = "cpu",
    config: RunConfig | None = None,
    folder: Path | None = None,
    checkpoint_every: int = 100,
    snapshot: Callable[[int], None] | None = None,
    snapshot_at: Collection[int] = (),
    probe: Callable[[nn.Module], dict[str, float]] | None = None,
    probe_every: int = 0,
    report_every: int = 10,
    progress: Progress = no_progress,
    what: str = "training",
) -> Fitted:
    """Train `model` in place with AdamW; resume from `folder` where an earlier run of the same settings was cut off.

    Parameters
    ----------
    batches: step from 0 -> batch.
    objective: what `batch.loss` calls, e.g. `info_nce`.
    warmup, decay: see `schedule`.
    weight_decay: on matrices; biases and norms are left alone.
    clip: largest norm of the whole gradient.
    freeze: name of a tower ("query" or "passage") whose parameters stay as they are, to the bit.
    config: threads and precision; measured on the first batch unless given.
    folder: where checkpoints go, every `checkpoint_every` steps, at the end, and when cancelled.
    snapshot, snapshot_at: `snapshot(step)` is called when that many of the steps are done, each of them below `steps`;
        it may read the model.
    probe: `probe(model) -> {name: value}`, a measure on dev, before the first step and every `probe_every` steps.
    progress: called at every step; every `report_every` steps with loss, gradient norm, lr, examples per second.

    Raises
    ------
    Cancelled, passed on from `progress`, after the checkpoint is written.
    RetrievariumError where the loss is no longer a number.
    """
    device = torch.device(device)
    model.to(device)
    settings = {"steps": steps, "lr": lr, "seed": seed, "warmup": warmup, "decay": decay, "clip": clip}
    settings |= {"weight_decay": weight_decay, "freeze": freeze, "objective": repr(objective).split(" at 0x")[0]}
    schedule(0, max(1, steps), warmup, decay)  # an unknown decay fails here, not at the first way down

    checkpoint = checkpoints.newest(folder) if folder else None
    with _frozen(model, freeze) as trained:
        optimizer = _adamw(trained, lr, weight_decay)
        names = {p: n for n, p in trained.items()}
        result, done = Fitted(config=config), 0
        if checkpoint is not None:
            state = checkpoints.load(checkpoint, model, optimizer, names)
            if state["settings"] != settings:
                raise InputError("an earlier run with other settings lies here", path=folder, fix="use an empty folder")
            result = Fitted(state["curve"], state["seconds"], RunConfig(**state["config"]))
            done = state["step"]
        if result.config is None:
            result.config = measured(model, batches(0), objective, device) if steps else RunConfig()
        run = result.config

        def keep(step: int) -> None:
            if folder is None or workers()[0]:  # of several workers, the first one keeps
                return
            about = {"settings": settings, "curve": result.curve, "seconds": result.seconds}
            checkpoints.save(folder, step, model, optimizer, names, {**about, "config": asdict(run)})

        with run.applied():
            if done == 0 and probe:
                result.curve.append({"step": 0, **probe(model)})
                progress(0, steps, what, result.curve[-1])
            losses: list[Tensor] = []
            norms: list[Tensor] = []
            began = time.perf_counter()
            for step in range(done, steps):
                if snapshot is not None and step in snapshot_at and not workers()[0]:
                    snapshot(step)
                model.train()
                torch.manual_seed(torch_seed(seed, "step", step))
                for group in optimizer.param_groups:
                    group["lr"] = lr * schedule(step, steps, warmup, decay)
                batch = batches(step)
                optimizer.zero_grad(set_to_none=True)
                with run.autocast(device):
                    loss = batch.loss(model, objective)
                loss.backward()
                average_gradients(trained.values())  # of several workers, where there are some
                norms.append(nn.utils.clip_grad_norm_(list(trained.values()), clip).detach())
                optimizer.step()
                losses.append(loss.detach())

                done, entry = step + 1, {}
                if done % report_every == 0 or done == steps:
                    entry = {
                        "loss": float(torch.stack(losses).mean()),
                        "gradient norm": float(torch.stack(norms).mean()),
                        "lr": optimizer.param_groups[0]["lr"],
                    }
                    took = time.perf_counter() - began
                    result.seconds += took
                    if size := getattr(batch, "size", None):
                        entry["examples per second"] = round(size * len(losses) / took, 1)
                    if not math.isfinite(entry["loss"]):
                        raise RetrievariumError(f"the loss is no number at step {done}: try a smaller learning rate")
                    losses, norms = [], []
                    if probe and (done == steps or (probe_every and done % probe_every == 0)):
                        entry |= probe(model)
                    result.curve.append({"step": done, **entry})
                    began = time.perf_counter()
                if done == steps or done % checkpoint_every == 0:
                    keep(done)
                try:
                    progress(done, steps, what, entry)
                except Cancelled:
                    keep(done)
                    raise
    model.eval()
    return result


def _adamw(trained: dict[str, nn.Parameter], lr: float, weight_decay: float) -> torch.optim.AdamW:
    groups = [
        {"params": [p for p in trained.values() if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained.values() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=lr)


@contextmanager
def _frozen(model: nn.Module, tower: str | None) -> Iterator[dict[str, nn.Parameter]]:
    """The parameters to train by name; those of `tower` take no gradient inside the block."""
    parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
    if tower is None:
        yield parameters
        return
    still = {id(p) for p in getattr(model, tower).parameters()}
    trained = {n: p for n, p in parameters.items() if id(p) not in still}
    if not trained:
        raise InputError(f"freezing the {tower} tower leaves nothing to train", fix="untie the towers")
    stopped = [p for p in parameters.values() if id(p) in still]
    try:
        for parameter in stopped:
            parameter.requires_grad_(False)
        yield trained
    finally:
        for parameter in stopped:
            parameter.requires_grad_(True)
