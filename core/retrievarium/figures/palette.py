"""One colour a system, on all pages and in all notebooks; told apart with the common colour-vision deficiencies.

Source of the hues: Okabe and Ito, 2008; the dark variants are lightened to keep a contrast of 4.5 on dark ground.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

PALETTE = {
    "light": ("#0b6fb8", "#b85600", "#00795a", "#a94c82", "#17748f", "#8a6d00", "#5b5fc7", "#6b6b6b"),
    "dark": ("#6cb4ee", "#f2a25c", "#4cc9a0", "#e59cc6", "#7fd3ea", "#e3c84a", "#a9adff", "#b5b5b5"),
}
SHAPES = ("circle", "diamond", "square", "triangle-up", "cross", "star", "hexagon", "x")
_HOME = {"bm25": 0, "minilm": 1, "bm25 + minilm": 2, "dpr": 3, "baseline_dense": 4}


def system_colours(names: Sequence[str], dark: bool = False) -> dict[str, str]:
    """A colour by system name. A well-known system always has its own; others keep theirs by name where it is free."""
    colours = PALETTE["dark" if dark else "light"]
    return {name: colours[place] for name, place in _places(names).items()}


def system_shapes(names: Sequence[str]) -> dict[str, str]:
    """A marker by system name, so that colour is not needed."""
    return {name: SHAPES[place] for name, place in _places(names).items()}


def _places(names: Sequence[str]) -> dict[str, int]:
    size = len(SHAPES)
    given = {n: _HOME[n] for n in names if n in _HOME}
    for name in names:
        if name in given:
            continue
        first = int(hashlib.sha256(name.encode("utf-8")).hexdigest(), 16) % size
        free = [p % size for p in range(first, first + size) if p % size not in given.values()]
        given[name] = free[0] if free else first
    return {n: given[n] for n in names}
