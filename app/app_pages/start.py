"""Where do I begin?"""

from __future__ import annotations

import streamlit as st

import prepared
import state
from components import hand, page
from components.text import escaped, isolated
from retrievarium.contracts import RetrievariumError
from retrievarium.data import load_collection

COMPARE, COLLECTIONS, PAPERS = "app_pages/compare.py", "app_pages/collections.py", "app_pages/papers.py"
chosen = state.selection()


def door(heading: str, text: str) -> None:
    st.html(f'<div class="rv-door"><h3>{escaped(heading)}</h3><p>{escaped(text)}</p></div>')


def doors() -> None:
    first, second, third = st.columns(3, gap="medium")
    with first, st.container(border=True, height="stretch", key="door-compare"):
        door(
            "See retrievers disagree",
            "Two minutes: five questions, each of which one retriever finds and another misses.",
        )
        cases = prepared.cases()
        to = cases[0].state() if cases else chosen
        st.page_link(COMPARE, label="Open the first question", icon=":material/view_column:", query_params=to.params())
    with second, st.container(border=True, height="stretch", key="door-bring"):
        door("Bring your collection", "Files or a folder: BEIR, TREC, SQuAD, DPR, or a table. BM25 answers at once.")
        st.page_link(
            COLLECTIONS,
            label="Import a collection",
            icon=":material/upload_file:",
            query_params={**chosen.params(), "view": "Bring your own"},
        )
    with third, st.container(border=True, height="stretch", key="door-paper"):
        lessons()


def lessons() -> None:
    """The third door: lessons that stand, or the first paper where none does yet."""
    from retrievarium.methods.listing import papers

    ready = [p for p in papers() if p.notebook]
    door(
        "Read a paper",
        "A lesson of an hour: idea, formula, code from scratch, a small training, and its claim measured.",
    )
    if not ready:
        page.note("No lesson is in this installation.")
    for paper in ready[:3]:
        st.html(
            f'<p class="rv-note"><b>{paper.number:03d}</b> {escaped(paper.title)} ({paper.year})<br>'
            f"<code>jupyter lab {escaped(paper.notebook)}</code></p>"
        )
    to = {"pk": ready[0].key} if ready else {}
    st.page_link(PAPERS, label="Open the papers", icon=":material/menu_book:", query_params={**chosen.params(), **to})


def five() -> None:
    cases = prepared.cases()
    if not cases:
        return
    page.heading("Five questions, five reasons", "Each opens Compare at that question.")
    columns = st.columns(len(cases), gap="small")
    for number, (place, case) in enumerate(zip(columns, cases, strict=True), start=1):
        with place, st.container(border=True, height="stretch", key=f"case-{number}"):
            try:
                asked = load_collection(case.collection).all_queries[case.query].text
            except RetrievariumError as error:
                page.callout("stop", "This question cannot be opened", str(error))
                continue
            st.html(
                f'<div class="rv-case"><span class="rv-tag">{escaped(case.title)}</span>'
                f"{isolated(asked, 'h4')}<p>{escaped(case.sentence)}</p></div>"
            )
            st.page_link(
                COMPARE, label="Look at it", icon=":material/arrow_forward:", query_params=case.state().params()
            )


doors()
five()
hand.at_hand()
