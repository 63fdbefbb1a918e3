"""Which questions share a batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from retrievarium.training.seeds import stream


class RandomSampler:
    """Rows of a batch as a function of `(seed, step)`: an epoch visits each row at most once, in a fresh order.

    What does not fill a last batch is left out of that epoch.

    Parameters
    ----------
    n: how many rows there are.
    batch: rows a batch.
    groups: `(n,)`, rows of one group (the same question asked twice) never share a batch; None where all differ.

    Raises ValueError where no batch can be filled.
    """

    def __init__(self, n: int, batch: int, seed: int, groups: Sequence[Hashable] | None = None) -> None:
        self.n, self.batch, self.seed = n, batch, seed
        self._groups = None if groups is None or len(set(groups)) == n else list(groups)
        distinct = n if self._groups is None else len(set(self._groups))
        if not 1 <= batch <= distinct:
            raise ValueError(f"a batch of {batch} cannot be filled from {distinct} distinct rows (1 to {distinct})")
        self._starts = [0]  # the step at which each epoch begins, as far as it is known
        self._epoch = lru_cache(maxsize=2)(self._draw)

    def __call__(self, step: int) -> NDArray[np.int64]:
        """Rows `(batch,)` of one step, counted from 0."""
        while self._starts[-1] <= step:
            self._starts.append(self._starts[-1] + len(self._epoch(len(self._starts) - 1)))
        epoch = int(np.searchsorted(self._starts, step, side="right")) - 1
        return self._epoch(epoch)[step - self._starts[epoch]]

    def _draw(self, epoch: int) -> NDArray[np.int64]:
        order = stream(self.seed, "sampler", epoch).permutation(self.n)
        if self._groups is None:
            return order[: self.n // self.batch * self.batch].reshape(-1, self.batch)
        batches: list[list[int]] = []
        waiting = deque(order.tolist())
        current: list[int] = []
        seen: set[Hashable] = set()
        put_off: list[int] = []  # rows whose group already sits in the current batch
        while waiting:
            row = waiting.popleft()
            if self._groups[row] in seen:
                put_off.append(row)
                continue
            current.append(row)
            seen.add(self._groups[row])
            if len(current) == self.batch:
                batches.append(current)
                current, seen = [], set()
                waiting.extendleft(reversed(put_off))
                put_off = []
        return np.array(batches, dtype=np.int64).reshape(-1, self.batch)
