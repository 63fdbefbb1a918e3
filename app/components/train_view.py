"""One training: how far it is, its curves, how to stop it and go on, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

import sources
import state
from components import jobs, page
from components.text import escaped, seconds
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection, load_collection
from retrievarium.figures import PALETTE, training_curve
from retrievarium.methods import snapshots_at_hand
from retrievarium.workspace import JobStatus
from trainings import Recipe, Training, trainings

COMPARE = "app_pages/compare.py"
MAP = "app_pages/map.py"
_LISTED = 12
_TILES = ("loss", "gradient norm", "lr", "examples per second")
_WORDS = {
    "queued": "◷ waiting",
    "running": "▶ running",
    "done": "✓ done",
    "failed": "✕ failed",
    "cancelled": "■ stopped",
    "died": "✕ died",
}

Rows = Sequence[Mapping[str, Any]]


def start(recipe: Recipe, fingerprint: str) -> None:
    """Queue it; the new job is the one in view."""
    jobs.start(recipe.argv(), recipe.title, train=recipe.method, collection=fingerprint)
    st.session_state["tj"] = trainings()[0].newest.id


def resume(training: Training) -> None:
    """The same command again: it goes on from its checkpoint."""
    about = {k: str(v) for k, v in training.newest.config["about"].items()}
    jobs.start(training.recipe.argv(), training.recipe.title, **about)
    st.session_state["tj"] = trainings()[0].newest.id


# -- the one in view


def view(training: Training, dark: bool) -> None:
    page.heading(training.recipe.title)
    status = training.status
    if not status.final:
        _live(training, dark)
    else:
        _ended(training, status)
        rows = _curves(training, status)
        if rows:
            _tiles(_last(rows))
            _draw(training, rows, status.total or None, dark)
        _report(status)


def _live(training: Training, dark: bool) -> None:
    """Reads files only, every second. The strip of jobs draws the page anew when it ends."""

    def draw() -> None:
        status, job = training.status, training.newest
        took = f", {seconds(time.time() - status.started)} so far" if status.started else ""
        st.html(f'<p class="rv-sentence">{escaped(jobs.words(job, status) + took)}</p>')
        st.progress(min(1.0, status.step / status.total) if status.total else 0.0)
        stages = training.stages()
        if not stages:
            page.note("It loads libraries and reads the collection; the curve begins with the first steps.")
            return
        what, rows = list(stages.items())[-1]
        _tiles(_last(rows))
        _earlier(list(stages.items())[:-1])
        _draw(training, rows, status.total if status.what == what else None, dark)

    st.fragment(draw, run_every=1.0)()
    job = training.newest
    if (job.folder / "CANCEL").exists():
        page.callout("working", "It stops at its next step", "The checkpoint is kept, and it can go on from there.")
        return
    with st.container(horizontal=True):
        st.button("Cancel", key="train-cancel", on_click=job.cancel, icon=":material/stop_circle:")
        page.note("Keeps the checkpoint. You may close this page: the training goes on, and this page finds it again.")


def _ended(training: Training, status: JobStatus) -> None:
    if status.state == "done":
        _done(training, status)
        return
    at = f"at step {status.step:,} of {status.total:,} of {status.what}" if status.total else "before its first step"
    if status.state == "cancelled":
        page.callout("note", f"Stopped {at}", "The checkpoint is kept. Resume goes on from there to the same result.")
    elif status.state == "died":
        page.callout(
            "stop",
            f"The process died {at}",
            f"Its last words: {(status.error or 'none')[-1_200:]}. Resume goes on from the last checkpoint.",
        )
    else:
        page.callout("stop", "It ended with an error", (status.error or training.newest.log_tail(20))[-1_500:])
    label = "Try again" if status.state == "failed" else "Resume"
    st.button(
        label, type="primary", key="train-resume", on_click=resume, args=(training,), icon=":material/play_arrow:"
    )


def column(training: Training, report: Mapping[str, Any]) -> tuple[Collection, str] | None:
    """The collection and the name under which the trained model is a column of Compare; None where it is gone."""
    try:
        collection = load_collection(training.recipe.collection)
    except RetrievariumError:
        return None
    for offer in sources.shelf(collection):
        about = offer.about
        if (
            offer.kind == "trained"
            and about["method"] == report["method"]
            and about["seed"] == report["seed"]
            and about["budget"] == report["budget"]
            and about["settings"] == report["settings"]
            and about["collection"] == report["collection"]["fingerprint"]
        ):
            return collection, offer.name
    return None


def _done(training: Training, status: JobStatus) -> None:
    report = status.result or {}
    found = column(training, report) if report else None
    if found is None:
        page.callout(
            "warning",
            "It is trained, but its model is not at hand any more",
            "Its collection or its model was changed or removed since. Train it again to have it back.",
        )
        return
    took = "It took" if len(training.jobs) == 1 else "Its last part took"  # a report counts from where a run went on
    told = f"{took} {report['seconds']:.0f} seconds. It is a column in Compare."
    page.callout("ok", f"{found[1]} is trained on {found[0].name}", told)
    open_in_compare(*found)


def open_in_compare(collection: Collection, name: str) -> None:
    columns = ("bm25", name, f"bm25 + {name}") if name.isidentifier() else ("bm25", name)
    to = state.Selection(collection=collection.name, retrievers=columns)
    st.page_link(
        COMPARE, label=f"Search with {name} in Compare", icon=":material/view_column:", query_params=to.params()
    )
    if snapshots_at_hand(collection, name):
        st.page_link(
            MAP,
            label="Watch its map change while it learned",
            icon=":material/movie:",
            query_params={**to.params(), "me": name, "mw": "1"},
        )


# -- curves


def _curves(training: Training, status: JobStatus) -> Rows:
    """The last stage's rows: from the report, which has all of them, else from the jobs."""
    stages = (status.result or {}).get("stages") or []
    if stages:
        return [r for r in stages[-1]["curve"] if "step" in r]
    told = training.stages()
    return list(told.values())[-1] if told else []


def _last(rows: Rows) -> dict[str, float]:
    return {k: v for r in rows for k, v in r.items() if k != "what" and v is not None}


def _tiles(last: Mapping[str, float]) -> None:
    measures = [n for n in last if "@" in n or n.startswith("dev")]
    names = [n for n in (*_TILES[:2], *measures, *_TILES[2:]) if n in last]
    tiles = "".join(f"<div><b>{last[n]:.4g}</b><span>{escaped(n)}</span></div>" for n in names)
    st.html(f'<div class="rv-figures" aria-live="off">{tiles}</div>')


def _earlier(stages: Sequence[tuple[str, Rows]]) -> None:
    told = []
    for what, rows in stages:
        last = _last(rows)
        if "loss" in last:
            told.append(f"{what}: {last['step']:,.0f} steps, loss {last['loss']:.3f}")
    if told:
        page.note(f"Before: {'; '.join(told)}.")


def _draw(training: Training, rows: Rows, total: int | None, dark: bool) -> None:
    if not any("loss" in r for r in rows):
        return
    colours = PALETTE["dark" if dark else "light"]
    last = _last(rows)
    st.plotly_chart(
        training_curve(rows[-4_000:], colours[:3], norm=True, last=total),
        key=f"curve-{training.newest.id}",
        config={"displayModeBar": False},
        alt="Loss, measure on dev and gradient norm by step; last: "
        + ", ".join(f"{k} {v:.4g}" for k, v in last.items() if k != "step"),
    )
    with st.expander("The curve as a table", icon=":material/table_rows:"):
        st.dataframe([{k: v for k, v in r.items() if k != "what"} for r in rows], hide_index=True, height=240)


def _report(status: JobStatus) -> None:
    report = status.result
    if not report:
        return
    with st.expander("How it came to be", icon=":material/receipt_long:"):
        config = (report["stages"] or [{}])[-1].get("config") or {}
        page.note(
            f"Device {report['device']}; {config.get('threads', '?')} threads, {config.get('precision', '?')}; "
            + ", ".join(f"{n} {v}" for n, v in report["versions"].items())
        )
        st.json({"settings": report["settings"], "budget": report["budget"]}, expanded=1)
        page.note("Lineage: what it started from.")
        st.json(report["lineage"], expanded=1)
        for note in report["notes"]:
            page.note(note)


# -- all of them


def listing(found: Sequence[Training], in_view: Training | None) -> None:
    page.heading("Trainings of this workspace", "Newest first. They go on whatever happens to this page.")
    if not found:
        page.empty("Nothing was trained here yet.", "Choose a method above; smoke takes twenty seconds.")
        return
    for training in found[:_LISTED]:
        status = training.status
        words, button = st.columns([6, 1.1], vertical_alignment="center")
        last = status.metrics or {}
        measure = next((f", {n}: {v:.3f}" for n, v in last.items() if "@" in n), "")
        stopped = f" at step {status.step:,} of {status.total:,}" if status.state in ("cancelled", "died") else ""
        mark = " (in view)" if in_view is not None and training.newest.id == in_view.newest.id else ""
        with words:
            st.html(
                f'<div class="rv-job"><b>{escaped(training.recipe.title)}</b>{mark}<br><span class="rv-note">'
                f"{escaped(_WORDS.get(status.state, status.state) + stopped + measure)}</span></div>"
            )
        button.button(
            "Open", key=f"open-{training.newest.id}", width="stretch", on_click=_open, args=(training.newest.id,)
        )


def _open(job_id: str) -> None:
    st.session_state["tj"] = job_id
