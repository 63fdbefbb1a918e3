"""A model seen through a window: batches call it as always, and something else happens at each call.

A window has the model's attributes, so a batch does not notice. It lives for one step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor


class Window:
    """The model with another way to be called."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __call__(self, *arguments: Any) -> Any:
        return self._model(*arguments)


@dataclass(frozen=True)
class Through:
    """A batch whose loss is taken by `step(model, batch, objective)` in place of `batch.loss(model, objective)`."""

    batch: Any
    step: Callable[[Any, Any, Any], Tensor]

    @property
    def size(self) -> int:
        return int(getattr(self.batch, "size", 0))

    def loss(self, model: Any, objective: Any) -> Tensor:
        return self.step(model, self.batch, objective)
