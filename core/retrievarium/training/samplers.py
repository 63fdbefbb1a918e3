"""Which questions share a batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
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
    purpose: names the random stream, where one seed serves several samplers.

    Raises ValueError where no batch can be filled.
    """

    def __init__(
        self, n: int, batch: int, seed: int, groups: Sequence[Hashable] | None = None, purpose: str = "sampler"
    ) -> None:
        self.n, self.batch, self.seed, self.purpose = n, batch, seed, purpose
        self._groups = None if groups is None or len(set(groups)) == n else list(groups)
        distinct = n if self._groups is None else len(set(self._groups))
        if not 1 <= batch <= distinct:
            raise ValueError(f"a batch of {batch} cannot be filled from {distinct} distinct rows (1 to {distinct})")
        self._starts = [0]  # the step at which each epoch begins, as far as it is known
        self.epoch = lru_cache(maxsize=2)(self._draw)

    def __call__(self, step: int) -> NDArray[np.int64]:
        """Rows `(batch,)` of one step, counted from 0."""
        while self._starts[-1] <= step:
            self._starts.append(self._starts[-1] + len(self.epoch(len(self._starts) - 1)))
        epoch = int(np.searchsorted(self._starts, step, side="right")) - 1
        return self.epoch(epoch)[step - self._starts[epoch]]

    def _draw(self, epoch: int) -> NDArray[np.int64]:
        """All batches of an epoch, `(steps, batch)`."""
        order = stream(self.seed, self.purpose, epoch).permutation(self.n)
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


class TopicSampler:
    """Batches of one topic each: in-batch negatives that look alike (Hofstaetter et al., 2021, TAS-B).

    An epoch visits each row at most once, topics and rows in a fresh order. What does not fill a topic's last batch is
    left out of that epoch; a topic smaller than a batch never gets one.

    Parameters
    ----------
    topics: `(n,)`, the topic of each row, for example a cluster of question vectors.
    groups: as for `RandomSampler`.
    """

    def __init__(
        self, topics: Sequence[Hashable], batch: int, seed: int, groups: Sequence[Hashable] | None = None
    ) -> None:
        rows: dict[Hashable, list[int]] = {}
        for row, topic in enumerate(topics):
            rows.setdefault(topic, []).append(row)
        self.seed, self.batch = seed, batch
        self._parts: list[tuple[NDArray[np.int64], RandomSampler]] = []
        for number, members in enumerate(rows.values()):
            own = None if groups is None else [groups[r] for r in members]
            if 1 <= batch <= (len(members) if own is None else len(set(own))):
                part = RandomSampler(len(members), batch, seed, own, f"topic {number}")
                self._parts.append((np.array(members, dtype=np.int64), part))
        if not self._parts:
            raise ValueError(f"no topic fills a batch of {batch}")
        self._starts = [0]
        self._epoch = lru_cache(maxsize=2)(self._draw)

    def __call__(self, step: int) -> NDArray[np.int64]:
        while self._starts[-1] <= step:
            self._starts.append(self._starts[-1] + len(self._epoch(len(self._starts) - 1)))
        epoch = int(np.searchsorted(self._starts, step, side="right")) - 1
        return self._epoch(epoch)[step - self._starts[epoch]]

    def _draw(self, epoch: int) -> NDArray[np.int64]:
        batches = np.concatenate([members[part.epoch(epoch)] for members, part in self._parts])
        return batches[stream(self.seed, "topics", epoch).permutation(len(batches))]


class GroupSampler:
    """Batches of one group each, the group drawn at every step with probability n_g^alpha / sum n^alpha.

    For rows from several sources (languages, tasks, collections) of unequal size: alpha = 1 keeps their shares,
    0 treats all alike. Within a group, rows come as from a `RandomSampler`.
    """

    def __init__(self, groups: Sequence[Hashable], batch: int, seed: int, alpha: float = 1.0) -> None:
        members: dict[Hashable, list[int]] = {}
        for row, group in enumerate(groups):
            members.setdefault(group, []).append(row)
        small = next((g for g, rows in members.items() if len(rows) < batch), None)
        if small is not None:
            raise ValueError(f"group {small!r} has {len(members[small])} rows, a batch takes {batch}")
        self.batch, self.seed = batch, seed
        self._rows = [np.array(rows, dtype=np.int64) for rows in members.values()]
        self._parts = [RandomSampler(len(rows), batch, seed, purpose=f"group {i}") for i, rows in enumerate(self._rows)]
        sizes = np.array([len(rows) for rows in self._rows], dtype=np.float64) ** alpha
        self.shares = sizes / sizes.sum()  # (groups,)
        self._drawn: list[int] = []

    def __call__(self, step: int) -> NDArray[np.int64]:
        while len(self._drawn) <= step:
            draw = stream(self.seed, "groups", len(self._drawn))
            self._drawn.append(int(draw.choice(len(self.shares), p=self.shares)))
        group = self._drawn[step]
        return self._rows[group][self._parts[group](self._drawn[:step].count(group))]


@dataclass(frozen=True)
class MarginBinSampler:
    """Which negatives a question meets: every bin of the teacher's margin equally often (TAS-B's balanced margins).

    Drawn uniformly, most negatives would be easy ones with a large margin. Here the span of a question's margins is
    cut into `bins` of equal width; a bin is drawn among those that hold a negative not taken yet, then one in it.
    """

    bins: int = 10

    def __call__(self, margins: NDArray[np.float64], count: int, draw: np.random.Generator) -> NDArray[np.int64]:
        """`(count,)` distinct positions in `margins (m,)`."""
        edges = np.linspace(margins.min(), margins.max(), self.bins + 1)[1:-1]
        of = np.searchsorted(edges, margins, side="right")  # (m,)
        left: dict[int, list[int]] = {}
        for position, number in enumerate(of.tolist()):
            left.setdefault(number, []).append(position)
        chosen: list[int] = []
        while len(chosen) < count:
            number = sorted(left)[int(draw.integers(len(left)))]
            chosen.append(left[number].pop(int(draw.integers(len(left[number])))))
            if not left[number]:
                del left[number]
        return np.array(chosen, dtype=np.int64)
