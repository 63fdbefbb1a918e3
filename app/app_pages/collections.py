"""What am I searching?"""

from __future__ import annotations

import streamlit as st

import state
from components import anatomy, bring, dials, hand, indexes, page

VIEWS = ("At hand", "Indexes", "Generate a World", "Bring your own")
chosen = state.selection()


def main() -> None:
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], key="view", bind="query-params", label_visibility="collapsed", required=True
    )
    if view == "Generate a World":
        dials.form()
        return
    if view == "Bring your own":
        bring.form()
        return
    names = state.at_hand()
    collection = state.collection_of(chosen)
    if view == "Indexes":
        if collection is None:
            page.empty("There is no collection to index.", "Generate a World or bring your own first.")
        else:
            indexes.section(collection)
        return
    if not names:
        page.empty("There is no collection yet.", "Generate a World or bring your own: see the tabs above.")
        return
    hand.table(names, chosen.collection)
    if collection is None:
        page.callout("stop", f"{chosen.collection} cannot be opened", state.problem(chosen.collection))
        return
    anatomy.section(collection, chosen)


main()
