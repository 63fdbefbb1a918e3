"""A bench that is not there yet: what it takes, the job that measures it, and going on after a stop."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from components import jobs, page
from components.text import seconds
from components.unit_state import View
from retrievarium.data import Collection
from retrievarium.workspace import Job, workspace

_TOKENS_A_SECOND = {"minilm": 9_000}  # two laptop cores
_SMALL = 40_000  # of a model trained here
_TOKENS_A_WORD = 1.4
_RECENT = 3_600.0


def _about(collection: Collection, view: View) -> dict[str, str]:
    return {"granularity": view.engine, "units": "|".join(view.units), "collection": collection.fingerprint}


def expected(collection: Collection, view: View) -> float:
    """Seconds, from the words of the text: each kind of unit encodes nearly all of them once."""
    passages = collection.passages
    words = sum(len(t.split()) for t in passages.texts) + 2 * len(passages)
    if view.engine == "bm25":
        return 2 + len(view.units) * words / 400_000
    rate = _TOKENS_A_SECOND.get(view.engine, _SMALL)
    questions = 12 * len(collection.queries)
    return 5 + (len(view.units) * words + questions) * _TOKENS_A_WORD / rate


def running(collection: Collection, view: View) -> Job | None:
    """The job that measures this, while it is not over."""
    job = workspace().jobs.find(**_about(collection, view))
    return None if job is None or job.status().final else job


def _watch(job: Job) -> None:
    """Show the page again as soon as the job is over. Reads files only."""

    @st.fragment(run_every=1.0)
    def look() -> None:
        if job.status().final:
            st.rerun()

    look()


def start(collection: Collection, view: View, split: str) -> None:
    argv = ["granularity", "-c", collection.name, "-r", view.spec, *(a for u in view.units for a in ("-u", u))]
    argv += ["--split", split] if split else []
    jobs.start(argv, f"Granularity of {collection.name} with {view.engine}", **_about(collection, view))


def section(collection: Collection, view: View, split: str, missing: Sequence[str]) -> bool:
    """The job or the offer to start it; True while a job is at work."""
    job = workspace().jobs.find(**_about(collection, view))
    status = job.status() if job is not None else None
    if job is not None and status is not None and not status.final:
        jobs.live(job)
        st.button("Cancel", key="unit-cancel", on_click=job.cancel, icon=":material/stop_circle:")
        _watch(job)
        return True
    fresh = status is not None and time.time() - (status.heartbeat or 0) < _RECENT
    what, verb = f"{', '.join(missing)} not measured with {view.engine} yet", "Measure"
    detail = ""
    if status is not None and fresh and status.state in ("failed", "died"):
        page.callout("stop", "The last attempt ended with an error", (status.error or "")[-800:])
    if status is not None and fresh and status.state == "cancelled":
        what, verb = "Stopped; what was finished is kept", "Go on"
        detail = f"It stood at {status.step:,} of {status.total:,}. " if status.total else ""
    took = seconds(expected(collection, view))
    detail += f"It takes {took} here at most, in a process of its own; the page stays usable."
    if any(u.startswith("endpoint:") for u in view.units):
        detail += " An endpoint is paid for by the token: the job tells them as it goes, and no text is paid for twice."
    if "seq2seq" in view.units:
        detail += " The tiny writer is taught first, once for this workspace: some minutes more."
    with st.container(key="unit-offer"):
        words, place = st.columns([5, 1.3], vertical_alignment="center")
        with words:
            page.callout("note", what, detail)
        place.button(
            verb, key="unit-start", type="primary", width="stretch", on_click=start,
            args=(collection, view, split),
        )  # fmt: skip
    return False
