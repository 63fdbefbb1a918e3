"""Pre-training: the one loop on a task over unlabelled text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from retrievarium.contracts import InputError
from retrievarium.training import Fitted, fit


class PretrainingTask(Protocol):
    """A module over a backbone that knows its batches and its objective, and can drop its heads."""

    objective: Any

    def batches(self, texts: Sequence[str], batch: int, seed: int) -> Any: ...

    def detach_heads(self) -> Any: ...


def pretrain(
    task: Any,
    texts: Sequence[str],
    steps: int,
    seed: int,
    *,
    batch: int = 32,
    lr: float = 1e-3,
    held_out: Sequence[str] = (),
    probe_every: int = 0,
    **settings: Any,
) -> Fitted:
    """Train a `PretrainingTask` (a module) in place on `texts`; `task.detach_heads()` then gives the backbone.

    Parameters
    ----------
    steps, batch: `steps` batches of `batch` texts.
    held_out: texts to measure "held-out loss" on, at the start, at the end and every `probe_every` steps.
    settings: passed on to `fit` (folder, device, progress, ...).
    """
    if not texts:
        raise InputError("there is no text to pre-train on", expected="at least one text")
    probe = (lambda model: {"held-out loss": model.held_out_loss(held_out)}) if held_out else None
    batches = task.batches(texts, batch, seed)
    settings = {"what": "pre-training", "decay": "cosine", **settings}
    return fit(
        task, batches, task.objective, steps=steps, lr=lr, seed=seed, probe=probe, probe_every=probe_every, **settings
    )
