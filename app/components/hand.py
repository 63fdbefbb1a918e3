"""What is at hand: collections, what can search them, and models trained here."""

from __future__ import annotations

from typing import Any

import streamlit as st

import sources
import state
from components import page
from components.text import escaped
from retrievarium.contracts import RetrievariumError
from retrievarium.data import load_collection
from retrievarium.workspace import workspace


def row(name: str) -> dict[str, Any]:
    """A collection in one line; a damaged one says what is wrong."""
    try:
        found = load_collection(name)
        ready = [o.name for o in sources.shelf(found) if o.ready]
        runs = sources.imported_runs(found)
    except RetrievariumError as error:
        return {"name": name, "fault": str(error)}
    return {
        "name": name,
        "passages": len(found.passages),
        "queries": len(found.all_queries),
        "splits": ", ".join(found.splits) or "no judgements",
        "ready": ", ".join([*ready, *(f"{sources.IMPORTED}{r}" for r in runs)]),
    }


def table(names: list[str], marked: str = "") -> None:
    """Collections as a table of our own: nothing in it is markdown."""
    body = ""
    for found in map(row, names):
        name = f"<b>{escaped(found['name'])}</b>" if found["name"] == marked else escaped(found["name"])
        if "fault" in found:
            body += f'<tr><td>{name}</td><td colspan="4">✕ {escaped(found["fault"])}</td></tr>'
            continue
        body += (
            f'<tr><td>{name}</td><td class="rv-num">{found["passages"]:,}</td>'
            f'<td class="rv-num">{found["queries"]:,}</td>'
            f"<td>{escaped(found['splits'])}</td><td>{escaped(found['ready'])}</td></tr>"
        )
    st.html(
        '<div class="rv-scroll"><table class="rv-table"><thead><tr><th scope="col">Collection</th>'
        '<th class="rv-num" scope="col">passages</th><th class="rv-num" scope="col">queries</th>'
        '<th scope="col">judged splits</th><th scope="col">ready to search</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def at_hand() -> None:
    page.heading("At hand")
    names = state.at_hand()
    if not names:
        page.empty("There is no collection yet.", "Generate a World or bring your own on the Collections page.")
    else:
        table(names)
    active = [j for j in workspace().jobs.all()[:12] if not j.status().final]
    page.note(
        f"{len(active)} job{'s' if len(active) != 1 else ''} at work: see the sidebar."
        if active
        else "Nothing is being built at the moment."
    )
