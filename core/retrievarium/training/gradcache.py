"""Large batches on little memory: the gradient cache (Gao et al., 2021; arXiv 2101.06983).

A contrastive loss needs all vectors of a batch at once, but not all activations. Encode in chunks and keep the vectors
alone; the loss gives the gradient of each vector (the cache); then encode each chunk once more, with the random state
it had, and pass its part of the cache on. The peak is one chunk's activations; the price is a second forward pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils.checkpoint import checkpoint

from retrievarium.contracts import InputError
from retrievarium.training.proxies import Through, Window


@dataclass(frozen=True)
class GradCache:
    """The gradient cache with chunks of `chunk` texts, for any batch that encodes with `embed`.

        loss = GradCache(32).step(model, batch, objective); loss.backward()
        fit(model, GradCache(32)(batches), objective, ...)

    The gradient is the one of `batch.loss`: for any chunk, with dropout on (each replayed chunk draws what it drew the
    first time), and under autocast. With a chunk as large as the batch it is the plain step, run twice.
    """

    chunk: int = 32

    def __post_init__(self) -> None:
        if self.chunk < 1:
            raise InputError(f"a chunk of {self.chunk} texts", field="chunk", expected="1 or more")

    def step(self, model: Any, batch: Any, objective: Any) -> Tensor:
        """The batch's loss; its `backward()` replays chunk by chunk."""
        return batch.loss(_Replayed(model, self.chunk), objective)

    def __call__(self, batches: Callable[[int], Any]) -> Callable[[int], Through]:
        """The same batches, each through the cache."""
        return lambda step: Through(batches(step), self.step)


class _Replayed(Window):
    """Keeps of each call its inputs, its random state and its output; what lies between is computed again."""

    def __init__(self, model: Any, chunk: int) -> None:
        super().__init__(model)
        self.together = chunk  # what `embed` hands over at once

    def __call__(self, *arguments: Any) -> Any:
        return checkpoint(self._model, *arguments, use_reentrant=False, preserve_rng_state=True)
