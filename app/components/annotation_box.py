"""Annotations of a collection: how many, how well people agree, out as files, in again, wiped on purpose only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from components import annotator, page
from components.text import escaped
from components.uploads import LARGEST_MB, on_disk
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection
from retrievarium.workspace import Annotation, html_report, read_annotations, report, to_csv, to_jsonl, workspace

_WORDS = {"grade": "grades", "tag": "tags", "note": "notes", "verdict": "verdicts on rules"}


def section(collection: Collection, said: Sequence[Annotation]) -> None:
    page.heading("Annotations", "Kept in this workspace; everything can be taken out and brought back without loss.")
    people = sorted({row.annotator for row in said})
    kinds = Counter(row.kind for row in said)
    if said:
        told = ", ".join(f"{n:,} {_WORDS[k]}" for k, n in kinds.items())
        page.note(f"{told}, about {len({r.query for r in said}):,} of the questions, by {', '.join(people)}.")
        _agreement(said)
    else:
        page.empty("Nobody has annotated yet.", "Open a number in a table above, or grade results on the Judge page.")
    with st.container(horizontal=True, key="annotation-files"):
        _downloads(collection, said)
        with st.popover("Bring annotations in", icon=":material/upload:"):
            _bring(collection)
        if said:
            with st.popover("Wipe", icon=":material/delete:"):
                _wipe(collection, len(said))
    if told := st.session_state.pop("annotations-done", ""):
        page.callout("ok", told)
    if wrong := st.session_state.pop("annotations-fault", ""):
        page.callout("stop", "These annotations were not taken", wrong)


def _agreement(said: Sequence[Annotation]) -> None:
    rows = ""
    for kind, words in (("grade", "grades (quadratic weights)"), ("tag", "tags and verdicts (yes or no)")):
        for a, b, told in annotator.agreements(said, kind):
            kappa = f"{told.kappa:.2f}" if told.kappa is not None else "not defined: chance alone would agree"
            rows += (
                f"<tr><td>{escaped(a)} and {escaped(b)}</td><td>{words}</td>"
                f'<td class="rv-num">{told.n:,}</td><td class="rv-num">{told.observed:.2f}</td>'
                f'<td class="rv-num">{kappa}</td></tr>'
            )
    if rows:
        st.html(
            '<div class="rv-scroll"><table class="rv-table"><thead><tr><th scope="col">Annotators</th>'
            '<th scope="col">about</th><th class="rv-num" scope="col">judged by both</th>'
            '<th class="rv-num" scope="col">agreement</th><th class="rv-num" scope="col">Cohen\'s kappa</th>'
            f"</tr></thead><tbody>{rows}</tbody></table></div>"
        )


def _downloads(collection: Collection, said: Sequence[Annotation]) -> None:
    if not said:
        return
    title = f"Annotations of {collection.name}"

    def questions() -> dict[str, str]:
        known = collection.all_queries
        return {row.query: known.texts[known.row_of[row.query]] for row in said if row.query in known}

    offers = (
        ("CSV", "csv", "text/csv", lambda: to_csv(said)),
        ("JSONL", "jsonl", "application/jsonl", lambda: to_jsonl(said)),
        ("Markdown report", "md", "text/markdown", lambda: report(said, title, questions())),
        ("HTML report", "html", "text/html", lambda: html_report(said, title, questions())),
    )
    for label, suffix, mime, make in offers:
        st.download_button(
            label,
            data=lambda make=make: make().encode("utf-8"),  # type: ignore[misc]
            file_name=f"{collection.name}-annotations.{suffix}",
            mime=mime,
            icon=":material/download:",
            on_click="ignore",
            key=f"annotations-{suffix}",
        )


def _bring(collection: Collection) -> None:
    page.note("A CSV or JSONL file as it comes out here. Of two statements about the same the later one stands.")
    upload = st.file_uploader(
        "Annotations", type=["csv", "jsonl"], key="annotations-upload", max_upload_size=LARGEST_MB
    )
    st.button(
        "Take them", type="primary", key="annotations-take", disabled=upload is None, on_click=_take, args=(collection,)
    )


def _take(collection: Collection) -> None:
    upload = st.session_state.get("annotations-upload")
    if upload is None:
        return
    try:
        with on_disk(upload) as path:
            rows = read_annotations(path)
        done = workspace().annotations.take(rows)
    except RetrievariumError as error:
        st.session_state["annotations-fault"] = str(error)
        return
    other = sum(row.collection != collection.text_fingerprint for row in rows)
    told = f"{done.added:,} added, {done.replaced:,} replaced, {done.kept:,} were here already."
    told += f" {other:,} are about other texts than {collection.name}'s and show there." if other else ""
    st.session_state["annotations-done"] = told


def _wipe(collection: Collection, n: int) -> None:
    page.note(f"Removes all {n:,} annotations of {collection.name} from this workspace. Export them first.")
    sure = st.checkbox("I have what I need", key="annotations-sure")

    def wipe() -> None:
        gone = workspace().annotations.wipe(collection.text_fingerprint, collection.all_queries.ids)
        st.session_state["annotations-done"] = f"{gone:,} annotations are gone."
        st.session_state["annotations-sure"] = False

    st.button("Wipe them", key="annotations-wipe", disabled=not sure, on_click=wipe)
