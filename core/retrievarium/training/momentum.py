"""A slow copy of an encoder, and the queue of what it said (He et al., 2020)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from retrievarium.contracts import InputError


class MomentumEncoder(nn.Module):
    """An encoder's shadow: xi <- m xi + (1 - m) theta, and no gradient.

    With m = 0 it copies, with m = 1 it never moves; with theta at rest, xi - theta shrinks by m at each update.

    Parameters
    ----------
    encoder: theta; it is not a part of this module, so that its weights are trained and saved where they belong.
    m: momentum, 0 to 1.
    """

    def __init__(self, encoder: nn.Module, m: float = 0.99) -> None:
        super().__init__()
        if not 0 <= m <= 1:
            raise InputError(f"momentum is {m}", field="m", expected="0 to 1")
        self.m = m
        self.shadow = deepcopy(encoder)
        self.shadow.requires_grad_(False)

    @torch.no_grad()
    def update(self, encoder: nn.Module) -> None:
        """One step towards the encoder as it is now; buffers are copied."""
        for slow, quick in zip(self.shadow.parameters(), encoder.parameters(), strict=True):
            slow.mul_(self.m).add_(quick, alpha=1 - self.m)
        for kept, now in zip(self.shadow.buffers(), encoder.buffers(), strict=True):
            kept.copy_(now)

    @torch.no_grad()
    def forward(self, *arguments: Any) -> Tensor:
        return self.shadow(*arguments)


class KeyQueue(nn.Module):
    """The last K keys, first in first out; saved with the model, so that a resumed run has the same negatives.

    keys: buffer `(K, d)`; slots from `filled` on were never written and are no negatives.
    """

    keys: Tensor
    state: Tensor  # (2,): where the next key goes, how many slots are filled

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        if size < 1:
            raise InputError(f"a queue of {size} keys", field="size", expected="1 or more")
        self.register_buffer("keys", torch.zeros(size, dim))
        self.register_buffer("state", torch.zeros(2, dtype=torch.int64))

    def __len__(self) -> int:
        """Slots that hold a key."""
        return int(self.state[1])

    @property
    def negatives(self) -> Tensor:
        """A copy of the filled slots `(filled, d)`, which later keys do not change."""
        return self.keys[: len(self)].clone()

    @property
    def in_order(self) -> Tensor:
        """The filled slots by age, oldest first."""
        return self.negatives.roll(-int(self.state[0]), dims=0) if len(self) == len(self.keys) else self.negatives

    @torch.no_grad()
    def push(self, keys: Tensor) -> None:
        """Add keys `(B, d)` in order; the oldest ones leave. B may be larger than K."""
        size = len(self.keys)
        start = int(self.state[0])
        where = (start + torch.arange(len(keys), device=self.keys.device)) % size
        last = slice(max(0, len(keys) - size), None)  # of two keys for one slot the later one stays
        self.keys[where[last]] = keys.detach()[last].to(self.keys.dtype)
        self.state[0] = (start + len(keys)) % size
        self.state[1] = min(size, len(self) + len(keys))
