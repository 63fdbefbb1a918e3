"""Details of a map that cost something: three dimensions, recall of an index, the big atlas."""

from __future__ import annotations

import importlib.util

import numpy as np
import streamlit as st

from components import map_jobs, page
from components.map_chart import Sight
from components.map_scene import K, Scene
from desk import desk
from retrievarium.analysis import Map, find_map, map_key
from retrievarium.figures import MapFigure

_INDEXED = 20_000  # passages up to which an index is built while the page is open
_ASKED = 200
_ATLAS_HEIGHT = 800


def third_dimension(sight: Sight, spec: str, dark: bool) -> None:
    """The map in three dimensions, with its own numbers: a third axis keeps a few more neighbours, and hides others."""
    of = sight.scene
    if of.made is None:
        page.note("Lay out the map first.")
        return
    folder = find_map(of.collection, map_key(of.collection, of.vectors.fingerprint, dims=3))
    if folder is None:
        job = map_jobs.running(of.collection, [spec], "3d")
        if job is not None:
            map_jobs.jobs.live(job)
            return
        st.button(
            "Lay out in three dimensions",
            key="map-3d-start",
            on_click=map_jobs.start,
            args=(of.collection, [spec], f"Map {of.collection.name} in 3-D", "3d", "--dims", "3", "--no-checks"),
        )
        return
    made = Map(folder)
    kept, flat = made.about["kept_at_k"], of.made.about["kept_at_k"]
    page.note(
        f"kept@{K}: {kept:.3f} in three dimensions, {flat:.3f} in two. "
        "Drag to turn; what lies in front hides what is behind."
    )
    figure = MapFigure(made.places, of.n, sight.shade, of.titles, dark=dark, height=560).figure()
    alt = f"The same points in three dimensions, coloured by {sight.shade.label}"
    st.plotly_chart(figure, key="map-3d-chart", config={"displaylogo": False}, alt=alt)


def index_recall(of: Scene) -> None:
    """How much of the exact top 10 an HNSW graph over these passages finds."""
    if not len(of.points.queries):
        page.note("Recall of an index needs queries.")
        return
    if of.n > _INDEXED:
        page.note(
            f"Measured up to {_INDEXED:,} passages here; build the index on Collections, which reports its recall."
        )
        return
    key = ("map-recall", of.vectors.fingerprint, of.collection.fingerprint)
    task = desk().peek(key)
    if task is None:
        if not st.button("Measure the recall of HNSW against exact search", key="map-recall"):
            return
        task = desk().task(key, lambda: _recall(of), "load")
    task.wait(4)
    if task.state == "working":
        page.callout("working", "Building the graph and searching it")
        page.poll([key])
    elif task.state == "failed":
        page.callout("stop", "The recall could not be measured", task.error)
    else:
        mean, worst, asked = task.value
        page.note(
            f"Recall@{K} of HNSW32 against exact search: {mean:.3f} on {asked} queries; "
            f"the worst query keeps {worst:.0%}."
        )


def _recall(of: Scene) -> tuple[float, float, int]:
    from retrievarium.indexes import make_index, recall_against_exact

    rows = of.points.passages
    ids = [of.collection.passages.ids[i] for i in rows.tolist()]
    passages = np.asarray(of.vectors.passages[rows], dtype=np.float32)
    queries = np.asarray(of.vectors.queries[of.points.queries[:_ASKED]], dtype=np.float32)
    both = [make_index(kind, of.vectors.similarity) for kind in ("HNSW32", "Flat")]
    for index in both:
        index.add(ids, passages)
    told = recall_against_exact(both[0], both[1], queries, K)
    return float(told.mean()), float(told.min()), len(queries)


def atlas_at_hand() -> tuple[bool, str]:
    """Whether the optional viewer for millions of points can be used, and why not."""
    if importlib.util.find_spec("embedding_atlas") is None:
        return False, 'It is not installed: pip install "retrievarium[atlas]". Nothing here needs it.'
    return True, "It draws with WebGPU; a browser without it shows an empty frame, and the map above stays."


_GPU = """
export default function(component) {
  const { setStateValue, data } = component;
  const has = Boolean(navigator.gpu);
  if (!data || data.known !== has) setStateValue("gpu", has);
}
"""


def atlas(sight: Sight) -> None:
    """The same points in embedding-atlas, where the package and the browser can; never required."""
    ready, why = atlas_at_hand()
    page.note(why)
    if not ready:
        return
    known = st.session_state.get("map-gpu", {}).get("gpu") if "map-gpu" in st.session_state else None
    probe = st.components.v2.component("map_gpu_probe", js=_GPU)
    probe(key="map-gpu", data={"known": known}, on_gpu_change=lambda: None)
    if known is False:
        page.callout("warning", "This browser has no WebGPU", "The atlas cannot draw here; the map above can.")
        return
    if not st.button("Open the atlas", key="map-atlas"):
        return
    import pandas as pd
    from embedding_atlas.streamlit import embedding_atlas

    of = sight.scene
    frame = pd.DataFrame(
        {
            "x": sight.places[:, 0].astype(float),
            "y": sight.places[:, 1].astype(float),
            "text": [of.title(i) for i in range(of.size)],
            sight.shade.label: [sight.shade.of(i) for i in range(of.size)],
        }
    )
    # the component reads its frame once a key: another map has to be another component
    embedding_atlas(frame, x="x", y="y", text="text", key=f"atlas-{of.vectors.fingerprint}-{of.size}-{sight.shade.key}")
