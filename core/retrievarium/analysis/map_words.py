"""A map's fidelity in words: two numbers, and a grade against noise and other seeds, never against a fixed mark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ABOVE_NOISE = 0.05
"""kept@k has to exceed that of shuffled data by this much to count as more than noise."""


@dataclass(frozen=True)
class Verdict:
    """grade: "noise", "rough", "close", or "open" while noise and other seeds are still being measured."""

    grade: str
    badge: str
    sentence: str


def verdict(about: Mapping[str, Any], checks: Mapping[str, Any] | None) -> Verdict:
    """What the map may be used for.

    noise   its neighbours are kept no better than those of the same procedure on shuffled coordinates
    close   more than half of a point's neighbours on the map are true ones, and far more than of noise
    rough   what lies between
    """
    if checks is None:
        return Verdict("open", "not yet checked", "No grade before noise and other seeds are measured.")
    kept, noise = float(about["kept_at_k"]), float(checks["kept_noise"])
    if kept - noise < _ABOVE_NOISE:
        return Verdict(
            "noise", "no better than noise", "Shuffled data, laid out alike, does as well: read nothing off this map."
        )
    if kept > 0.5 and kept > 2 * noise:
        return Verdict("close", "mostly true neighbours", "More than half of a point's neighbours here are true ones.")
    return Verdict(
        "rough", "orientation only", "Most neighbours here are not the true ones: use the lists, not the distances."
    )


def kept_sentence(about: Mapping[str, Any], checks: Mapping[str, Any] | None = None) -> str:
    """The first number: of a passage's neighbours."""
    k = int(about["k"])
    kept = _of(about["kept_at_k"], k)
    told = f"Of the {k} passages nearest to a passage on this map, {kept} are among its true {k}"
    if checks is None:
        return f"{told} (by chance {_of(about['by_chance'], k)})."
    noise, again = _of(checks["kept_noise"], k), _of(checks["seed_agreement"], k)
    return f"{told} (noise {noise}; another seed's map shares {again})."


def query_sentence(about: Mapping[str, Any], checks: Mapping[str, Any] | None = None) -> str:
    """The second number: of a query's neighbours."""
    if about["query_fidelity"] is None:
        return "The collection has no queries to place."
    k = int(about["k"])
    kept = _of(about["query_fidelity"], k)
    told = f"Of the {k} passages nearest to a query on this map, {kept} are in its true top {k}"
    if checks is None or checks.get("query_noise") is None:
        return f"{told}."
    return f"{told} (noise {_of(checks['query_noise'], k)})."


def _of(share: float, k: int) -> str:
    told = share * k
    return f"{told:.1f}" if told >= 0.05 or told == 0 else "under 0.1"
