"""What the Map shows, made once and kept by content: points, places, true lists, colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import streamlit as st
from numpy.typing import NDArray

from retrievarium import methods
from retrievarium.analysis import (
    Checks,
    JointSpace,
    Map,
    Pair,
    Points,
    Shade,
    Vectors,
    category,
    choose_points,
    find_checks,
    find_map,
    find_pair,
    found_shade,
    kept_vectors,
    known_shades,
    map_key,
    number,
    pca,
    shown_space,
)
from retrievarium.data import Collection
from retrievarium.figures.maps import TITLED
from retrievarium.workspace import workspace

K = 10
_LEAST = K + 2  # passages below which there are no neighbourhoods to speak of


def stamp() -> str:
    """Changes whenever the workspace gained vectors or a model; cheap enough to look at each time."""
    root = workspace().root / "artifacts"
    return ",".join(f"{k}:{(root / k).stat().st_mtime_ns}" for k in ("models", "vectors") if (root / k).is_dir())


def encoders(collection: Collection) -> dict[str, str]:
    """Names of encoders with a space to look at, and what the library takes for each."""
    return _encoders(collection.name, collection.fingerprint, stamp(), collection)


@st.cache_resource(max_entries=16, show_spinner=False)
def _encoders(name: str, fingerprint: str, stamp: str, _collection: Collection) -> dict[str, str]:
    return methods.encoders_at_hand(_collection)


def snapshots(collection: Collection, name: str) -> dict[str, str]:
    """What the training of an encoder kept on the way, by step; nothing for one that was not trained here."""
    return _snapshots(collection.name, collection.fingerprint, name, stamp(), collection)


@st.cache_resource(max_entries=16, show_spinner=False)
def _snapshots(name: str, fingerprint: str, encoder: str, stamp: str, _collection: Collection) -> dict[str, str]:
    return methods.snapshots_at_hand(_collection, encoder)


def twin(collection: Collection, name: str) -> str:
    """The name of a model that differs from this one by its seed alone, if there is one."""
    trained = {o.name: dict(o.about) for o in methods.shelf(collection) if o.kind == "trained"}
    if name not in trained:
        return ""
    mine = {k: v for k, v in trained[name].items() if k != "seed"}
    same = [n for n, about in trained.items() if n != name and {k: v for k, v in about.items() if k != "seed"} == mine]
    return same[0] if same else ""


def vectors(collection: Collection, spec: str, name: str) -> Vectors | None:
    """An encoder's vectors of this collection, under the name it is chosen by; None while they are not encoded."""
    found = _vectors(collection.name, collection.fingerprint, spec, stamp(), collection)
    return replace(found, encoder=name) if found is not None else None


@st.cache_resource(max_entries=6, show_spinner=False)
def _vectors(name: str, fingerprint: str, spec: str, stamp: str, _collection: Collection) -> Vectors | None:
    return kept_vectors(_collection, spec)


@dataclass(frozen=True)
class Scene:
    """One encoder's map with everything that belongs to it. `made` is None while only the preview is there."""

    collection: Collection
    vectors: Vectors
    points: Points
    made: Map | None
    checks: Checks | None

    @property
    def n(self) -> int:
        return len(self.points.passages)

    @property
    def size(self) -> int:
        return self.n + len(self.points.queries)

    @cached_property
    def space(self) -> JointSpace:
        return shown_space(self.collection, self.vectors, self.points)

    @cached_property
    def preview(self) -> tuple[NDArray[np.float32], float]:
        """The first two principal components and the share of the variance they show."""
        return pca(self.space.vectors)

    def places(self, layout: str) -> NDArray[np.float32]:
        if self.made is None:
            return self.preview[0]
        if layout == "map" or self.checks is None:
            return self.made.places
        if layout == "noise":
            return self._noise
        return self._seeds[int(layout[-1]) - 1]

    @cached_property
    def _seeds(self) -> NDArray[np.float32]:
        assert self.checks is not None
        return self.checks.array("seeds")

    @cached_property
    def _noise(self) -> NDArray[np.float32]:
        assert self.checks is not None
        return self.checks.array("noise")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each point is called in links and tables: `p:<id>` or `q:<id>`."""
        ids, asked = self.collection.passages.ids, self.collection.queries.ids
        return tuple(
            [f"p:{ids[i]}" for i in self.points.passages.tolist()]
            + [f"q:{asked[i]}" for i in self.points.queries.tolist()]
        )

    @cached_property
    def position(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def title(self, at: int) -> str:
        """A passage's title (or its beginning), a query's text."""
        if at >= self.n:
            return self.collection.queries.texts[int(self.points.queries[at - self.n])]
        row = int(self.points.passages[at])
        return self.collection.passages.titles[row] or self.collection.passages.texts[row][:80]

    @cached_property
    def titles(self) -> list[str]:
        """One a point where they fit into the message, else none: texts are then shown on click."""
        return [self.title(i) for i in range(self.size)] if self.size <= TITLED else []

    @cached_property
    def shades(self) -> dict[str, Shade]:
        """All colourings, the most telling first."""
        told = known_shades(self.collection, self.points)
        rest = len(self.points.queries)
        if self.made is not None:
            if rest and (found := found_shade(self.collection, self.points, self.made.lists, self.vectors.encoder)):
                told.insert(1, found)
            note = "Passages: share of the 10 nearest on the map that are true. Queries: of their nearest passages."
            told.append(number("kept", "neighbours kept", self.made.kept, note))
        if self.checks is not None:
            none = np.full(rest, np.nan)
            names = self.checks.numbers["clusters"]
            labels = [names[c] for c in self.checks.array("cluster")]
            note = "k-means in the original space; it finds clusters in noise, too."
            told.append(category("cluster", "cluster", [*labels, *[None] * rest], note, order=names))
            note = "Share of a passage's neighbours on the map that two more seeds agree on."
            told.append(
                number("stable", "agreed on by 3 seeds", np.concatenate([self.checks.array("floor"), none]), note)
            )
            hubs = np.concatenate([self.checks.array("hubs"), none])
            note = f"In how many {self.checks.numbers['hub_lists']}' true top 10 a passage stands."
            told.append(number("hubs", "hub: lists it is in", hubs, note))
        return {s.key: s for s in told}

    def default_shade(self) -> str:
        return next((k for k in ("type", "family", "found", "cluster") if k in self.shades), "point")

    def true_list(self, at: int, k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The k passages nearest to a point in the original space, and how near: exactly, under the one tie rule."""
        space = self.space
        passages, point = space.passages.astype(np.float64), space.vectors[at].astype(np.float64)
        if space.metric == "cosine":
            close = passages @ point
        else:
            close = -np.square(passages - point).sum(axis=1)
        if at < self.n:
            close[at] = -np.inf
        order = np.lexsort((np.arange(self.n), -close))[:k]
        return order, close[order]

    def score(self, at: int, close: float, row: int) -> float:
        """The retriever's own score of a passage for a point: cosine, or inner product."""
        if self.space.metric == "cosine":
            return float(close)
        found, points = self.vectors, self.points
        one = found.passages[points.passages[at]] if at < self.n else found.queries[points.queries[at - self.n]]
        return float(np.dot(one.astype(np.float64), found.passages[points.passages[row]].astype(np.float64)))

    def map_list(self, at: int, places: NDArray) -> NDArray[np.int64]:
        """All passages by distance on the map, the point itself left out."""
        apart = np.square(places[: self.n].astype(np.float64) - places[at].astype(np.float64)).sum(axis=1)
        if at < self.n:
            apart[at] = np.inf
        order = np.lexsort((np.arange(self.n), apart))
        return order[: self.n - 1] if at < self.n else order

    def search(self, words: str, most: int = 400) -> list[int]:
        """Positions of passages and queries whose text holds these words, in the collection's order."""
        hits: list[int] = []
        for rows, columns, offset in (
            (self.points.passages, (self.collection.passages.table, ("title", "text")), 0),
            (self.points.queries, (self.collection.queries.table, ("text",)), self.n),
        ):
            table, names = columns
            keep = np.ones(len(table), dtype=bool)
            for word in words.split():
                found = np.zeros(len(table), dtype=bool)
                for name in names:
                    match = pc.match_substring(table.column(name), word, ignore_case=True)
                    found |= match.to_numpy(zero_copy_only=False)
                keep &= found
            hits += (np.flatnonzero(keep[rows]) + offset).tolist()
        return hits[:most]


def too_small(collection: Collection) -> bool:
    return len(collection.passages) < _LEAST


def scene(collection: Collection, found: Vectors) -> Scene:
    """The scene of an encoder; ready at once where the map was shipped or made before."""
    key = map_key(collection, found.fingerprint)
    folder = find_map(collection, key)
    checks = find_checks(collection, Map(folder)) if folder is not None else None
    state = (str(folder), str(checks.folder) if checks else "")
    return _scene(collection.fingerprint, found.fingerprint, *state, collection, found)


@st.cache_resource(max_entries=4, show_spinner=False)
def _scene(
    collection: str, encoder: str, folder: str, checks: str, _collection: Collection, _vectors: Vectors
) -> Scene:
    if folder == "None":
        return Scene(_collection, _vectors, choose_points(_collection), None, None)
    made = Map(Path(folder))
    return Scene(_collection, _vectors, made.points, made, Checks(Path(checks)) if checks else None)


def pair(of: Scene, other: Vectors, together: bool = False) -> Pair | None:
    """Two encoders side by side, where that was made."""
    return find_pair(of.collection, of.made, other.fingerprint, together, workspace()) if of.made else None


def positions(of: Scene, chosen: Sequence[str]) -> list[int]:
    """Where the chosen points stand on this map; those it does not show are left out."""
    return [of.position[name] for name in chosen if name in of.position]
