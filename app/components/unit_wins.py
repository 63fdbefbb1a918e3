"""Whose questions a unit wins and loses against the passage index: the queries behind a gain."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import state
from components import page
from components.paper_list import plain
from components.unit_state import View
from retrievarium.analysis import KeptBench
from retrievarium.data import Collection

_LISTED = 6


@st.cache_resource(max_entries=16, show_spinner=False)
def _values(folder: str, retriever: str, unit: str, _bench: KeptBench) -> dict[str, dict[str, float]]:
    return _bench.values(retriever, unit)


def _open(query: str) -> None:
    state.open_query(query)
    st.session_state["plain-ask"] = ""
    st.session_state["gp"] = ""


def section(collection: Collection, bench: KeptBench, view: View, measure: str) -> None:
    """Wins, ties and losses of one unit by question; a click opens the question below."""
    others = [u for u in bench.kinds if u != "passage"]
    base = _values(str(bench.folder), view.spec, "passage", bench).get(measure, {})
    if not others or not base:
        return
    usual = next((i for i, u in enumerate(others) if u.startswith("proposition")), 0)
    page.heading("Whose questions?", f"{measure} of each question against the passage index; a click opens it below.")
    unit = st.selectbox("Unit", others, index=usual, key="unit-wins", width=260)
    own = _values(str(bench.folder), view.spec, unit, bench).get(measure, {})
    change = {q: own[q] - v for q, v in base.items() if q in own}
    better = sorted((q for q, d in change.items() if d > 1e-9), key=lambda q: (-change[q], q))
    worse = sorted((q for q, d in change.items() if d < -1e-9), key=lambda q: (change[q], q))
    same = len(change) - len(better) - len(worse)
    page.note(f"▲ {len(better):,} better · {same:,} the same · ▼ {len(worse):,} worse, of {len(change):,} questions.")
    left, right = st.columns(2, gap="large")
    with left:
        _list(collection, f"▲ better with {unit}", better, "up")
    with right:
        _list(collection, "▼ better with passages", worse, "down")


def _list(collection: Collection, title: str, queries: Sequence[str], side: str) -> None:
    page.eyebrow(title)
    if not queries:
        page.note("None.")
    for query in queries[:_LISTED]:
        text = collection.all_queries[query].text
        said = "".join(c if c.isprintable() else " " for c in text)
        shown = plain(said if len(said) <= 90 else f"{said[:89]}…")
        st.button(shown, key=f"unit-{side}-{query}", on_click=_open, args=(query,), type="tertiary")
    if len(queries) > _LISTED:
        page.note(f"and {len(queries) - _LISTED:,} more; `values.csv` of the ZIP below lists all.")
