"""A time-lapse: the same points in the spaces of several checkpoints, each map growing out of the one before.

frames.npy   float32 (f, n + m, 2)
about.json   per frame: name, fidelity, residual to the frame before, alignment and uniformity
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.alignment import procrustes
from retrievarium.analysis.map_checks import space_numbers
from retrievarium.analysis.maps import Map, point_fidelity, shown_space
from retrievarium.analysis.projection import umap
from retrievarium.analysis.spaces import Vectors
from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.workspace import Workspace, read_json, workspace, write_json

if TYPE_CHECKING:
    from retrievarium.data import Collection


@dataclass(frozen=True)
class Frames:
    folder: Path

    @cached_property
    def about(self) -> list[dict[str, Any]]:
        return list(read_json(self.folder / "about.json"))

    @cached_property
    def places(self) -> NDArray[np.float32]:
        return np.load(self.folder / "frames.npy", allow_pickle=False)


def frames_key(first: Map, fingerprints: Sequence[str]) -> dict[str, Any]:
    return {"frames": 1, "map": dict(read_json(first.folder / "made-from.json")), "encoders": list(fingerprints)}


def make_frames(
    collection: Collection,
    first: Map,
    spaces: Sequence[Vectors],
    names: Sequence[str] | None = None,
    ws: Workspace | None = None,
    progress: Progress = no_progress,
) -> Frames:
    """Lay out `spaces` (two or more, in the order of training) over the points of `first`, the map of the first one.

    Each frame starts where the one before ended and is turned onto it, so that what moves is what changed, as far as a
    map can show it; the numbers beside each frame are measured in its own space.
    """
    if len(spaces) < 2:
        raise InputError("a time-lapse needs two checkpoints or more", field="spaces")
    labels = list(names or [v.encoder for v in spaces])

    def make(folder: Path) -> None:
        points, seed = first.points, first.about["seed"]
        laid = [first.places.astype(np.float64)]
        told = []
        for i, vectors in enumerate(spaces):
            space = shown_space(collection, vectors, points)
            residual = 0.0
            if i:
                tell = _frame(progress, i, len(spaces), labels[i])
                places = umap(space.vectors, 2, space.metric, start=laid[-1], seed=seed, progress=tell)
                turned = procrustes(laid[-1], places)
                laid.append(turned.places)
                residual = turned.residual
            kept = point_fidelity(space, laid[-1])
            n = space.n
            told.append(
                {
                    "name": labels[i],
                    "encoder": vectors.fingerprint,
                    "kept_at_k": round(float(kept[:n].mean()), 4),
                    "query_fidelity": round(float(kept[n:].mean()), 4) if len(kept) > n else None,
                    "residual": round(residual, 4),
                    **space_numbers(collection, vectors, points.queries),
                }
            )
        np.save(folder / "frames.npy", np.stack(laid).astype(np.float32), allow_pickle=False)
        write_json(folder / "about.json", told)

    key = frames_key(first, [v.fingerprint for v in spaces])
    return Frames((ws or workspace()).build("map-frames", key, make))


def _frame(progress: Progress, number: int, count: int, name: str) -> Progress:
    def told(done: int, total: int, _: str, metrics: Any) -> None:
        progress(100 * number + int(100 * done / max(total, 1)), 100 * count, f"laying out {name}", metrics)

    return told
