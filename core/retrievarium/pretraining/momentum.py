"""Contriever's pre-training: crops against a queue of keys by a slow copy of the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from retrievarium.objectives import MomentumQueueInfoNCE
from retrievarium.pretraining.cropping import CropBatch, CropBatches, RandomCrop
from retrievarium.training import KeyQueue, MomentumEncoder, embed
from retrievarium.training.batches import as_float


class MomentumContrast(nn.Module):
    """A pre-training task around one tower: its questions learn, its keys follow.

        xi <- m xi + (1 - m) theta;   k = E_xi(second crop);   L = MoCo(E_theta(first crop), k, queue);   queue <- k

    The keys enter the queue after the loss. The very first step has an empty queue and therefore no negatives: it
    fills the queue and teaches nothing (its loss is 0).

    Parameters
    ----------
    towers: tied; mean pooling and no normalisation in the paper.
    size: K. m: momentum.
    crop, chunk, paired: see `CropBatches`.
    """

    def __init__(
        self,
        towers: Any,
        size: int = 2_048,
        m: float = 0.99,
        temperature: float = 0.05,
        crop: RandomCrop | None = None,
        chunk: int = 96,
        paired: bool = True,
    ) -> None:
        super().__init__()
        self.towers, self.crop, self.chunk, self.paired = towers, crop, chunk, paired
        self.keys = MomentumEncoder(towers, m)
        self.queue = KeyQueue(size, int(towers.dim))
        self.objective = MomentumQueueInfoNCE(temperature)

    def tokenize(self, role: Any, texts: Sequence[str]) -> list[list[int]]:
        return self.towers.tokenize(role, texts)

    def forward(self, role: Any, ids: Tensor, mask: Tensor) -> Tensor:
        """`(B, d)`: a question by the encoder, a passage by its slow copy."""
        return self.towers(role, ids, mask) if role == "query" else self.keys(role, ids, mask)

    def batches(self, texts: Sequence[str], batch: int, seed: int) -> CropBatches:
        return CropBatches(self, texts, batch, seed, self.crop, self.chunk, self.paired)

    def contrast(self, batch: CropBatch, objective: Any) -> Tensor:
        """One step's loss; moves the slow copy before it and the queue after it."""
        self.keys.update(self.towers)
        q = as_float(embed(self, "query", batch.questions))  # (B, d)
        with torch.no_grad():
            k = as_float(embed(self, "passage", batch.passages))  # (B, d)
        loss = objective(q, k, self.queue.negatives) if len(self.queue) else q.sum() * 0
        self.queue.push(k)
        return loss

    def detach_heads(self) -> Any:
        """The encoder alone."""
        return self.towers
