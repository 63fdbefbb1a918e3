"""Do two people judge alike? Agreement beyond what chance would bring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from retrievarium.contracts import InputError

WEIGHTS = ("none", "linear", "quadratic")


@dataclass(frozen=True)
class Agreement:
    """Of two people over the items that both judged."""

    n: int  # items judged by both
    observed: float  # share of agreement, weighted where weights are
    expected: float  # what their habits alone would bring
    kappa: float | None  # None where chance alone would agree on everything, or nothing was judged by both


def cohen_kappa(a: Mapping[Hashable, int | str], b: Mapping[Hashable, int | str], weights: str = "none") -> Agreement:
    """Cohen's kappa, (p_o - p_e) / (1 - p_e), over the items that both judged.

    Parameters
    ----------
    a, b: each person's label by item; items of one alone do not count.
    weights: `none`, or for graded labels `linear` or `quadratic`: a disagreement costs the distance between the labels'
        places, or its square.

    Source: Cohen, 1960; weighted: Cohen, 1968.
    """
    if weights not in WEIGHTS:
        raise InputError(f"{weights!r} are no weights", field="weights", expected=f"one of {', '.join(WEIGHTS)}")
    shared = [item for item in a if item in b]
    n = len(shared)
    if not n:
        return Agreement(0, 0.0, 0.0, None)
    labels = sorted({a[i] for i in shared} | {b[i] for i in shared}, key=lambda v: (isinstance(v, str), v))
    place = {label: i for i, label in enumerate(labels)}
    reach = max(1, len(labels) - 1)

    def cost(x: int, y: int) -> float:
        if weights == "none":
            return float(x != y)
        return abs(x - y) / reach if weights == "linear" else ((x - y) / reach) ** 2

    left, right = Counter(place[a[i]] for i in shared), Counter(place[b[i]] for i in shared)
    lost = sum(cost(place[a[i]], place[b[i]]) for i in shared) / n
    by_chance = sum(cost(x, y) * left[x] * right[y] for x in left for y in right) / n**2
    return Agreement(n, 1 - lost, 1 - by_chance, None if by_chance == 0 else 1 - lost / by_chance)
