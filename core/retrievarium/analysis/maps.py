"""A map of a collection in an encoder's space: laid out once, kept by content, shipped with bundled collections.

places.npy   float32 (n + m, dims): passages, then queries
points.npy   int32 (n + m,): their row numbers in the collection's passages and default queries
kept.npy     float32 (n + m,): kept@10 of each passage, query fidelity@10 of each query
lists.npy    int32 (m, 10): each query's true top 10, as positions among the passages shown
about.json   what it was made from, and the two headline numbers
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.fidelity import kept_at_k, query_fidelity
from retrievarium.analysis.map_points import LIMIT, Points, choose_points
from retrievarium.analysis.neighbours import neighbours
from retrievarium.analysis.projection import NEIGHBOURS, neighbour_table, umap
from retrievarium.analysis.spaces import JointSpace, Vectors, joint_space
from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.workspace import Workspace, read_json, shipped, workspace, write_json

if TYPE_CHECKING:
    from retrievarium.data import Collection

VERSION = 1
K = 10
"""Neighbours of the headline numbers."""


@dataclass(frozen=True)
class Map:
    """Places on paper, and what they came from."""

    folder: Path

    @cached_property
    def about(self) -> dict[str, Any]:
        return dict(read_json(self.folder / "about.json"))

    def _array(self, name: str) -> NDArray:
        return np.load(self.folder / f"{name}.npy", allow_pickle=False)

    @cached_property
    def places(self) -> NDArray[np.float32]:
        """`(n + m, dims)`, passages first."""
        return self._array("places")

    @cached_property
    def kept(self) -> NDArray[np.float32]:
        """`(n + m,)`: kept@10 of each passage, then fidelity@10 of each query."""
        return self._array("kept")

    @cached_property
    def lists(self) -> NDArray[np.int64]:
        """`(m, 10)`: each query's true top 10, as positions among the passages shown."""
        return self._array("lists").astype(np.int64)

    @property
    def n(self) -> int:
        """How many of the points are passages."""
        return int(self.about["passages"])

    @cached_property
    def points(self) -> Points:
        rows = self._array("points").astype(np.int64)
        told = self.about
        return Points(
            rows[: self.n],
            rows[self.n :],
            told["all_passages"],
            told["all_queries"],
            tuple(told["kept_gold"]),
            tuple(told["kept_retrieved"]),
        )


def map_key(collection: Collection, encoder: str, dims: int = 2, seed: int = 0, limit: int = LIMIT) -> dict[str, Any]:
    """What a map depends on. `encoder`: its fingerprint."""
    return {
        "version": VERSION,
        "collection": collection.fingerprint,
        "encoder": encoder,
        "dims": dims,
        "seed": seed,
        "limit": limit,
        "neighbours": NEIGHBOURS,
    }


def find_map(
    collection: Collection, key: dict[str, Any], kind: str = "map", ws: Workspace | None = None
) -> Path | None:
    """The folder of a finished map (or of its "map-checks"): shipped with the collection, or in the workspace."""
    for folder in sorted(shipped(collection.name, "maps").glob(f"*/{kind}*")):
        if (folder / "made-from.json").is_file() and read_json(folder / "made-from.json") == key:
            return folder
    artifact = (ws or workspace()).artifact(kind, key)
    return artifact.path if artifact.exists else None


def make_map(
    collection: Collection,
    vectors: Vectors,
    dims: int = 2,
    seed: int = 0,
    limit: int = LIMIT,
    ws: Workspace | None = None,
    progress: Progress = no_progress,
) -> Map:
    """The map of `vectors`, laid out now unless it was before.

    Raises InputError for a collection too small to have neighbourhoods (under 12 passages).
    """
    if len(vectors.passages) < K + 2:
        raise InputError(f"a map of {len(vectors.passages)} passages", expected=f"at least {K + 2}")
    key = map_key(collection, vectors.fingerprint, dims, seed, limit)
    found = find_map(collection, key, ws=ws)
    if found is None:
        found = (ws or workspace()).build(
            "map", key, lambda folder: write_map(folder, collection, vectors, dims, seed, limit, progress)
        )
    return Map(found)


def shown_space(collection: Collection, vectors: Vectors, points: Points) -> JointSpace:
    """The joint space of the points a map shows."""
    return joint_space(vectors.passages[points.passages], vectors.queries[points.queries], vectors.similarity)


def write_map(
    folder: Path,
    collection: Collection,
    vectors: Vectors,
    dims: int,
    seed: int,
    limit: int,
    progress: Progress = no_progress,
) -> None:
    began = time.monotonic()
    progress(0, 1, "finding neighbours", {})
    retrieved = None
    if len(vectors.queries) and len(collection.passages) + len(vectors.queries) > limit:
        retrieved = neighbours(vectors.passages, K, vectors.similarity, vectors.queries)[0]
    points = choose_points(collection, retrieved, limit)
    space = shown_space(collection, vectors, points)
    table = neighbour_table(space.vectors, metric=space.metric)
    places = umap(space.vectors, dims, space.metric, table=table, seed=seed, progress=progress)
    kept = point_fidelity(space, places)
    n = len(points.passages)
    lists = np.empty((0, K), dtype=np.int64)
    if len(points.queries):
        lists = neighbours(space.passages, K, space.metric, space.queries)[0]
    for name, array in (
        ("lists", lists.astype(np.int32)),
        ("places", places.astype(np.float32)),
        ("points", np.concatenate([points.passages, points.queries]).astype(np.int32)),
        ("kept", kept.astype(np.float32)),
    ):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    about = {
        "encoder": vectors.encoder,
        "encoder_fingerprint": vectors.fingerprint,
        "similarity": vectors.similarity,
        "dims": dims,
        "seed": seed,
        "passages": n,
        "queries": len(points.queries),
        "all_passages": points.all_passages,
        "all_queries": points.all_queries,
        "kept_gold": points.kept_gold,
        "kept_retrieved": points.kept_retrieved,
        "k": K,
        "kept_at_k": round(float(kept[:n].mean()), 4),
        "query_fidelity": round(float(kept[n:].mean()), 4) if len(points.queries) else None,
        "by_chance": round(K / (n - 1), 5),
        "seconds": round(time.monotonic() - began, 1),
        "versions": {p: metadata.version(p) for p in ("numpy", "numba", "faiss-cpu")},
    }
    write_json(folder / "about.json", about)


def point_fidelity(space: JointSpace, places: NDArray, k: int = K) -> NDArray[np.float64]:
    """kept@k of each passage among the passages, then each query's fidelity@k: `(n + m,)`."""
    n = space.n
    kept = kept_at_k(space.passages, places[:n], k, space.metric)
    if len(space.vectors) == n:
        return kept
    asked = query_fidelity(space.queries, space.passages, places[n:], places[:n], k, space.metric)
    return np.concatenate([kept, asked])


def estimate_seconds(points: int) -> float:
    """About how long a map with its checks takes here, from measured runs on two cores: no promise."""
    return 3.0 + points * (2.2e-3 if points <= 10_000 else 1.6e-3) + (points / 20_000) ** 2 * 8.0
