"""Threads and precision: measured once on this machine, then kept with the run.

Both change the last bits of a result, so a run never changes them half-way, and a resumed one takes what it had.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from retrievarium.contracts import InputError
from retrievarium.training.checkpoints import named_tensors
from retrievarium.workspace import Workspace, read_json, workspace, write_json

_FASTER = 1.3  # bf16 must win by this much to be worth its rounding
_ALIKE = 0.99  # and its gradient must point the same way as fp32's (cosine)


@dataclass(frozen=True)
class RunConfig:
    """How a run computes. `threads` 0 leaves torch's own count."""

    threads: int = 0
    precision: str = "fp32"  # or "bf16" (autocast; weights and optimizer state stay fp32)

    def __post_init__(self) -> None:
        if self.precision not in ("fp32", "bf16"):
            raise InputError(f"precision {self.precision!r} is unknown", expected='"fp32" or "bf16"')

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Use this thread count inside the block."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        return torch.autocast(device.type, torch.bfloat16) if self.precision == "bf16" else nullcontext()


def best_device(wanted: str | None = None) -> torch.device:
    """`wanted`, or with None or "auto" a CUDA device where there is one, else the CPU."""
    if wanted in (None, "auto"):
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(str(wanted))
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no CUDA device here", field="device", fix='use device="cpu"')
    return device


def _gradient(model: nn.Module) -> Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def _trial(
    model: nn.Module, batch: Any, objective: Callable[..., Tensor], device: torch.device, config: RunConfig
) -> tuple[float, Tensor]:
    """Seconds of the faster of two steps, and the gradient."""
    taken: list[float] = []
    with config.applied(), torch.random.fork_rng():
        for _ in range(3):
            model.zero_grad(set_to_none=True)
            torch.manual_seed(0)
            began = time.perf_counter()
            with config.autocast(device):
                loss = batch.loss(model, objective)
            loss.backward()
            if device.type == "cuda":
                torch.cuda.synchronize()
            taken.append(time.perf_counter() - began)
    return min(taken[1:]), _gradient(model)  # the first one warmed up


def measure(model: nn.Module, batch: Any, objective: Callable[..., Tensor], device: torch.device) -> RunConfig:
    """Try one thread against all of them, and bf16 against fp32, on one batch; weights and random state stay.

    So do weights and buffers that a step changes without a gradient (a momentum encoder, a queue of keys).
    """
    most = torch.get_num_threads()
    was_training = model.training
    before = {n: t.clone() for n, t in named_tensors(model).items()}
    model.train()
    try:
        trials = {n: _trial(model, batch, objective, device, RunConfig(n)) for n in dict.fromkeys((most, 1))}
        threads = 1 if trials[1][0] < 0.9 * trials[most][0] else most  # all of them unless one is clearly faster
        seconds, exact = trials[threads]
        if device.type == "cpu" and not torch.backends.mkldnn.is_available():
            return RunConfig(threads)
        half_seconds, half = _trial(model, batch, objective, device, RunConfig(threads, "bf16"))
        alike = float(torch.nn.functional.cosine_similarity(exact, half, dim=0))
        faster = half_seconds * _FASTER < seconds and alike > _ALIKE
        return RunConfig(threads, "bf16" if faster else "fp32")
    finally:
        model.zero_grad(set_to_none=True)
        model.train(was_training)
        with torch.no_grad():
            for name, tensor in named_tensors(model).items():
                tensor.copy_(before[name])


def measured(
    model: nn.Module,
    batch: Any,
    objective: Callable[..., Tensor],
    device: torch.device,
    ws: Workspace | None = None,
) -> RunConfig:
    """`measure`, done once for each machine, torch version, model shape and batch size, and kept in the workspace."""
    where = torch.cuda.get_device_name() if device.type == "cuda" else f"{platform.machine()} {platform.processor()}"
    key = {
        "device": where.strip(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in model.parameters()),
        "batch": getattr(batch, "size", 0),
    }

    def make(folder: Path) -> None:
        write_json(folder / "config.json", asdict(measure(model, batch, objective, device)))

    return RunConfig(**read_json((ws or workspace()).build("speed", key, make) / "config.json"))
