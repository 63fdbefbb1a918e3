"""Indexes by name, and saved ones whatever their kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retrievarium.contracts import Index, InputError
from retrievarium.indexes.codes import BinaryIndex, PQIndex
from retrievarium.indexes.flat import FlatIndex
from retrievarium.indexes.hnsw import HNSWIndex
from retrievarium.indexes.impact import ImpactIndex
from retrievarium.indexes.ivf import IVFIndex
from retrievarium.indexes.multi import MultiVectorIndex
from retrievarium.workspace import read_json

_METRICS = {"dot": "ip", "ip": "ip", "cosine": "cosine", "l2": "l2"}
_NAMES: tuple[tuple[str, tuple[int | None, ...], Callable[..., Any]], ...] = (
    (r"Flat", (), FlatIndex),
    (r"HNSW(\d*)(?:,(\d+))?(?:,(\d+))?", (32, 200, 64), lambda metric, *n: HNSWIndex(metric, "ip->l2", *n)),
    (r"IVF(\d*)(?:,(\d+))?", (None, 8), IVFIndex),
    (r"PQ(\d*)(?:x(\d+))?(?:,(\d+))?", (8, 8, 4), PQIndex),
    (r"Binary(?:,(\d+))?", (4,), BinaryIndex),
)
_KINDS: dict[str, Any] = {
    "flat": FlatIndex,
    "hnsw": HNSWIndex,
    "ivf": IVFIndex,
    "pq": PQIndex,
    "binary": BinaryIndex,
    "impact": ImpactIndex,
    "multi-vector": MultiVectorIndex,
}


def make_index(kind: str = "Flat", metric: str = "ip") -> Index:
    """An empty index over single vectors.

    Parameters
    ----------
    kind: "Flat" (exact); "HNSW32" or "HNSW32,200,64" (links a vector, ef_construction, ef_search); "IVF64" or "IVF64,8"
        (cells, cells looked into); "PQ16", "PQ16x8" or "PQ16x8,4" (parts, bits, how many times k candidates are scored
        exactly); "Binary" or "Binary,4" (the same of signs).
    metric: "ip" (also called "dot"), "cosine" or "l2".
    """
    if metric not in _METRICS:
        raise InputError(f"an index has no metric {metric!r}", expected=f"one of {tuple(_METRICS)}")
    for pattern, defaults, make in _NAMES:
        if found := re.fullmatch(pattern, kind):
            numbers = [int(n) if n else default for n, default in zip(found.groups(), defaults, strict=True)]
            return make(_METRICS[metric], *numbers)
    raise InputError(f"there is no index {kind!r}", expected='"Flat", "HNSW32", "IVF64", "PQ16" or "Binary"')


def load_index(folder: str | Path) -> Any:
    """A saved index of any kind; its files are checked before they are read."""
    path = Path(folder) / "index.json"
    if not path.is_file():
        raise InputError("there is no index here", path=folder, expected="a folder with index.json")
    kind = read_json(path)["index"]
    if kind not in _KINDS:
        raise InputError(f"there is no index of kind {kind!r}", path=path, expected=f"one of {tuple(_KINDS)}")
    return _KINDS[kind].load(folder)


def index_fingerprint(index: Any) -> str:
    """16 hex digits over everything an index holds, read anew: one vector changed in place changes it.

    An index's own `fingerprint` is computed once and kept, which is what a cache key needs; this one is the proof that
    feedback, adapters and query-side training left the index alone. A retriever stands for the index it searches.
    """
    for _ in range(8):  # Feedback over HyDE over Dense ...
        if hasattr(index, "content"):
            return str(index.content())[:16]
        inner = next((n for n in ("index", "retriever", "dense", "inner") if getattr(index, n, None) is not None), None)
        if inner is None:
            break
        index = getattr(index, inner)
    raise InputError(f"a {type(index).__name__} has no index of vectors or weights", expected="Dense, Sparse, ...")
