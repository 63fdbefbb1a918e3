"""A column that cannot answer yet: what it needs, how long that takes, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import sources
from columns import Column
from components import jobs, page
from components.text import seconds
from retrievarium.data import Collection
from retrievarium.workspace import workspace
from sources import Want


def argv(want: Want, collection: Collection) -> tuple[list[str], str]:
    """The command that builds it, as a person could type it, and the job's title."""
    if want.kind == "method":
        key = sources.method_key(want.name)
        return ["train", key, "-c", collection.name], f"Train {want.name} on {collection.name}"
    return ["index", "-c", collection.name, "-e", want.name, "--queries"], f"Encode {collection.name} with {want.name}"


def _about(want: Want, collection: Collection) -> dict[str, str]:
    return {"want": want.name, "collection": collection.fingerprint}


def offers(collection: Collection, columns: Sequence[Column]) -> None:
    """One line for each thing that some column waits for: its job, or the offer to start it."""
    needed = {w.name: w for c in columns if c.state == "wants" for w in c.wants}
    for want in needed.values():
        job = workspace().jobs.find(**_about(want, collection))
        status = job.status() if job is not None else None
        if job is not None and status is not None and not status.final:
            jobs.live(job)
            continue
        if status is not None and status.state in ("failed", "died"):
            page.callout("stop", f"{want.name}: the last attempt ended with an error", (status.error or "")[-800:])
        if want.kind == "looking":
            page.callout("working", f"{want.name}: {want.why}")
        elif want.kind == "method" and want.seconds is None:
            page.callout("note", f"{want.name}: {want.why}")
        else:
            _offer(want, collection)


def _offer(want: Want, collection: Collection) -> None:
    command, title = argv(want, collection)
    verb = "Train" if command[0] == "train" else "Encode"
    with st.container(key=f"want-{''.join(c if c.isalnum() else '-' for c in want.name)}"):
        words, button = st.columns([5, 1.3], vertical_alignment="center")
        with words:
            page.callout(
                "note",
                f"{want.name}: {want.why.rstrip('.')}",
                f"{verb} now? It takes {seconds(want.seconds)} on this machine, in a process of its own; "
                "the other columns stay usable meanwhile.",
            )
        button.button(
            verb,
            key=f"start-{want.name}",
            type="primary",
            width="stretch",
            on_click=lambda: jobs.start(command, title, **_about(want, collection)),
        )
