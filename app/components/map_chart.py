"""The map itself: one chart an encoder, the selection in both, the truth drawn on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from numpy.typing import NDArray

from components import map_state
from components.map_scene import K, Scene, positions
from components.map_state import View
from retrievarium.analysis import Shade, category
from retrievarium.figures import MapFigure, Overlay
from retrievarium.workspace import content_hash
from state import Selection

_SHOWN_FRIENDS = 10


@dataclass(frozen=True)
class Sight:
    """What one chart shows of a scene."""

    scene: Scene
    places: NDArray
    shade: Shade
    query: int | None = None
    focus: int | None = None
    hits: Sequence[int] = ()
    noise: bool = False


def query_position(of: Scene, chosen: Selection) -> int | None:
    """Where the query in view stands, if this map shows it."""
    return of.position.get(f"q:{chosen.query}") if chosen.query and not chosen.ask else None


def focus_position(of: Scene, view: View) -> int | None:
    return of.position.get(view.focus) if view.focus else None


def overlay(sight: Sight, k: int) -> Overlay:
    """Rays of the query to its true top k; rings on the false and lost friends of the passage in view."""
    if sight.noise:
        return Overlay()
    of = sight.scene
    ranked = of.true_list(sight.query, k)[0].tolist() if sight.query is not None else []
    false: list[int] = []
    lost: list[int] = []
    if sight.focus is not None:
        true = of.true_list(sight.focus, K)[0].tolist()
        near = of.map_list(sight.focus, sight.places)[:K].tolist()
        false = [p for p in near if p not in set(true)][:_SHOWN_FRIENDS]
        lost = [p for p in true if p not in set(near)][:_SHOWN_FRIENDS]
    return Overlay(sight.query, ranked, sight.focus, false, lost, list(sight.hits))


@dataclass(frozen=True)
class _Drawn:
    """What a chart on screen holds: a changed figure loses the selection in the browser, so the figure stays the same,
    byte by byte, while the only news is a selection that the browser made itself (`live`)."""

    signature: str
    baked: tuple[str, ...]
    live: tuple[str, ...] | None = None


def _slot(name: str) -> str:
    return f"map-drawn-{name}"


def _picked(key: str, name: str, of: Scene) -> None:
    """A lasso or box selects; a click on one point puts it in view; a double click on the ground lets go."""
    told = st.session_state[key]["selection"]
    found = {_row(point) for point in told["points"]}
    rows = sorted(r for r in found if r is not None)
    if len(rows) == 1 and not told.get("lasso") and not told.get("box"):
        map_state.focus_on(of.names[rows[0]])
        return
    chosen = tuple(of.names[r] for r in rows)
    map_state.choose(chosen)
    drawn = st.session_state.get(_slot(name))
    if drawn is not None:
        st.session_state[_slot(name)] = replace(drawn, live=chosen)


def _row(point: dict[str, Any]) -> int | None:
    """A point's position; rings, rays and legend entries carry none."""
    data = point.get("customdata")
    value = data[0] if isinstance(data, list | tuple) and data else data
    return int(value) if isinstance(value, int | float) else None


def figure(sight: Sight, view: View, k: int, dark: bool, name: str, height: int = 640) -> MapFigure:
    """The figure of one chart, the same one while nothing but the browser's own selection is new."""
    of = sight.scene
    over = overlay(sight, k)
    shade = sight.shade
    if sight.noise:  # a shuffled point is nobody: no colour, no title, no selection
        shade = category("point", "passage or query", [*["passage"] * of.n, *["query"] * (of.size - of.n)])
    about = [of.vectors.fingerprint, of.size, of.made is not None, of.checks is not None, view.layout, sight.noise]
    signature = content_hash([*about, shade.key, shade.label, repr(over), dark, height])
    drawn: _Drawn | None = st.session_state.get(_slot(name))
    if drawn is None or drawn.signature != signature or view.chosen not in (drawn.baked, drawn.live):
        drawn = _Drawn(signature, view.chosen)
        st.session_state[_slot(name)] = drawn
    return MapFigure(
        sight.places,
        of.n,
        shade,
        () if sight.noise else of.titles,
        () if sight.noise else positions(of, drawn.baked),
        over,
        dark,
        height,
        revision=f"{of.vectors.fingerprint}-{view.layout}",
    )


def chart(sight: Sight, view: View, k: int, dark: bool, name: str, alt: str, height: int = 640) -> MapFigure:
    """Draw one map that can be selected on."""
    made = figure(sight, view, k, dark, name, height)
    key = f"map-{name}"
    config = {
        "displayModeBar": True,
        "displaylogo": False,
        "scrollZoom": True,
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": f"map-{sight.scene.vectors.encoder}"},
    }
    if sight.noise:
        st.plotly_chart(made.figure(), key=f"{key}-noise", config=config, alt=alt)
    else:
        st.plotly_chart(
            made.figure(),
            key=key,
            on_select=lambda: _picked(key, name, sight.scene),
            selection_mode=("points", "box", "lasso"),
            config=config,
            alt=alt,
        )
    return made
