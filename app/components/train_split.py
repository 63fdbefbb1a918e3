"""A collection without a train split: what it lacks, and the offer to divide it so that nothing leaks."""

from __future__ import annotations

import streamlit as st

import state
from components import page
from desk import desk
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection, save_collection

WAYS = {
    "article": "Questions about one article stay together",
    "random": "Questions that share a relevant passage stay together",
    "entity": "Questions about one entity stay together",
}
COLLECTIONS = "app_pages/collections.py"


def _ways(collection: Collection) -> list[str]:
    found = ["article"] if any(any(collection.passages.column(c) or []) for c in ("document", "title")) else []
    found.append("random")
    return found + (["entity"] if any(collection.all_queries.column("entity") or []) else [])


def offer(collection: Collection) -> None:
    """The form; once it is done, the new collection is the one in view."""
    if collection.default_split is None:
        page.callout(
            "stop",
            f"{collection.name} has no judgements to learn from",
            "Training needs questions whose relevant passages are known. Choose the World, or import judgements too.",
        )
        st.page_link(COLLECTIONS, label="Collections", icon=":material/library_books:")
        return
    page.callout(
        "note",
        f"{collection.name} has no train split yet",
        "Divide its judged questions into train, dev and test: a new collection of another name, the old one stays. "
        "Questions that belong together stay together, so nothing leaks.",
    )
    world = next((n for n in state.at_hand() if n == "world" and n != collection.name), None)
    if world:
        st.button("Take the World instead", key="split-world", on_click=_open, args=(world,), icon=":material/public:")
    first, second, third, fourth = st.columns([2.4, 1, 1, 1.6], vertical_alignment="bottom")
    first.selectbox("How", _ways(collection), format_func=lambda w: f"by {w}: {WAYS[w].lower()}", key="split-by")
    train = second.number_input("Train, %", 10, 90, 60, step=5, key="split-train")
    dev = third.number_input("Dev, %", 0, 40, 10, step=5, key="split-dev")
    fourth.text_input("Name", value=f"{collection.name}-split", key="split-name", max_chars=80)
    if train + dev >= 100:
        page.callout("stop", "Nothing would be left to test on", "Train and dev together must stay under 100%.")
        return
    st.button("Split", type="primary", key="split-go", on_click=_begin, args=(collection,))
    key = st.session_state.get("split-task")
    task = desk().peek(key) if key and key[1] == collection.fingerprint else None
    if task is None:
        return
    if task.state == "working":
        page.callout("working", "Dividing the questions")
        page.poll([key])
        return
    st.session_state["split-task"] = None
    desk().forget(key)
    if task.state == "failed":
        page.callout("stop", "It was not divided", task.error)
    else:
        st.session_state["open-collection"] = task.value
        st.rerun()


def _begin(collection: Collection) -> None:
    """Read now, not when the button was drawn: a field may have changed with the very click."""
    at = st.session_state
    told = (str(at["split-by"]), int(at["split-train"]), int(at["split-dev"]), str(at["split-name"]))
    at["split-task"] = ("split", collection.fingerprint, *told)
    desk().task(at["split-task"], lambda: make(collection, *told), "load")


def _open(name: str) -> None:
    st.session_state["open-collection"] = name


def make(collection: Collection, way: str, train: int, dev: int, name: str) -> str:
    """Divide and keep. Raises RetrievariumError with a sentence."""
    if name in state.at_hand():
        raise RetrievariumError(f"{name} is taken; choose another name")
    divided = collection.split(by=way, train=train / 100, dev=dev / 100, seed=0)
    if not len(divided.train.queries):
        raise RetrievariumError("no question is left to train on: they all belong together")
    save_collection(divided, name)
    return name
