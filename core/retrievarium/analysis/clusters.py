"""Clusters of passages in the original space, named by the words that set them apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.neighbours import ready

_WORD = re.compile(r"[^\W\d_]{3,}")
_SAMPLE = 20_000


def clusters(
    vectors: NDArray, texts: Sequence[str], count: int = 10, seed: int = 0
) -> tuple[NDArray[np.int64], list[str]]:
    """k-means on unit vectors `(n, d)`: labels `(n,)`, and for each cluster its two most telling words.

    A convenience for colouring, computed where the truth is and not on the map. The number of clusters is a choice
    (fewer where there are under 20 points a cluster), and k-means finds clusters in noise, too.
    """
    from sklearn.cluster import KMeans

    unit = ready(vectors, "cosine")
    count = max(1, min(count, len(unit) // 20))
    rng = np.random.default_rng([seed, 0xC1])
    fitted = unit if len(unit) <= _SAMPLE else unit[np.sort(rng.choice(len(unit), _SAMPLE, replace=False))]
    model = KMeans(count, n_init=3, random_state=seed).fit(fitted)
    labels = model.predict(unit).astype(np.int64)
    return labels, _names(labels, texts, count)


def _names(labels: NDArray[np.int64], texts: Sequence[str], count: int) -> list[str]:
    """Words by n_in * log(share in / share out), each named once a text."""
    inside = [Counter[str]() for _ in range(count)]
    for label, text in zip(labels.tolist(), texts, strict=True):
        inside[label].update({w.lower() for w in _WORD.findall(text)})
    total: Counter[str] = sum(inside, Counter())
    sizes = np.bincount(labels, minlength=count)
    names = []
    for c in range(count):
        others = max(1, len(labels) - int(sizes[c]))

        def weight(word: str, c: int = c, others: int = others) -> float:
            here = inside[c][word] / max(1, int(sizes[c]))
            away = (total[word] - inside[c][word] + 1) / others
            return inside[c][word] * float(np.log(here / away)) if here > away else 0.0

        best = sorted(inside[c], key=lambda w: (-weight(w), w))[:2]
        names.append(f"{c + 1}: {', '.join(w for w in best if weight(w) > 0) or 'mixed'}")
    return names
