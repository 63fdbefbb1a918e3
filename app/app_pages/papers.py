"""What does the literature say?"""

from __future__ import annotations

import streamlit as st

import board
import state
from components import page, paper_list, paper_view
from components.paper_list import EVERY, TEXT
from components.verdicts import STATUSES, legend
from retrievarium.contracts import RetrievariumError


def main() -> None:
    try:
        rows = board.papers()
        headline = board.board()["headline"]
    except RetrievariumError as error:
        page.callout("stop", "A record of the claims cannot be read", str(error))
        return
    state.take_over(pk=str, pg=str, pf=str)
    built = sum(r["status"] != "planned" for r in rows)
    lessons = sum(bool(r["notebook"]) for r in rows)
    page.sentence(
        f"{len(rows)} papers are listed, {built} can be trained here, {lessons} {'has' if lessons == 1 else 'have'} a "
        f"lesson. {headline}"
    )
    by_tab = paper_list.tabs(rows)
    in_view = next((r for r in rows if r["key"] == st.session_state.get("pk")), None)
    if st.session_state.get("arrived") and in_view is not None and "pg" not in st.query_params:
        st.session_state["pg"] = next(t for t, own in by_tab.items() if in_view in own)
    if st.session_state.get("pg") not in (None, *by_tab):
        st.session_state["pg"] = TEXT
    tab = st.segmented_control(
        "Chapters", list(by_tab), default=TEXT, key="pg", bind="query-params", label_visibility="collapsed",
        required=True,
    )  # fmt: skip
    own = by_tab[tab or TEXT]
    options = paper_list.filters(own)
    if st.session_state.get("pf") not in (None, *options):
        st.session_state["pf"] = EVERY
    with st.container(horizontal=True, vertical_alignment="top", key="paper-bar"):
        st.pills(
            "Show",
            list(options),
            default=EVERY,
            required=True,
            key="pf",
            bind="query-params",
        )
        find = st.text_input(
            "Find", key="paper-find", type="search", max_chars=100, placeholder="a word, a number, a year", width=300
        )
    shown = paper_list.choose(own, find or "", st.session_state.get("pf") or EVERY)
    _hidden()
    chosen = in_view or paper_list.furthest(shown)
    left, right = st.columns([1, 2.1], gap="large")
    with left:
        page.note(f"{len(shown)} of {len(own)} papers")
        paper_list.listing(shown, chosen["key"] if chosen else "")
        st.html(legend(STATUSES, {r["status"] for r in shown}))
    with right:
        if chosen is None:
            page.empty("No paper is in view.", "Choose one from the list.")
        else:
            paper_view.paper(chosen, rows)


def _hidden() -> None:
    """The paper in view stands in the link, without a field to see."""
    with st.container(key="paper-hidden"):
        st.text_input("Paper", key="pk", bind="query-params", persist_state="session")


main()
