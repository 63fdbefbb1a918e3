"""A regulariser on a batch's vectors, beside whatever objective the batch has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from retrievarium.training.proxies import Through, Window

Penalty = Callable[[Tensor, Tensor, int], Tensor]
"""`penalty(q (B, d), p (n, d), step) -> ()`, e.g. `objectives.FLOPS`."""


def penalised(batches: Callable[[int], Any], penalty: Penalty) -> Callable[[int], Through]:
    """The same batches; the penalty of all vectors a batch encodes, by role, is added to its loss."""

    def at(step: int) -> Through:
        def loss(model: Any, batch: Any, objective: Any) -> Tensor:
            seen = _Kept(model)
            value = batch.loss(seen, objective)
            return value + penalty(seen.all("query"), seen.all("passage"), step)

        return Through(batches(step), loss)

    return at


class _Kept(Window):
    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._vectors: dict[str, list[Tensor]] = {"query": [], "passage": []}

    def __call__(self, *arguments: Any) -> Any:
        vectors = self._model(*arguments)
        self._vectors[arguments[0]].append(vectors)
        return vectors

    def all(self, role: str) -> Tensor:
        return torch.cat(self._vectors[role]).float()
