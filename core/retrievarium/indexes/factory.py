"""Indexes by name, and saved ones whatever their kind."""

from __future__ import annotations

import re
from pathlib import Path

from retrievarium.contracts import Index, InputError
from retrievarium.indexes.flat import FlatIndex
from retrievarium.indexes.hnsw import HNSWIndex
from retrievarium.workspace import read_json

_HNSW = re.compile(r"HNSW(\d*)(?:,(\d+))?(?:,(\d+))?")
_METRICS = {"dot": "ip", "ip": "ip", "cosine": "cosine", "l2": "l2"}


def make_index(kind: str = "Flat", metric: str = "ip") -> Index:
    """An empty index.

    Parameters
    ----------
    kind: "Flat" (exact), "HNSW32" (32 links a vector) or "HNSW32,200,64" (links, ef_construction, ef_search).
    metric: "ip" (also called "dot"), "cosine" or "l2".
    """
    if metric not in _METRICS:
        raise InputError(f"an index has no metric {metric!r}", expected=f"one of {tuple(_METRICS)}")
    if kind == "Flat":
        return FlatIndex(_METRICS[metric])
    found = _HNSW.fullmatch(kind)
    if found:
        numbers = [int(n) if n else default for n, default in zip(found.groups(), (32, 200, 64), strict=True)]
        return HNSWIndex(_METRICS[metric], m=numbers[0], ef_construction=numbers[1], ef_search=numbers[2])
    raise InputError(f"there is no index {kind!r}", expected='"Flat", "HNSW32" or for example "HNSW32,200,64"')


def load_index(folder: str | Path) -> Index:
    """A saved index of any kind; its files are checked before they are read."""
    path = Path(folder) / "index.json"
    if not path.is_file():
        raise InputError("there is no index here", path=folder, expected="a folder with index.json")
    return FlatIndex.load(folder) if read_json(path)["index"] == "flat" else HNSWIndex.load(folder)
