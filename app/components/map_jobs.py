"""A map that is not there yet: what it needs, how long that takes, and the job that makes it in the background."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import jobs, page
from components.map_scene import Scene
from components.text import seconds
from retrievarium.analysis import estimate_seconds, find_map, map_key
from retrievarium.data import Collection
from retrievarium.workspace import Job, workspace

_NO_TWIN = (
    "No other training seed of it is at hand, so the floor is what withholding a tenth of the coordinates changes."
)
_TEXTS_PER_SECOND = 60  # MiniLM on two laptop cores; for a first estimate only


def _about(collection: Collection, specs: Sequence[str], kind: str) -> dict[str, str]:
    return {"map": "|".join(specs), "collection": collection.fingerprint, "kind": kind}


def running(collection: Collection, specs: Sequence[str], kind: str = "map") -> Job | None:
    """The job that makes this map, while it is not over; a failed one is told about."""
    job = workspace().jobs.find(**_about(collection, specs, kind))
    if job is None:
        return None
    status = job.status()
    if status.state in ("failed", "died"):
        page.callout("stop", "The last attempt to lay out this map ended with an error", (status.error or "")[-800:])
    return None if status.final else job


def start(collection: Collection, specs: Sequence[str], title: str, kind: str = "map", *more: str) -> None:
    argv = ["map", "-c", collection.name, *(a for s in specs for a in ("-e", s)), *more]
    workspace().jobs.start(argv, title, **_about(collection, specs, kind))


def offer(key: str, what: str, detail: str, button: str, argv: tuple[object, ...]) -> None:
    """What is missing, what it costs, and the button that starts it; `argv` as `start` takes it."""
    with st.container(key=f"map-offer-{key}"):
        words, place = st.columns([5, 1.4], vertical_alignment="center")
        with words:
            page.callout("note", what, detail)
        place.button(button, key=f"map-start-{key}", type="primary", width="stretch", on_click=start, args=argv)


def encode(collection: Collection, spec: str, name: str) -> None:
    """No vectors yet: encode and map in one job. `name`: what the encoder that `spec` opens is called."""
    job = running(collection, [spec])
    if job is not None:
        jobs.live(job)
        _watch(collection, None)
        return
    n = len(collection.passages) + len(collection.queries)
    estimate = n / _TEXTS_PER_SECOND + estimate_seconds(min(n, 50_000))
    offer(
        "encode",
        f"{name} has not seen {collection.name} yet",
        f"Encode its {n:,} texts and lay them out? It takes {seconds(estimate)} here, in a process of its own.",
        "Encode and map",
        (collection, [spec], f"Map {collection.name} with {name}"),
    )


def lay_out(of: Scene, spec: str) -> None:
    """Under the preview, or under a map without its checks: the job, or the offer to start it."""
    if of.made is not None and of.checks is not None:
        return
    job = running(of.collection, [spec])
    if job is not None:
        jobs.live(job)
        _watch(of.collection, of)
        return
    what, button = "The map is not laid out yet", "Lay out"
    if of.made is not None:
        what, button = "Noise and other seeds are not measured yet", "Measure"
    offer(
        "lay",
        what,
        f"It takes {seconds(estimate_seconds(of.size))} here, in a process of its own; the page stays usable.",
        button,
        (of.collection, [spec], f"Map {of.collection.name} with {of.vectors.encoder}"),
    )


def beside(of: Scene, first: str, second: str, name: str, twin: str = "", together: bool = False) -> None:
    """Two encoders: the job that makes the second map, or the offer to start it.

    twin: another seed of the second; together: by AlignedUMAP, in place of turning the second map onto the first.
    """
    kind = "together" if together else "pair"
    job = running(of.collection, [first, second], kind)
    if job is not None:
        jobs.live(job)
        return
    more = (*(("--twin", twin) if twin else ()), *(("--together",) if together else ()))
    slow = " AlignedUMAP compiles for a minute first and is slow; it runs in the background." if together else ""
    offer(
        "pair",
        f"{name} is not laid out beside {of.vectors.encoder} yet",
        f"It takes {seconds(estimate_seconds(of.size))} here, more where its texts are not encoded. "
        + (f"What two training seeds change ({name}, {twin}) is the floor." if twin else _NO_TWIN)
        + slow,
        "Put beside",
        (of.collection, [first, second], f"Map {of.collection.name}: {of.vectors.encoder} and {name}", kind, *more),
    )


def _watch(collection: Collection, of: Scene | None) -> None:
    """Show the map as soon as it is laid out, before its checks are done. Reads files only."""
    before = of is not None and of.made is not None

    @st.fragment(run_every=1.0)
    def look() -> None:
        if of is None or before:
            return
        if find_map(collection, map_key(collection, of.vectors.fingerprint)) is not None:
            st.rerun()

    look()
