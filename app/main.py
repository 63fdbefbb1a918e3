"""Retrievarium's dashboard: navigation, and the one selection that all pages share."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
# a picture of our own: named icons would be fetched from a font server
st.set_page_config(page_title="Retrievarium", page_icon=str(HERE / "icon.png"), layout="wide")

import state  # noqa: E402  (Streamlit wants the page configured first)
from components import jobs, page  # noqa: E402

page.style()
PAGES = {
    st.Page("app_pages/start.py", title="Start", icon=":material/flag:", default=True): ("Where do I begin?"),
    st.Page("app_pages/compare.py", title="Compare", icon=":material/view_column:", url_path="compare"): (
        "Which of these finds the evidence, and why?"
    ),
    st.Page("app_pages/map.py", title="Map", icon=":material/scatter_plot:", url_path="map"): (
        "What does this encoder think is close?"
    ),
    st.Page("app_pages/granularity.py", title="Granularity", icon=":material/grain:", url_path="granularity"): (
        "What should be indexed?"
    ),
    st.Page("app_pages/entities.py", title="Entities", icon=":material/troubleshoot:", url_path="entities"): (
        "Which facts can it not find?"
    ),
    st.Page("app_pages/judge.py", title="Judge", icon=":material/grading:", url_path="judge"): (
        "Which of these results are any good?"
    ),
    st.Page("app_pages/predict.py", title="Predict", icon=":material/how_to_vote:", url_path="predict"): (
        "What will they find? Say it first."
    ),
    st.Page("app_pages/papers.py", title="Papers", icon=":material/menu_book:", url_path="papers"): (
        "What does the literature say?"
    ),
    st.Page("app_pages/claims.py", title="Claims", icon=":material/balance:", url_path="claims"): (
        "What did we measure?"
    ),
    st.Page("app_pages/train.py", title="Train", icon=":material/model_training:", url_path="train"): (
        "What happens if I train it differently?"
    ),
    st.Page("app_pages/collections.py", title="Collections", icon=":material/library_books:", url_path="collections"): (
        "What am I searching?"
    ),
}
here = st.navigation(list(PAGES))
state.arrive(here.title)

st.logo(str(HERE / "logo.svg"), size="large")
with st.sidebar:
    state.sidebar(state.at_hand())
    strip = st.container(key="jobs")
page.title(here.title, PAGES[here])
state.ask_bar(shown=here.title == "Compare")
state.hold(here.title)
here.run()
with strip:
    jobs.strip()
