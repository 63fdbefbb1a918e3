"""What happens if I train it differently?"""

from __future__ import annotations

import streamlit as st

import state
import trainings
from components import page, train_form, train_split, train_view
from components.text import seconds, size
from desk import desk
from retrievarium.data import Collection
from retrievarium.methods import Plan, plan
from trainings import Recipe, Training

chosen = state.selection()
dark = st.context.theme.type == "dark"


def planned(collection: Collection, recipe: Recipe, newest: Training | None) -> Plan | None:
    """What the library says of it before it starts; None while it thinks, or when it refuses (the page says why)."""
    stands = (newest.newest.id, newest.status.state) if newest is not None else ()
    key = ("plan", collection.fingerprint, *recipe.key, *stands)
    task = (
        desk()
        .task(
            key,
            lambda: plan(recipe.method, collection, recipe.budget, recipe.seed, **recipe.settings),
            "load",
        )
        .wait(0.6)
    )
    if task.state == "failed":
        page.callout("stop", "This cannot be trained", task.error)
        return None
    if task.state == "working":
        page.callout("working", "Estimating how long it takes")
        page.poll([key])
        return None
    return task.value


def offer(collection: Collection, recipe: Recipe, newest: Training | None) -> None:
    """The estimate, and the button that starts it."""
    if newest is not None and not newest.status.final:
        page.callout("working", "This very training is under way", "It is in view, or in the list below.")
        return
    told = planned(collection, recipe, newest)
    if told is None:
        return
    if told.trained is not None:
        page.callout("ok", f"This very model is trained: {told.name}", "Nothing needs to be computed.")
        train_view.open_in_compare(collection, told.name)
        return
    kept = ", ".join(f"step {n:,} of {what}" for what, n in told.kept.items())
    words, button = st.columns([5, 1.3], vertical_alignment="center")
    with words:
        page.callout(
            "note",
            f"Takes {seconds(told.seconds)}, {'as measured here before' if told.measured_here else 'on two CPU cores'}",
            f"{told.settings.get('steps') or 0:,} steps of {told.settings.get('batch') or 0:,} questions. The model "
            f"and its vectors take about {size(told.bytes)}. It runs in a process of its own and becomes the column "
            f"{told.name} in Compare."
            + (f" It stands on {' and '.join(told.first)}, trained first." if told.first else "")
            + (f" A checkpoint is kept ({kept}): it goes on from there." if kept else ""),
        )
    button.button(
        "Resume" if kept else "Train",
        type="primary",
        width="stretch",
        key="train-go",
        on_click=_start,
        args=(collection,),
    )


def _start(collection: Collection) -> None:
    train_view.start(train_form.current(collection), collection.fingerprint)


def take_along(recipe: Recipe) -> None:
    with st.container(horizontal=True, key="train-share"):
        with st.popover("Copy link", icon=":material/link:"):
            page.note("Opens this page with these settings, where the collection has the same name.")
            st.code(st.context.url or "", language=None, wrap_lines=True)
        with st.popover("Copy code", icon=":material/code:"):
            page.note("The same in a notebook or a script.")
            st.code(recipe.code(), language="python")
        with st.popover("Copy command", icon=":material/terminal:"):
            page.note("The same on the command line; it shares checkpoints and models with this page.")
            st.code("retrievarium " + " ".join(recipe.argv()), language=None, wrap_lines=True)


def in_view(found: list[Training], collection: Collection | None) -> Training | None:
    """The training that the link names; else one that runs; else the newest on this collection."""
    named = st.session_state.get("tj") or ""
    told = next((t for t in found if any(j.id == named for j in t.jobs)), None)
    if told is not None or named:
        return told
    running = next((t for t in found if not t.status.final), None)
    here = next((t for t in found if collection is not None and t.recipe.collection == collection.name), None)
    return running or here


def form(collection: Collection, found: list[Training]) -> None:
    method, budget = train_form.choose()
    if "train" not in collection.splits:
        train_split.offer(collection)
        return
    train_form.facts(collection)
    train_form.dials(method, budget)
    recipe = train_form.current(collection)
    if recipe.settings:
        st.button("All as the budget has it", key="train-reset", on_click=train_form.reset, args=(method.key,))
    newest = next((t for t in found if t.recipe.key == recipe.key), None)
    offer(collection, recipe, newest)
    take_along(recipe)


def _close() -> None:
    st.session_state["tj"] = ""


def main() -> None:
    train_form.take_over()
    with st.container(key="train-hidden"):
        st.text_input("Training in view", key="tj", bind="query-params", persist_state="session")
    collection = state.collection_of(chosen)
    if collection is None:
        page.empty("There is no collection to train on.", "Generate a World or bring your own on the Collections page.")
        return
    found = trainings.trainings()
    running = sum(not t.status.final for t in found)
    done = sum(t.status.state == "done" for t in found)
    page.sentence(
        f"{done} training{'' if done == 1 else 's'} finished in this workspace, {running} at work. "
        "Change one thing, train, and compare the two columns."
    )
    named = st.session_state.get("tj") or ""
    looked = in_view(found, collection)
    if named and looked is None:
        page.callout("warning", "The link names a training that this workspace does not know", "Start it here instead.")
    first = looked is not None and (bool(named) or not looked.status.final)  # what was just started is what one watches
    if looked is not None and first:
        with st.container(border=True, key="train-view"):
            train_view.view(looked, dark)
            if named and looked.status.final:
                st.button("Close", key="train-close", on_click=_close, icon=":material/close:")
        page.heading("Train another one")
    form(collection, found)
    if looked is not None and not first:
        train_view.view(looked, dark)
    train_view.listing(found, looked)


main()
