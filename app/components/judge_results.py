"""What the grades say, once the judge wants to know; and grades made into a split that measures everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

import judging
from components import page
from components.text import escaped
from components.uploads import LARGEST_MB, on_disk, tame
from judging import Plan
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection, grades, log_collection, query_counts, read_query_log, save_collection
from retrievarium.evaluation import Cell, break_down, evaluate, weighted_mean
from retrievarium.workspace import Annotation
from state import Selection
from whole import Overall

_EVERYBODY = "all, the median grade"


def use(collection: Collection, chosen: Selection, said: Sequence[Annotation]) -> None:
    """Grades as a named split."""
    given = [row for row in said if row.kind == "grade"]
    page.heading("Use these grades", "They become judgements of a split; every page then measures by it.")
    if not given:
        page.note("Nothing is graded yet.")
        return
    people = sorted({row.annotator for row in given})
    with st.container(horizontal=True, vertical_alignment="bottom", key="judge-use"):
        name = st.text_input("Name of the split", value="judged", key="judge-split", max_chars=40, width=200)
        whose = st.selectbox("Whose grades", [_EVERYBODY, *people], key="judge-whose", width=230)
        st.button(
            "Make the split",
            type="primary",
            key="judge-make",
            on_click=_make,
            args=(collection, given, name.strip(), None if whose == _EVERYBODY else whose),
        )
    if (done := st.session_state.get("judge-made")) and done[2] == collection.text_fingerprint:
        page.callout("ok", f"{done[0]} has the split {done[1]}", "Make it again after more grades.")
        st.page_link(
            "app_pages/compare.py",
            label=f"Compare on {done[0]} by {done[1]}",
            icon=":material/view_column:",
            query_params=judging.selection_for(chosen, done[0], done[1]).params(),
        )
    if wrong := st.session_state.pop("judge-fault", ""):
        page.callout("stop", "The split was not made", wrong)


def _make(collection: Collection, given: Sequence[Annotation], split: str, whose: str | None) -> None:
    try:
        name = judging.keep_split(collection, given, split, whose)
    except RetrievariumError as error:
        st.session_state["judge-fault"] = str(error)
        return
    st.session_state["judge-made"] = (name, split, collection.text_fingerprint)


# -- what they say


def say(collection: Collection, chosen: Selection, over: Overall, plan: Plan, said: Sequence[Annotation]) -> None:
    """Hidden until asked for: whoever sees who leads judges no longer blindly."""
    page.heading("What the grades say")
    if not st.toggle("Show it (better when all is judged: it names the retrievers)", key="judge-show"):
        return
    judged = {q: by for q, by in grades(said).items() if any(by.values())}
    if not judged:
        page.note("No question has a result that was graded above 0.")
        return
    lost = len(grades(said)) - len(judged)
    part = {q: p for q, p in judging.parts(collection).items() if q in judged}
    counts = query_counts(collection)
    rows = ""
    for name, run in over.runs.items():
        told = evaluate(run, judged, [chosen.measure, "Judged@10"], collection)
        values = told.per_query[chosen.measure]
        every = break_down(values, dict.fromkeys(values, "all")).micro
        rows += f"<tr><td>{escaped(name)}</td>{_cell(every)}"
        if part:
            rows += f'<td class="rv-num">{weighted_mean(values, counts):.3f}</td>'
            by = break_down(values, part).cells
            rows += "".join(_cell(by.get(p)) for p in ("head", "torso", "tail"))
        rows += f'<td class="rv-num">{told["Judged@10"]:.2f}</td></tr>'
    heads = ["weighted by count", "head", "torso", "tail"] if part else []
    told_heads = "".join(f'<th class="rv-num" scope="col">{h}</th>' for h in (chosen.measure, *heads, "judged@10"))
    st.html(
        f'<div class="rv-scroll"><table class="rv-table"><thead><tr><th scope="col">Retriever</th>{told_heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )
    page.note(
        f"{len(judged):,} question{'s' if len(judged) != 1 else ''} with a result graded above 0"
        + (f"; {lost:,} without one are left out" if lost else "")
        + ". Pools favour the retrievers that were pooled: another one's finds are unjudged and count as no use. "
        "Several judges: the median grade, the lower of two."
        + (" Head: the most asked questions that make up a third of all asking." if part else "")
    )


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return '<td class="rv-num">none judged</td>'
    return (
        f'<td class="rv-num"><b>{cell.mean:.3f}</b> <span class="rv-range">{cell.low:.2f}–{cell.high:.2f}, '
        f"{cell.n:,} question{'s' if cell.n != 1 else ''}</span></td>"
    )


# -- a log


def counts_note(collection: Collection) -> None:
    """What the log says, in a sentence."""
    counts: Mapping[str, int] = query_counts(collection)
    if not counts:
        return
    part = judging.parts(collection)
    sizes = {p: sum(v == p for v in part.values()) for p in ("head", "torso", "tail")}
    told = ", ".join(f"{n:,} in the {p}" for p, n in sizes.items())
    page.note(f"A query log: {len(counts):,} queries, asked {sum(counts.values()):,} times; {told}.")


def _open(name: str) -> None:
    """A link to the page one is on would be taken for no change: the collection is chosen as by hand."""
    st.session_state["open-collection"] = name
    st.session_state.pop("s", None)
    st.session_state.pop("log-made", None)


def log_form(collection: Collection) -> None:
    """A query log over this collection's passages, as a collection of its own."""
    panel = st.expander("Bring a query log", icon=":material/upload_file:", on_change="rerun", key="log-form")
    if not panel.open:
        return
    with panel:
        page.note(
            "One query a line (repeats are counted), or a CSV or TSV with a column “query” and, where there is one, "
            f"“count”. The queries are asked over {collection.name}'s passages; no judgement is needed."
        )
        upload = st.file_uploader("Query log", type=["txt", "csv", "tsv"], key="log-file", max_upload_size=LARGEST_MB)
        if upload is None:
            return
        name = st.text_input(
            "Name", value=f"{collection.name}-{tame(upload.name).rsplit('.', 1)[0]}"[:80], key="log-name"
        )
        if st.button("Take the log", type="primary", key="log-take"):
            try:
                with on_disk(upload) as path:
                    counts = read_query_log(path)
                save_collection(log_collection(collection, counts, name.strip()), name.strip())
            except RetrievariumError as error:
                page.callout("stop", "The log was not taken", str(error))
                return
            st.session_state["log-made"] = name.strip()
        if made := st.session_state.get("log-made"):
            page.callout("ok", f"{made} is in the workspace")
            st.button(f"Judge {made}", icon=":material/grading:", key="log-open", on_click=_open, args=(made,))
