"""Which facts can it not find?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import clinic
import state
import whole
from clinic import Clinic, Ward
from columns import columns as answer
from components import (
    annotation_box,
    annotator,
    clinic_case,
    clinic_figures,
    clinic_probes,
    clinic_state,
    clinic_tables,
    clinic_take,
    ears,
    page,
    wanting,
)
from components.clinic_state import View
from retrievarium.analysis import said_by_people, tag_precision
from retrievarium.data import Collection
from whole import Overall

chosen = state.selection()
dark = st.context.theme.type == "dark"
st.html(Path(__file__).parents[1] / "components" / "clinic.css")


def sentence(look: Clinic) -> str:
    """The page's answer: who leads, and where the gap is largest."""
    if look.grouping is None:
        return "Nothing divides these questions: the collection knows no relation, kind or entity of them."
    systems = list(look.tables)
    best = max(systems, key=lambda s: look.tables[s].macro.mean)
    macro = look.tables[best].macro
    n = len(look.order)
    told = f"Over {n} group{'s' if n != 1 else ''} by {look.grouping.label}, {best} has the highest macro "
    told += f"{look.measure}: {macro.mean:.3f} ({macro.low:.3f} to {macro.high:.3f})."
    if look.gaps:
        group = look.order[0]
        worst = min(look.gaps, key=lambda s: look.gaps[s].cells[group].mean)
        gap, cell = look.gaps[worst].cells[group], look.tables[worst].cells[group]
        if gap.mean < 0:
            reference = look.tables[systems[0]].cells[group].mean
            told += f" {worst} falls furthest behind {systems[0]} on “{group}”: {cell.mean:.2f} against {reference:.2f}"
            told += f", over {cell.n:,} questions."
    return told


def tables(collection: Collection, look: Clinic, seen: View) -> None:
    link = clinic_tables.linker(chosen, seen)
    if look.grouping is not None:
        page.heading(
            f"{look.grouping.label.capitalize()} by retriever",
            f"{look.measure} with 95% intervals (other questions like these, these runs), and the difference to the "
            "first retriever, ▲ ▼ where its interval leaves out 0: of many groups, one in twenty by chance. "
            "Groups under 20 questions are pooled as “other”; the largest gap stands first. "
            f"Source: {look.grouping.source}.",
        )
        clinic_tables.groups(look, link, dark)
        clinic_figures.groups(look, dark)
    if look.popularity is not None:
        label = look.popularity.label
        unknown = f" {look.popularity.unknown:,} questions have none." if look.popularity.unknown else ""
        page.heading(f"By {label}", f"Source: {look.popularity.source}.{unknown}")
        clinic_figures.curve(look, dark)
        clinic_tables.plain(look.curve, look.bins, "p", label, link, dark)
    else:
        page.heading("By popularity")
        page.empty(
            "Nothing says how popular an entity is.", "A column “popularity” of the questions would; see Collections."
        )
    page.heading("Seen in training, or not")
    if look.seen is None:
        page.empty(look.why_not_seen, "A split “train” whose questions name entities and relations would define it.")
    else:
        page.note(
            f"Source: {look.seen.source}. It says something about retrievers that were trained on this collection; "
            "others have seen none of it, and their differences here are those of the questions."
        )
        clinic_tables.plain(look.squares, look.square_order, "s", "training has shown", link, dark)


def failed(ward: Ward, seen: View, said: list) -> list:
    """Draws the failures; returns keys of tasks that are at work."""
    link = clinic_tables.linker(chosen, seen)
    every = [t for told in ward.tagged.values() for t in told]
    own = tag_precision(every, said_by_people(said))
    text_rules = None if ward.exact else clinic.reference_precision().value
    page.heading(
        "Failures by rule",
        f"Questions with nothing relevant in the top {ward.cut}. "
        + ("Exact: read off the truth tables of this World. " if ward.exact else "Read off titles, names and answers. ")
        + "Each failure counts once, under the first rule that holds; “of n” counts all that bear the tag.",
    )
    clinic_tables.tags(ward, link, dark, own, text_rules)
    clinic_figures.failures(ward, own, dark)
    waits = not ward.exact and clinic.reference_precision().state == "working"
    return [clinic.REFERENCE] if waits else []


def whole_page(collection: Collection, over: Overall, look: Clinic, seen: View, said: list) -> list:
    page.sentence(sentence(look))
    tables(collection, look, seen)
    task = clinic.ward_task(collection, chosen, over, seen.cut)
    waiting = []
    if task.state == "working":
        page.heading("Failures by rule")
        page.callout("working", "Looking at every failure")
        waiting.append(clinic.ward_key(collection, chosen, over, seen.cut))
    elif task.state == "failed":
        page.callout("stop", "The failures could not be named", task.error)
    else:
        waiting += failed(task.value, seen, said)
    waiting += clinic_probes.section(collection, chosen, over)
    annotation_box.section(collection, said)
    clinic_take.footer(collection, chosen, seen, look, task.value)
    return waiting


def opened(collection: Collection, over: Overall, look: Clinic, seen: View, who: str) -> list:
    """One number opened. Tags are waited for: what was opened may be one."""
    task = clinic.ward_task(collection, chosen, over, seen.cut).wait(2.0 if seen.open[:1] in "tum" else 0.1)
    case = clinic.opened(seen.open, look, task.value, over)
    if case is None and task.state == "working":
        page.callout("working", "Looking at every failure")
    elif case is None:
        page.empty("Nothing here bears that name.", "The link may come from another collection, split or measure.")
        st.button("Back to the tables", on_click=clinic_state.close_case)
    else:
        clinic_case.show(collection, chosen, seen, task.value, over, case, who)
        clinic_take.case_footer(collection, chosen, seen, case, over)
    return [clinic.ward_key(collection, chosen, over, seen.cut)] if task.state == "working" else []


def main() -> None:
    collection = state.collection_of(chosen)
    if collection is None:
        if chosen.collection:
            page.callout("stop", f"{chosen.collection} cannot be opened", state.problem(chosen.collection))
        else:
            page.empty("There is no collection yet.", "Generate a World or bring your own on the Collections page.")
        return
    if not chosen.split:
        page.empty(
            f"{collection.name} has no judgements.",
            "Grade some results on the Judge page; they become a split of their own.",
        )
        st.page_link("app_pages/judge.py", label="Judge", icon=":material/grading:", query_params=chosen.params())
        return
    if not chosen.retrievers:
        page.empty("No retriever is chosen.", "Choose two to six in the sidebar; the first is the reference.")
        return
    clinic_state.hidden()
    said = annotator.rows(collection)
    inside = bool(st.session_state.get("eo"))
    who = clinic_state.controls(
        clinic.dividers(collection, chosen.split),
        (lambda: annotator.name_field(said)) if inside else None,
    )
    seen = clinic_state.view()
    found = whole.overall(collection, chosen)
    ears.listen(clinic_state.apply)
    if found.failed:
        page.callout("stop", "The questions could not be searched", found.failed)
        return
    if found.left_out:
        first = next(iter(collection.all_queries.ids), "")
        text = collection.all_queries.texts[0] if first else ""
        wanting.offers(collection, answer(collection, chosen.with_(retrievers=tuple(found.left_out)), first, text))
    if found.overall is None:
        if found.waiting:
            page.callout("working", f"Searching all {len(collection.split_named(chosen.split).queries):,} questions")
        page.poll(list(found.waiting))
        return
    over = found.overall
    if not over.evaluations or not any(e.per_query.get(chosen.measure) for e in over.evaluations.values()):
        page.empty("No question of this slice is judged.", "Choose another slice or split in the sidebar.")
        return
    task = clinic.clinic_task(collection, chosen, over, seen.group).wait(0.5)
    if task.state == "working":
        page.callout("working", "Dividing the questions")
        page.poll([clinic.clinic_key(collection, chosen, over, seen.group)])
        return
    if task.state == "failed":
        page.callout("stop", "The questions could not be divided", task.error)
        return
    if seen.open:
        page.poll(opened(collection, over, task.value, seen, str(who or annotator.NOBODY)))
    else:
        page.poll(whole_page(collection, over, task.value, seen, said))


main()
