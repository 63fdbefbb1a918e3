"""Two encoders over one collection: one map turned onto the other, the change measured where no map distorts it.

places.npy   float32 (n + m, dims): the second encoder's map, turned onto the first's (or laid out with it)
first.npy    float32 (n + m, dims): the first's, only where both were laid out together
kept.npy     float32 (n + m,): fidelity of the second map, as in `maps`
change.npy   float32 (n + m,): 1 - Jaccard of the true top 10, of passages, then of queries
floor.npy    float32 (n + m,): the change that says nothing about the encoders
about.json
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.alignment import ALIGNED_UMAP_LIMIT, aligned_umap, procrustes
from retrievarium.analysis.geometry import linear_cka, list_change, withheld_floor
from retrievarium.analysis.maps import K, Map, find_map, point_fidelity, shown_space
from retrievarium.analysis.neighbours import neighbours
from retrievarium.analysis.projection import umap
from retrievarium.analysis.spaces import JointSpace, Vectors
from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.workspace import Workspace, read_json, workspace, write_json

if TYPE_CHECKING:
    from retrievarium.data import Collection


@dataclass(frozen=True)
class Pair:
    folder: Path

    @cached_property
    def about(self) -> dict[str, Any]:
        return dict(read_json(self.folder / "about.json"))

    def array(self, name: str) -> NDArray:
        return np.load(self.folder / f"{name}.npy", allow_pickle=False)

    @cached_property
    def excess(self) -> NDArray[np.float32]:
        """Change above the floor, `(n + m,)`; what is not above 0 is not a difference between the encoders."""
        return self.array("change") - self.array("floor")

    def most_changed(self, rows: NDArray[np.int64], most: int = 20) -> NDArray[np.int64]:
        """Of these points, the ones whose change is above the floor, most changed first (lower row first on ties)."""
        above = rows[self.excess[rows] > 1e-9]
        return above[np.lexsort((above, -self.excess[above]))][:most]


def pair_key(first: Map, other: str, together: bool = False, floor: str | None = None) -> dict[str, Any]:
    """`other`: the second encoder's fingerprint; `floor`: the fingerprint of another seed of it, if given."""
    made = dict(read_json(first.folder / "made-from.json"))
    return {"pair": 1, "map": made, "other": other, "together": together, "floor": floor}


def make_pair(
    collection: Collection,
    first: Map,
    left: Vectors,
    right: Vectors,
    *,
    together: bool = False,
    seed_twin: Vectors | None = None,
    ws: Workspace | None = None,
    progress: Progress = no_progress,
) -> Pair:
    """Put `right` beside the map `first` of `left`, over the same points.

    Parameters
    ----------
    together: lay both out with umap-learn's AlignedUMAP (at most 5,000 points) in place of turning one onto the other.
    seed_twin: `right`'s encoder trained with another seed, if there is one: the change between the two seeds is the
        floor. Without it the floor is what withholding a tenth of `left`'s coordinates changes; the result says so.
    """
    key = pair_key(first, right.fingerprint, together, seed_twin.fingerprint if seed_twin else None)
    found = find_map(collection, key, "map-pair", ws)
    if found is None:
        found = (ws or workspace()).build(
            "map-pair",
            key,
            lambda folder: write_pair(folder, collection, first, left, right, together, seed_twin, progress),
        )
    return Pair(found)


def find_pair(
    collection: Collection, first: Map, other: str, together: bool = False, ws: Workspace | None = None
) -> Pair | None:
    """A pair that was made before, with another seed as its floor where there is one."""
    for artifact in (ws or workspace()).list("map-pair"):
        if {**artifact.key, "floor": None} == pair_key(first, other, together):
            return Pair(artifact.path)
    return None


def write_pair(
    folder: Path,
    collection: Collection,
    first: Map,
    left: Vectors,
    right: Vectors,
    together: bool,
    seed_twin: Vectors | None,
    progress: Progress,
) -> None:
    points, dims, seed = first.points, first.about["dims"], first.about["seed"]
    one, two = (shown_space(collection, v, points) for v in (left, right))
    places = first.places
    if together:
        if len(one.vectors) > ALIGNED_UMAP_LIMIT or dims != 2:
            raise InputError(
                f"{len(one.vectors):,} points in {dims} dimensions cannot be laid out together",
                expected=f"at most {ALIGNED_UMAP_LIMIT:,} points in 2",
                fix="leave out --together: the second map is then turned onto the first",
            )
        progress(0, 1, "laying out both maps together (compiles first)", {})
        metric = one.metric if one.metric == two.metric else "euclidean"
        places, other = aligned_umap([one.vectors, two.vectors], metric, seed)
        np.save(folder / "first.npy", places.astype(np.float32), allow_pickle=False)
    else:
        other = umap(two.vectors, dims, two.metric, seed=seed, progress=progress)
    turned = procrustes(places, other)
    progress(0, 1, "measuring the change", {})
    lists = [true_lists(space) for space in (one, two)]
    change = np.concatenate([list_change(a, b) for a, b in zip(*lists, strict=True)])
    if seed_twin is not None:
        twins = true_lists(shown_space(collection, seed_twin, points))
        floor = np.concatenate([list_change(a, b) for a, b in zip(lists[1], twins, strict=True)])
    else:
        floor = _withheld(one)
    for name, array in (
        ("places", turned.places),
        ("kept", point_fidelity(two, turned.places)),
        ("change", change),
        ("floor", floor),
    ):
        np.save(folder / f"{name}.npy", array.astype(np.float32), allow_pickle=False)
    n = one.n
    above = change - floor > 1e-9
    write_json(
        folder / "about.json",
        {
            "left": left.encoder,
            "right": right.encoder,
            "together": together,
            "left_kept_at_k": round(float(point_fidelity(one, places)[: one.n].mean()), 4),
            "residual": round(turned.residual, 4),
            "floor_from": "another training seed" if seed_twin is not None else "a tenth of the coordinates withheld",
            "passage_change": _mean(change[:n]),
            "passage_floor": _mean(floor[:n]),
            "query_change": _mean(change[n:]),
            "query_floor": _mean(floor[n:]),
            "passages_above": int(above[:n].sum()),
            "queries_above": int(above[n:].sum()),
            "cka": round(linear_cka(one.passages, two.passages), 4),
            "k": K,
        },
    )


def true_lists(space: JointSpace) -> Sequence[NDArray[np.int64]]:
    """Top 10 passages of each passage `(n, 10)` and of each query `(m, 10)`, in the original space."""
    own = neighbours(space.passages, K, space.metric)[0]
    if len(space.vectors) == space.n:
        return own, np.empty((0, K), dtype=np.int64)
    return own, neighbours(space.passages, K, space.metric, space.queries)[0]


def _withheld(space: JointSpace) -> NDArray[np.float64]:
    own = withheld_floor(space.passages, K, space.metric)
    if len(space.vectors) == space.n:
        return own
    return np.concatenate([own, withheld_floor(space.passages, K, space.metric, queries=space.queries)])


def _mean(values: NDArray) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None
