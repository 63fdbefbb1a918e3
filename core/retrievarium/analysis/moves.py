"""How far a result moved between two ranked lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """One result of the second list (or one that it lost) against the first list."""

    id: str
    rank: int | None  # in the second list, from 1; None where it is lost
    before: int | None  # in the reference list, from 1; None where it is new
    kind: str  # same, up, down, new, lost

    @property
    def by(self) -> int:
        """Ranks climbed (positive) or fallen (negative); 0 where one side lacks it."""
        return 0 if self.rank is None or self.before is None else self.before - self.rank

    @property
    def words(self) -> str:
        """The movement in words, for readers who see neither colour nor shape."""
        if self.kind == "same":
            return "same rank"
        if self.kind in ("up", "down"):
            return f"{self.kind} {abs(self.by)}, from rank {self.before}"
        return "new" if self.kind == "new" else f"lost, was rank {self.before}"


def movement(reference: Sequence[str], other: Sequence[str], k: int) -> list[Move]:
    """The first k of `other` against `reference`, in order; then what was among the first k of `reference` and is not
    among the first k of `other` any more.

    A result counts as new only where the reference list lacks it at any depth given.
    """
    before = {i: n for n, i in enumerate(reference, start=1)}
    shown = list(other[:k])
    moves = []
    for rank, item in enumerate(shown, start=1):
        was = before.get(item)
        kind = "new" if was is None else "same" if was == rank else "up" if was > rank else "down"
        moves.append(Move(item, rank, was, kind))
    present = set(shown)
    moves += [Move(i, None, before[i], "lost") for i in reference[:k] if i not in present]
    return moves
