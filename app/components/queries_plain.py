"""A question to look at on any page: the one in view of all pages, one typed here, or the first at hand."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

import state
from components.text import escaped
from retrievarium.data import Collection


@dataclass(frozen=True)
class Looked:
    """The question in view. `id` is empty for one of a person's own, which nobody has judged."""

    text: str
    id: str = ""
    answers: tuple[str, ...] = ()
    note: str = ""


def bar(collection: Collection, chosen: state.Selection, first: str) -> Looked:
    """Previous, next, and a field for a question of one's own. The question is the one that all pages share."""
    ids = state.in_slice(collection, chosen.split, chosen.slice)
    query = chosen.query if chosen.query in collection.all_queries else first or (ids[0] if ids else "")
    at = ids.index(query) if query in ids else -1
    with st.container(horizontal=True, vertical_alignment="bottom", key="plain-bar"):
        st.button("Previous", on_click=_open, args=(ids, at - 1), disabled=at < 1, icon=":material/chevron_left:")
        st.button(
            "Next", on_click=_open, args=(ids, at + 1), disabled=not 0 <= at < len(ids) - 1,
            icon=":material/chevron_right:",
        )  # fmt: skip
        st.text_input(
            "A question of your own",
            value=chosen.ask,
            key="plain-ask",
            max_chars=1_000,
            placeholder="Type your own question; Enter searches",
            on_change=_ask,
            label_visibility="collapsed",
            width=420,
        )
    if chosen.ask:
        return Looked(chosen.ask, note="your own question: nobody has judged it")
    if not query:
        return Looked("")
    known = collection.all_queries[query]
    place = f"{at + 1:,} of {len(ids):,}" if at >= 0 else "not in this slice"
    return Looked(known.text, query, known.answers, f"{query}, {place}")


def _open(ids: tuple[str, ...], at: int) -> None:
    state.open_query(ids[at])
    st.session_state["plain-ask"] = ""
    st.session_state["gp"] = ""


def _ask() -> None:
    st.session_state["ask"] = st.session_state["plain-ask"]
    st.session_state["gp"] = ""


def html(looked: Looked) -> str:
    answer = f"<span>answer <b><bdi>{escaped(looked.answers[0])}</bdi></b></span>" if looked.answers else ""
    return (
        f'<div class="rv-question"><blockquote dir="auto">{escaped(looked.text)}</blockquote>'
        f'<div class="rv-facts">{answer}<span>{escaped(looked.note)}</span></div></div>'
    )
