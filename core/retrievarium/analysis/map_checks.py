"""What a map's numbers have to be held against: other seeds, noise, and the shape of the space itself.

seeds.npy   float32 (2, n + m, dims): the same data under two more seeds, turned onto the map
noise.npy   float32 (n + m, dims): the same procedure on shuffled coordinates
floor.npy   float32 (n + m,): share of neighbours on the map that the seeds agree on
hubs.npy    int32 (n,): in how many queries' (or passages') top 10 a passage stands
cluster.npy int16 (n,): its cluster in the original space
checks.json the numbers
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.alignment import procrustes
from retrievarium.analysis.clusters import clusters
from retrievarium.analysis.fidelity import false_friends, lost_friends, seed_floor, shuffled
from retrievarium.analysis.geometry import alignment_uniformity, anisotropy, hubness, query_passage_gap
from retrievarium.analysis.map_points import gold_rows
from retrievarium.analysis.maps import K, Map, find_map, point_fidelity, shown_space
from retrievarium.analysis.neighbours import neighbours
from retrievarium.analysis.projection import neighbour_table, umap
from retrievarium.analysis.ranks import continuity, trustworthiness
from retrievarium.analysis.spaces import JointSpace, Vectors
from retrievarium.contracts import Progress, no_progress
from retrievarium.workspace import Workspace, read_json, workspace, write_json

if TYPE_CHECKING:
    from retrievarium.data import Collection

_SEEDS = 2  # beside the map's own
_SAMPLE = 1_000
_LEAST_QUERIES = 10
_STEPS = _SEEDS + 3


@dataclass(frozen=True)
class Checks:
    folder: Path

    @cached_property
    def numbers(self) -> dict[str, Any]:
        return dict(read_json(self.folder / "checks.json"))

    def array(self, name: str) -> NDArray:
        return np.load(self.folder / f"{name}.npy", allow_pickle=False)


def checks_key(of: Map) -> dict[str, Any]:
    """Checks belong to one map."""
    return {"checks": 1, "map": dict(read_json(of.folder / "made-from.json"))}


def find_checks(collection: Collection, of: Map, ws: Workspace | None = None) -> Checks | None:
    folder = find_map(collection, checks_key(of), "map-checks", ws)
    return None if folder is None else Checks(folder)


def make_checks(
    collection: Collection, vectors: Vectors, of: Map, ws: Workspace | None = None, progress: Progress = no_progress
) -> Checks:
    """Lay the map out again under other seeds and on noise, and measure the space; a load where that was done."""
    found = find_checks(collection, of, ws)
    if found is not None:
        return found
    key = checks_key(of)
    make = (ws or workspace()).build
    return Checks(make("map-checks", key, lambda folder: write_checks(folder, collection, vectors, of, progress)))


def write_checks(
    folder: Path, collection: Collection, vectors: Vectors, of: Map, progress: Progress = no_progress
) -> None:
    points, about = of.points, of.about
    space = shown_space(collection, vectors, points)
    n, dims, seed = space.n, about["dims"], about["seed"]

    def stage(number: int, what: str) -> Progress:
        def told(done: int, total: int, _: str, metrics: Mapping[str, float]) -> None:
            progress(int(100 * (number + done / max(total, 1))), 100 * _STEPS, what, metrics)

        return told

    table = neighbour_table(space.vectors, metric=space.metric)
    others = []
    for i in range(1, _SEEDS + 1):
        tell = stage(i - 1, f"laying out seed {seed + i}")
        again = umap(space.vectors, dims, space.metric, table=table, seed=seed + i, progress=tell)
        others.append(procrustes(of.places, again))
    noise = JointSpace(shuffled(space.vectors, seed), space.metric, n)
    blank = umap(noise.vectors, dims, noise.metric, seed=seed, progress=stage(_SEEDS, "laying out noise"))
    blank_kept = point_fidelity(noise, blank)
    stage(_SEEDS + 1, "measuring")(0, 1, "", {})
    floor = seed_floor([of.places[:n], *(o.places[:n] for o in others)], K)
    again_kept = [point_fidelity(space, o.places) for o in others]
    numbers: dict[str, Any] = {
        "kept_noise": _mean(blank_kept[:n]),
        "query_noise": _mean(blank_kept[n:]),
        "seed_agreement": _mean(floor),
        "kept_seeds": [_mean(f[:n]) for f in again_kept],
        "query_seeds": [_mean(f[n:]) for f in again_kept],
        "residual_seeds": [round(o.residual, 4) for o in others],
    }
    numbers |= map_numbers(space, of.places)
    stage(_SEEDS + 2, "measuring the space")(0, 1, "", {})
    lists = neighbours(space.passages, K, space.metric, space.queries if len(space.queries) else None)[0]
    hubs = hubness(lists, n)
    labels, names = clusters(space.passages, [collection.passages.titles[i] for i in points.passages], seed=seed)
    numbers |= space_numbers(collection, vectors, points.queries) | {
        "hub_skewness": round(hubs.skewness, 3),
        "hub_antihubs": round(hubs.antihubs, 4),
        "hub_top_share": round(hubs.top_share, 4),
        "hub_lists": "queries" if len(space.queries) else "passages",
        "clusters": names,
    }
    for name, array in (
        ("seeds", np.stack([o.places for o in others]).astype(np.float32)),
        ("noise", blank.astype(np.float32)),
        ("floor", floor.astype(np.float32)),
        ("hubs", hubs.counts.astype(np.int32)),
        ("cluster", labels.astype(np.int16)),
    ):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    write_json(folder / "checks.json", numbers)


def _mean(values: NDArray) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def map_numbers(space: JointSpace, places: NDArray) -> dict[str, Any]:
    """What compares a map with its space, on passages."""
    n, high, low = space.n, space.passages, places[: space.n]
    rows = None
    if n > _SAMPLE:
        rows = np.sort(np.random.default_rng([0, 0x51]).choice(n, _SAMPLE, replace=False))
    k = min(K, (n - 1) // 3)
    within = min(3 * K, n - 1)
    return {
        "sampled": None if rows is None else _SAMPLE,
        "trustworthiness": _mean(trustworthiness(high, low, k, space.metric, _SAMPLE)),
        "continuity": _mean(continuity(high, low, k, space.metric, _SAMPLE)),
        "false_friends": _mean(false_friends(high, low, K, within, space.metric, rows).share),
        "lost_friends": _mean(lost_friends(high, low, K, within, space.metric, rows).share),
        "friends_within": within,
    }


def space_numbers(collection: Collection, vectors: Vectors, query_rows: NDArray[np.int64]) -> dict[str, Any]:
    """What is true of the encoder's space, whatever the map: cone, alignment, uniformity, gap."""
    rng = np.random.default_rng([0, 0x52])
    passages = vectors.passages
    if len(passages) > 5 * _SAMPLE:
        passages = passages[np.sort(rng.choice(len(passages), 5 * _SAMPLE, replace=False))]
    cone = anisotropy(passages)
    told: dict[str, Any] = {
        "mean_cosine": round(cone.mean_cosine, 4),
        "top_axis_share": round(cone.top_share, 4),
        "effective_rank": round(cone.effective_rank, 1),
        "isoscore": round(cone.isoscore, 4),
        "dimensions": int(passages.shape[1]),
    }
    gold = gold_rows(collection, query_rows)
    if len(gold) >= _LEAST_QUERIES:
        pairs = np.array([(q, rows[0]) for q, rows in gold.items()])
        asked, answered = vectors.queries[pairs[:, 0]], vectors.passages[pairs[:, 1]]
        alignment, uniformity = alignment_uniformity(asked, answered, passages)
        told |= {"alignment": round(alignment, 4), "uniformity": round(uniformity, 4)}
    if len(query_rows) >= _LEAST_QUERIES:
        gap = query_passage_gap(vectors.queries[query_rows], passages)
        told |= {"gap_distance": round(gap.distance, 4), "gap_accuracy": round(gap.accuracy, 4)}
    return told
