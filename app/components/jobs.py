"""Long work, seen through its files: what runs, how far it is, how long the rest takes, and how to stop it."""

from __future__ import annotations

import time

import streamlit as st

from components import page
from components.text import escaped, seconds
from desk import desk
from retrievarium.figures import training_curve
from retrievarium.workspace import Job, JobStatus, workspace

_RECENT = 600.0  # seconds that a finished job stays in the strip
_WORDS = {
    "queued": "◷ waiting",
    "running": "▶ running",
    "done": "✓ done",
    "failed": "✕ failed",
    "cancelled": "■ cancelled",
    "died": "✕ the process died",
}


def start(argv: list[str], title: str, **about: str) -> None:
    """Queue a command as a job; `about` is what it is found by."""
    workspace().jobs.start(argv, title, **about)


def _cancelling(job: Job, status: JobStatus) -> bool:
    return not status.final and (job.folder / "CANCEL").exists()


def words(job: Job, status: JobStatus) -> str:
    """One line about a job."""
    if _cancelling(job, status):
        return f"■ cancelling; keeps what is finished ({status.step:,} of {status.total:,})"
    if status.state == "queued":
        return f"◷ waiting, {workspace().jobs.position(job)} before it"
    if status.state != "running":
        return _WORDS[status.state]
    told = f"▶ {status.what or 'starting'}"
    if status.total:
        told += f", {status.step:,} of {status.total:,}"
    return told + (f", {seconds(status.eta)} left" if status.eta is not None else "")


def _at_hand() -> list[tuple[Job, JobStatus]]:
    """Active jobs, and the last finished ones of these minutes."""
    found = [(j, j.status()) for j in workspace().jobs.all()[:12]]
    now = time.time()
    return [(j, s) for j, s in found if not s.final or now - (s.heartbeat or 0) < _RECENT]


def _bar(job: Job, status: JobStatus) -> None:
    share = min(1.0, status.step / status.total) if status.total else 0.0
    st.progress(share, text=None)


def _draw_strip() -> None:
    jobs = workspace().jobs
    jobs.advance()
    shown = _at_hand()
    active = {j.id for j, s in shown if not s.final}
    before: set[str] = st.session_state.get("jobs-active", set())
    st.session_state["jobs-active"] = active
    if before - active:  # something ended: the pages have to see it
        desk().forget_failed()
        st.rerun()
    if not shown:
        return
    st.html('<p class="rv-eyebrow" style="margin-top:.8rem">Jobs</p>')
    for job, status in shown[:4]:
        st.html(
            f'<div class="rv-job"><b>{escaped(job.title)}</b><br>'
            f'<span class="rv-note">{escaped(words(job, status))}</span></div>'
        )
        if not status.final:
            _bar(job, status)
            if not _cancelling(job, status):
                st.button("Cancel", key=f"cancel-{job.id}", on_click=job.cancel, icon=":material/stop_circle:")
        elif status.state in ("failed", "died"):
            page.callout("stop", "It ended with an error", (status.error or job.log_tail(20))[-1_500:])


def strip() -> None:
    """Jobs of this workspace; looks again every second while one is active. Reads files only."""
    active = any(not s.final for _, s in _at_hand())
    st.fragment(_draw_strip, run_every=1.0 if active else None)()


def live(job: Job) -> None:
    """One running job large: its progress, and its curve where it trains."""

    def draw() -> None:
        status = job.status()
        with st.container(border=True):
            st.html(f"<strong>{escaped(job.title)}</strong> <span class='rv-note'>{escaped(words(job, status))}</span>")
            _bar(job, status)
            rows = job.metrics()
            rows = [r for r in rows if r.get("what") == rows[-1].get("what")]  # the stage it is in
            if any("loss" in r for r in rows):
                last = {k: v for r in rows for k, v in r.items() if k != "what"}
                st.plotly_chart(
                    training_curve(rows[-4_000:]),
                    key=f"curve-{job.id}",
                    config={"displayModeBar": False},
                    alt="Training loss by step, and the measure on dev: "
                    + ", ".join(f"{k} {v:.4g}" for k, v in last.items()),
                )
                told = "  ".join(f"{k} {v:.4g}" for k, v in last.items() if k != "step")
                page.note(f"Last: {told}")

    st.fragment(draw, run_every=1.0)()
