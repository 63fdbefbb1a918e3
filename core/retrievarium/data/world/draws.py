"""Integer draws that give the same bytes on every platform.

Each purpose has its own generator, seeded from `(seed, purpose)`, so that adding a draw to one part of the World
leaves every other part as it was. Only integers are drawn: no floating-point function takes part in a choice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Draw:
    """A stream of integers named by its purpose (SplitMix64 over a SHA-256 seed).

    Parameters
    ----------
    parts:
        What the stream is for, e.g. `Draw(seed, "names", "person")`. Equal parts give equal streams.
    """

    __slots__ = ("_state",)

    def __init__(self, *parts: int | str) -> None:
        label = "\x1f".join(str(part) for part in parts).encode()
        self._state = int.from_bytes(hashlib.sha256(label).digest()[:8], "big")

    def bits(self) -> int:
        """The next 64 bits."""
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def below(self, n: int) -> int:
        """An integer in `[0, n)`; the bias of the multiply-shift is under n / 2**64."""
        return (self.bits() * n) >> 64

    def between(self, low: int, high: int) -> int:
        """An integer in `[low, high]`."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in `percent` of a hundred draws."""
        return self.below(100) < percent

    def choice(self, items: Sequence[T]) -> T:
        """One item, each equally likely."""
        return items[self.below(len(items))]

    def weighted(self, weights: Sequence[int]) -> int:
        """An index, drawn in proportion to its integer weight."""
        rest = self.below(sum(weights))
        for index, weight in enumerate(weights):
            rest -= weight
            if rest < 0:
                return index
        raise ValueError("weights must be positive integers, at least one above 0")

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """A new list in random order (Fisher-Yates)."""
        result = list(items)
        for i in range(len(result) - 1, 0, -1):
            j = self.below(i + 1)
            result[i], result[j] = result[j], result[i]
        return result

    def sample(self, items: Sequence[T], k: int) -> list[T]:
        """`k` different positions of `items` (all of them if there are fewer), in random order."""
        if k * 4 >= len(items):
            return self.shuffled(items)[:k]
        seen: set[int] = set()
        while len(seen) < k:
            position = self.below(len(items))
            if position not in seen:
                seen.add(position)
        return [items[i] for i in self.shuffled(sorted(seen))]


def log2_steps(numerator: int, denominator: int) -> int:
    """64 * log2(numerator / denominator) in whole steps, by integer arithmetic alone."""
    return int(numerator**64).bit_length() - int(denominator**64).bit_length()
