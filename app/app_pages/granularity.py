"""What should be indexed?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import prepared
import state
from components import page, queries_plain, unit_jobs, unit_look, unit_state, unit_tables, unit_take, unit_wins
from components.unit_state import View
from retrievarium.analysis import KeptBench, kept_benches
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection

chosen = state.selection()
dark = st.context.theme.type == "dark"
st.html(Path(__file__).parents[1] / "components" / "units.css")


def bench_section(collection: Collection, view: View, split: str, benches: list[KeptBench]) -> KeptBench | None:
    """The measured table, and whatever of it is still to be measured."""
    bench = unit_state.matching(benches, view)
    missing = [u for u in view.units if bench is None or u not in bench.units]
    if not split:
        page.callout(
            "note",
            f"{collection.name} has no judgements, so no measure can be computed",
            "The question below can be looked at through all units; judgements come with an import.",
        )
        return None
    if bench is not None:
        page.sentence(unit_tables.sentence(bench, view))
    if missing:
        unit_jobs.section(collection, view, split, missing)
    return bench


def question_section(collection: Collection, view: View) -> unit_look.Waiting:
    page.heading("One question, all units", "Which sentence or proposition speaks for each passage, and how loudly?")
    waiting = unit_look.Waiting()
    looked = queries_plain.bar(collection, chosen, prepared.first_query(collection))
    if not looked.text:
        page.empty("This collection has no questions.", "Ask one of your own in the field above.")
        return waiting
    relevant = (
        list(collection.split_named(chosen.split).qrels.relevant(looked.id)) if looked.id and chosen.split else []
    )
    st.html(queries_plain.html(looked))
    unit_look.section(collection, view, looked.text, relevant, waiting)
    return waiting


def main() -> None:
    collection = state.collection_of(chosen)
    if collection is None:
        if chosen.collection:
            page.callout("stop", f"{chosen.collection} cannot be opened", state.problem(chosen.collection))
        else:
            page.empty("There is no collection yet.", "Generate a World or bring your own on the Collections page.")
        return
    if not len(collection.passages):
        page.empty("This collection holds questions only.", "Choose one with passages.")
        return
    split = chosen.split or collection.default_split or ""
    benches = kept_benches(collection, split) if split else []
    view = unit_state.controls(collection, benches)
    bench = bench_section(collection, view, split, benches)
    figures: list[object] = []
    if bench is not None:
        unit_tables.main_table(bench, view)
        figures = unit_tables.pictures(bench, view, dark)
        unit_wins.section(collection, bench, view, unit_tables.measure_in_view(bench, view))
    waiting = unit_look.Waiting()
    try:
        waiting = question_section(collection, view)
    except RetrievariumError as error:
        page.callout("stop", "This question cannot be looked at", str(error))
    if bench is not None:
        page.heading("The bill", "What each index takes.")
        unit_tables.bill(bench, view)
        page.heading("What each decomposition gets wrong")
        unit_tables.errors(bench)
    unit_take.footer(collection, chosen, view, split, bench, figures)
    page.poll(waiting)


main()
