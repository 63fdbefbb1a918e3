"""A column that cannot answer yet: what it needs, how long that takes, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import sources
from components import jobs, page
from components.text import seconds
from retrievarium.data import Collection
from retrievarium.workspace import Job, workspace
from sources import Want
from whole import Column


def argv(want: Want, collection: Collection) -> tuple[list[str], str]:
    """The command that builds it, as a person could type it, and the job's title."""
    if want.kind in ("method", "paper", "trained"):
        return ["train", want.name, "-c", collection.name], f"Train {want.name} on {collection.name}"
    return (
        ["index", "-c", collection.name, "-e", want.name, "--queries"],
        f"Encode {collection.name} with {want.name}",
    )


def job_for(want: Want, collection: Collection) -> Job | None:
    """The newest job that builds it and has not failed."""
    found = workspace().jobs.find(want=want.name, collection=collection.fingerprint)
    return found if found is not None and not found.status().final else None


def offers(collection: Collection, columns: Sequence[Column]) -> None:
    """One line for each thing that some column waits for."""
    needed = {w.name: w for c in columns if c.state == "wants" for w in c.wants}
    for want in needed.values():
        running = job_for(want, collection)
        if running is not None:
            jobs.live(running)
            continue
        with st.container(border=True, key=f"want-{''.join(c if c.isalnum() else '-' for c in want.name)}"):
            words, button = st.columns([5, 1.6], vertical_alignment="center")
            command, title = argv(want, collection)
            verb = "Train" if command[0] == "train" else "Encode"
            with words:
                reason = want.why.rstrip(".") or "not ready"
                page.callout(
                    "note",
                    f"{want.name}: {reason}",
                    f"{verb} it now? {seconds(want.seconds).capitalize()} on this machine, in a process of its own; "
                    "the other columns stay usable.",
                )
            with button:
                st.button(
                    f"{verb} {'now' if verb == 'Encode' else want.name}",
                    key=f"start-{want.name}",
                    type="primary",
                    width="stretch",
                    on_click=_start,
                    args=(command, title, want.name, collection.fingerprint),
                )


def _start(command: list[str], title: str, name: str, fingerprint: str) -> None:
    workspace().jobs.start(command, title, want=name, collection=fingerprint)


def failed_before(want: Want, collection: Collection) -> str:
    found = workspace().jobs.find(want=want.name, collection=collection.fingerprint)
    status = found.status() if found is not None else None
    return (status.error or "") if status is not None and status.state in ("failed", "died") else ""


__all__ = ["argv", "failed_before", "job_for", "offers", "sources"]
