"""How many dimensions it takes to keep two documents apart (Luan et al., 2021, section 2; arXiv 2005.00181).

A vector of words is squeezed into k dimensions by a random matrix. Which of two documents stands closer to a question
then depends on chance, and the less so, the further apart they stood before and the larger k is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.training import stream

KINDS = ("gaussian", "sign")
_BLOCK = 4_000_000  # matrix entries drawn at a time


def random_projection(x: NDArray[np.floating], k: int, kind: str = "gaussian", seed: int = 0) -> NDArray[np.float64]:
    """`(n, k)` from `(n, V)`: x A^T / sqrt(k), A's entries standard normal, or +1 and -1 alike.

    Inner products are kept on average, and the better the larger k is.
    """
    matrix = _matrices(1, k, x.shape[1], kind, stream(seed, f"projection {kind}"))[0]  # (k, V)
    return np.asarray(x @ matrix.T / np.sqrt(k), dtype=np.float64)


def normalised_margin(q: NDArray[np.floating], d1: NDArray[np.floating], d2: NDArray[np.floating]) -> float:
    """mu(q, d1, d2) = <q, d1 - d2> / (|q| |d1 - d2|), from -1 to 1; above 0 where d1 stands closer to q.

    q, d1, d2: `(V,)`. Raises InputError where q is zero or the documents are equal: there is nothing to tell apart.
    """
    apart = np.asarray(d1, dtype=np.float64) - d2
    lengths = float(np.linalg.norm(q) * np.linalg.norm(apart))
    if lengths == 0:
        raise InputError("there is no margin between equal documents, or for a question of zeros")
    return float(q @ apart) / lengths


def smallest_margin(query_words: int, document_words: int) -> float:
    """1 / sqrt(2 L_Q L_D): below it lies no margin of 0/1 bags of words that differ in a word of the question's favour,
    with L_Q words in the question and at most L_D in each document. Longer documents stand closer together."""
    return 1 / np.sqrt(2 * query_words * document_words)


def inversion_bound(margin: float, k: int) -> float:
    """4 exp(-(k/2) (eps^2/2 - eps^3/3)): at least the chance that k random dimensions turn a pair of margin eps round.

    Above 1 it says nothing.
    """
    return float(4 * np.exp(-k / 2 * _rate(margin)))


def dimensions_needed(margin: float, failure: float) -> int:
    """The smallest k for which `inversion_bound` is at most `failure`: 2 ln(4 / beta) / (eps^2/2 - eps^3/3)."""
    if not 0 < failure < 1:
        raise InputError(f"a failure rate of {failure}", field="failure", expected="between 0 and 1")
    return int(np.ceil(2 * np.log(4 / failure) / _rate(margin)))


def inversion_rate(
    q: NDArray[np.floating],
    d1: NDArray[np.floating],
    d2: NDArray[np.floating],
    k: int,
    kind: str = "gaussian",
    draws: int = 2_000,
    seed: int = 0,
) -> float:
    """Share of `draws` random matrices under which d2 comes as close to q as d1, or closer: measured, not bounded."""
    if normalised_margin(q, d1, d2) <= 0:
        raise InputError("d2 stands as close to q already", expected="d1 the closer document")
    pair = np.stack([q, np.asarray(d1, dtype=np.float64) - d2])  # (2, V)
    pair = pair[:, (pair != 0).any(axis=0)]  # what is 0 in both adds nothing
    draw, turned, block = stream(seed, f"inversions {kind}", k), 0, max(1, _BLOCK // (k * pair.shape[1]))
    for start in range(0, draws, block):
        matrices = _matrices(min(block, draws - start), k, pair.shape[1], kind, draw)  # (b, k, V)
        asked, apart = matrices @ pair[0], matrices @ pair[1]  # (b, k) both
        turned += int(((asked * apart).sum(axis=1) <= 0).sum())
    return turned / draws


def _rate(margin: float) -> float:
    if not 0 < margin <= 1:
        raise InputError(f"a margin of {margin}", field="margin", expected="above 0, at most 1")
    return margin**2 / 2 - margin**3 / 3


def _matrices(count: int, k: int, width: int, kind: str, draw: np.random.Generator) -> NDArray[np.float64]:
    if kind not in KINDS:
        raise InputError(f"there is no projection {kind!r}", field="kind", expected=f"one of {KINDS}")
    if k < 1:
        raise InputError(f"{k} dimensions", field="k", expected="1 or more")
    if kind == "gaussian":
        return draw.standard_normal((count, k, width))
    return (2 * draw.integers(0, 2, (count, k, width)) - 1).astype(np.float64)
