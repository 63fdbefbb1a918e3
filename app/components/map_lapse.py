"""Training as a time-lapse: the same points in the spaces that an encoder went through while it learned."""

from __future__ import annotations

import streamlit as st

from components import jobs, map_jobs, map_scene, page
from components.map_chart import Sight
from components.map_scene import K
from components.text import seconds
from retrievarium.analysis import Frames, estimate_seconds
from retrievarium.figures import time_lapse
from retrievarium.workspace import workspace

OPEN = "mw"  # in the link: the time-lapse is open
_TEXTS_PER_SECOND = 400  # of a model trained here, on one core; for a first estimate only


def section(sight: Sight, encoder: str, dark: bool) -> None:
    """Of an encoder that was trained here: its time-lapse, or the offer to lay it out; nothing for any other."""
    of = sight.scene
    kept = map_scene.snapshots(of.collection, encoder)
    frames = _frames(sight)
    if not kept and frames is None:
        return
    panel = st.expander(
        f"How {encoder} learned: a time-lapse",
        expanded=OPEN in st.query_params,
        icon=":material/movie:",
        on_change="rerun",
        key="map-lapse",
    )
    if not panel.open:
        return
    with panel:
        if frames is None:
            _offer(sight, encoder, list(kept))
        else:
            _show(sight, frames, dark)


def _frames(sight: Sight) -> Frames | None:
    """The newest time-lapse over these points that this encoder has part in."""
    of = sight.scene
    for artifact in workspace().list("map-frames"):
        key = artifact.key
        if key["map"].get("collection") == of.collection.fingerprint and of.vectors.fingerprint in key["encoders"]:
            found = Frames(artifact.path)
            if found.places.shape[1] == of.size:
                return found
    return None


def _offer(sight: Sight, encoder: str, labels: list[str]) -> None:
    of = sight.scene
    job = map_jobs.running(of.collection, [encoder], "lapse")
    if job is not None:
        jobs.live(job)
        return
    count = len(labels)
    took = count * (of.size / _TEXTS_PER_SECOND + estimate_seconds(of.size) / 4)
    map_jobs.offer(
        "lapse",
        f"Its training kept {count} models: {labels[0]} to {labels[-1]}",
        f"Encode the collection with each and lay them out, each map growing out of the one before? It takes "
        f"{seconds(took)} here, in a process of its own.",
        "Lay out",
        (
            of.collection,
            [encoder],
            f"Time-lapse of {encoder} on {of.collection.name}",
            "lapse",
            "--over-training",
            "--no-checks",
        ),
    )


def _show(sight: Sight, frames: Frames, dark: bool) -> None:
    of = sight.scene
    names = [f["name"] for f in frames.about]
    st.plotly_chart(
        time_lapse(frames.places, names, of.n, sight.shade, dark, prefix=""),
        key="map-lapse-chart",
        config={"displaylogo": False},
        alt="Each checkpoint's map, turned onto the one before: " + ", ".join(names),
    )
    page.note(
        "Each map grows out of the one before, so what moves is what changed, as far as a map can show it. "
        "The table is measured in each space itself."
    )
    told = [
        {
            "checkpoint": f["name"],
            f"kept@{K}": f["kept_at_k"],
            "query fidelity": f["query_fidelity"],
            "alignment": f.get("alignment"),
            "uniformity": f.get("uniformity"),
            "effective rank": f["effective_rank"],
        }
        for f in frames.about
    ]
    st.dataframe(told, hide_index=True, alt="Numbers of each checkpoint, measured in its own space")
