"""Measuring a claim from the page: what is missing to a verdict, how long it takes, the job, and how to stop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from components import jobs, page
from components.text import escaped, seconds
from components.verdicts import ranges
from retrievarium.claims import check_seeds, next_steps, parse_seeds, run_hours
from retrievarium.contracts import RetrievariumError
from retrievarium.workspace import Job, workspace

Row = Mapping[str, Any]


def argv(row: Row, seeds: Sequence[int], budget: str, controls: bool) -> list[str]:
    """The command, as a person could type it."""
    told = ["claims", "run", row["key"], "--claim", row["name"], "--seeds", ranges(seeds), "--budget", budget]
    return [*told, "--controls"] if controls else told


def _start(row: Row, seeds: Sequence[int], budget: str, controls: bool) -> None:
    title = f"Measure {row['name']}: seeds {ranges(seeds)}"
    jobs.start(argv(row, seeds, budget, controls), title, claim=row["name"])


def _job(row: Row) -> Job | None:
    return workspace().jobs.find(claim=row["name"])


def section(row: Row) -> None:
    page.heading(
        "Measure it",
        "A job in a process of its own. Finished seeds are kept at once; a stopped run goes on where it was. "
        "Seeds that are measured never change: a rerun is appended.",
    )
    job = _job(row)
    status = job.status() if job is not None else None
    if job is not None and status is not None and not status.final:
        jobs.live(job)
        st.button("Cancel", key="claim-cancel", on_click=job.cancel, icon=":material/stop_circle:")
        return
    if job is not None and status is not None and status.state in ("failed", "died"):
        page.callout("stop", "The last run ended with an error", (status.error or job.log_tail(20))[-1_500:])
    if status is not None and status.state == "cancelled":
        page.callout("note", "The last run was cancelled", "Finished seeds are kept; start it again to go on.")
    if status is not None and status.state == "done":
        page.callout("ok", "The last run is done", "Its seeds stand in the record above.")
    for number, step in enumerate(next_steps(row["name"])):
        words, button = st.columns([5, 1.3], vertical_alignment="center")
        with words:
            st.html(
                f'<p class="rv-note"><b>{escaped(step.title)}</b>, seeds {ranges(step.seeds)}: {escaped(step.why)} '
                f"Takes {seconds(3600 * step.hours)}.</p>"
            )
        button.button(
            "Measure",
            key=f"claim-step-{number}",
            width="stretch",
            on_click=_start,
            args=(row, step.seeds, row["budget"] or "small", step.controls),
        )
    with st.expander("Run again with seeds of your own", icon=":material/replay:"):
        _own(row)


def _own(row: Row) -> None:
    first, second, third = st.columns([2, 1, 2], vertical_alignment="bottom")
    text = first.text_input(
        "Seeds",
        value="101-103",
        key="claim-seeds",
        help="1 to 9 develop, 101 to 120 judge; for example 101-103,110.",
    )
    budget = second.selectbox("Budget", ["smoke", "small", "full"], index=1, key="claim-budget")
    controls = third.toggle("Control and placebo too", key="claim-controls", help="A verdict needs them.")
    try:
        seeds = check_seeds(parse_seeds(text), budget)
        hours = run_hours(row["name"], seeds, budget, controls)
    except RetrievariumError as error:
        page.callout("stop", "These seeds cannot be run", str(error))
        return
    if hours == 0:
        page.note("All of these are measured: the run loads them and changes nothing.")
    else:
        page.note(f"Takes {seconds(3600 * hours)} on this machine, {len(seeds)} seeds one after another.")
    st.code("retrievarium " + " ".join(argv(row, seeds, budget, controls)), language=None)
    st.button("Run", type="primary", key="claim-go", on_click=_start_own, args=(row,))


def _start_own(row: Row) -> None:
    """With the fields as they are now; what cannot be run is told by the page."""
    at = st.session_state
    with suppress(RetrievariumError):
        seeds = check_seeds(parse_seeds(at["claim-seeds"]), at["claim-budget"])
        _start(row, seeds, at["claim-budget"], at["claim-controls"])
