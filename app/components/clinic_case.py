"""What a number opened: its questions, one in view with gold beside the top result, and the tags people give."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd
import streamlit as st

from clinic import Case, Ward
from components import annotator, clinic_state, page
from components.clinic_state import View
from components.text import escaped, marked
from retrievarium.analysis import OTHER_FAILURE, RULES, because, entity_names, passage_marks, where_is
from retrievarium.data import Collection
from retrievarium.retrievers import analyzer_for
from retrievarium.workspace import Annotation
from state import Selection
from whole import Overall

_CARRIED = 300  # queries that a link to Compare carries
_LONGEST = 6_000  # characters of a shown passage


def show(
    collection: Collection, chosen: Selection, seen: View, ward: Ward | None, over: Overall, case: Case, who: str
) -> None:
    n = len(case.queries)
    said = annotator.rows(collection)
    with st.container(horizontal=True, vertical_alignment="center", key="case-bar"):
        st.button("Back to the tables", icon=":material/arrow_back:", on_click=clinic_state.close_case, key="case-back")
        _to_compare(chosen, case)
    page.heading(f"{case.words}, {case.system}: {n:,} question{'s' if n != 1 else ''}")
    if not n:
        page.empty("No question is here.", "Go back and open another number.")
        return
    query = seen.query if seen.query in case.queries else case.queries[0]
    place = list(case.queries).index(query)
    with st.container(horizontal=True, vertical_alignment="center", key="case-steps"):
        _step("Previous", case.queries[place - 1] if place else None, "k", ":material/arrow_back:")
        _step("Next", case.queries[place + 1] if place + 1 < n else None, "j", ":material/arrow_forward:")
        page.note(f"{place + 1:,} of {n:,}, lowest {chosen.measure} of {case.system} first")
    _listed(collection, chosen, over, ward, case, said)
    _question(collection, chosen, over, case, query)
    tagging(collection, ward, case.system, query, who, said)


def _to_compare(chosen: Selection, case: Case) -> None:
    """A way to the same questions in Compare; a link carries so many."""
    carried = list(case.queries)[:_CARRIED]
    if not carried:
        return
    cut = "" if len(carried) == len(case.queries) else f" (the first {_CARRIED})"
    told = {**chosen.with_(query=carried[0], ask="").params(), "cg": "ids:" + "~".join(carried)}
    st.page_link(
        "app_pages/compare.py",
        label=f"Step through them in Compare{cut}",
        icon=":material/view_column:",
        query_params=told,
    )


def _step(label: str, query: str | None, key: str, icon: str) -> None:
    st.button(
        label,
        key=f"case-{label.lower()}",
        shortcut=key,
        icon=icon,
        disabled=query is None,
        on_click=clinic_state.go,
        args=(query or "",),
    )


def _picked(queries: Sequence[str]) -> None:
    chosen = st.session_state["case-list"]["selection"]["rows"]
    if chosen:
        clinic_state.go(queries[chosen[0]])


def _listed(
    collection: Collection,
    chosen: Selection,
    over: Overall,
    ward: Ward | None,
    case: Case,
    said: Sequence[Annotation],
) -> None:
    """The questions as a table: a row opens one."""
    known, queries = collection.all_queries, list(case.queries)
    tags = {
        q: ", ".join(t.tags) for t in (ward.tagged.get(case.system, ()) if ward else ()) for q in (t.failure.query,)
    }
    own: dict[str, set[str]] = {}
    for row in said:
        if row.kind == "tag" and row.system == case.system:
            own.setdefault(row.query, set()).add(row.label)
    table: dict[str, list] = {"question": [known.texts[known.row_of[q]] for q in queries]}
    for name, told in over.evaluations.items():
        values = told.per_query[chosen.measure]
        table[f"{name}: {chosen.measure}"] = [round(values[q], 3) for q in queries]
    table["tags by rule"] = [tags.get(q, "") for q in queries]
    table["tags by people"] = [", ".join(sorted(own.get(q, ()))) for q in queries]
    st.dataframe(
        pd.DataFrame(table),
        key="case-list",
        on_select=lambda: _picked(queries),
        selection_mode="single-row",
        hide_index=True,
        height=min(260, 40 + 35 * len(queries)),
        column_config={"question": st.column_config.TextColumn(width="large")},
        alt=f"The {len(queries):,} questions of {case.words}; select a row to open it",
    )


@lru_cache(maxsize=8)
def _names(collection: Collection) -> dict[str, str]:
    return entity_names(collection)


def _question(collection: Collection, chosen: Selection, over: Overall, case: Case, query: str) -> None:
    known = collection.all_queries[query]
    facts = [("answer", known.answers[0])] if known.answers else []
    facts += [("relation", known.relation)] if known.relation else []
    facts += [("entity", _names(collection).get(known.entity, known.entity))] if known.entity else []
    told = "".join(f"<span>{escaped(k)} <b>{escaped(v)}</b></span>" for k, v in [*facts, ("query", query)])
    st.html(
        f'<div class="rv-question"><blockquote dir="auto">{escaped(known.text)}</blockquote>'
        f'<div class="rv-facts">{told}</div></div>'
    )
    run = over.runs[case.system]
    top = run[query].ids[0] if query in run and len(run[query]) else None
    relevant = collection.split_named(chosen.split).qrels.relevant(query) if chosen.split else {}
    ranks = where_is(run, query, list(relevant))
    gold = min(relevant, key=lambda p: (ranks[p] is None, ranks[p] or 0), default=None)
    sides = ""
    if gold is not None and gold != top:
        at = f"rank {ranks[gold]} of {case.system}" if ranks[gold] else f"not in the first {len(run[query])}"
        sides += _side(collection, query, gold, "Judged relevant", at, True)
    if top is not None:
        sides += _side(collection, query, top, "On top", f"rank 1 of {case.system}", top in relevant)
    st.html(f'<div class="rv-two">{sides}</div>' if sides else "<p>Nothing was retrieved.</p>")
    st.page_link(
        "app_pages/compare.py",
        label="Open this question in Compare",
        icon=":material/view_column:",
        query_params=chosen.with_(query=query, ask="").params(),
    )


def _side(collection: Collection, query: str, passage: str, what: str, where: str, relevant: bool) -> str:
    asked = collection.all_queries[query]
    if passage not in collection.passages:
        return ""
    row = collection.passages[passage]
    text = row.text[:_LONGEST]
    analyzer = analyzer_for(collection.language)
    marks = passage_marks(text, asked.answers, analyzer.terms(asked.text), analyzer)
    classes = ' class="rv-relevant"' if relevant else ""
    return (
        f"<section{classes}><header><b>{escaped(what)}</b>, {escaped(where)}, {escaped(passage)}</header>"
        f'<h4 dir="auto">{escaped(row.title)}</h4><p dir="auto">{marked(text, marks)}</p></section>'
    )


# -- tags


def tagging(
    collection: Collection, ward: Ward | None, system: str, query: str, who: str, said: Sequence[Annotation]
) -> None:
    """Tags of the rules with agree and disagree; tags of one's own by key; a note."""
    about = {"collection": collection.text_fingerprint, "query": query, "system": system, "annotator": who}
    annotator.in_view(query, system)
    here = [row for row in said if row.query == query and row.system == system]
    mine = {row.label for row in here if row.kind == "tag" and row.annotator == who}
    page.heading("Why did it fail?", f"The rules' tags for {system}; say whether they are right, or tag it yourself.")
    told = ward.of(system, query) if ward is not None else None
    if ward is None:
        page.callout("working", "The rules are still at work; your own tags can be given already")
    if ward is not None and told is None:
        page.note(f"{system} has relevant evidence in its top {ward.cut}: the rules have nothing to say.")
    for name in (told.tags or (OTHER_FAILURE,)) if told is not None else ():
        _verdict(about, here, name, because(told, name))
    if told is not None and told.unknown:
        page.note(f"Nobody can tell here: {', '.join(told.unknown)}.")
    with st.container(horizontal=True, key="tag-keys"):
        for number, name in enumerate(RULES, start=1):
            row = Annotation(kind="tag", label=name, value="yes", **about)
            st.button(
                name.capitalize(),
                key=f"tag-{number}",
                shortcut=str(number),
                type="primary" if name in mine else "secondary",
                on_click=annotator.toggle,
                args=(row, name in mine),
            )
    _note(about, here, query, system)
    others = [row for row in here if row.annotator != who]
    for other in dict.fromkeys(row.annotator for row in others):
        own = [row for row in others if row.annotator == other]
        words = [row.label for row in own if row.kind == "tag"]
        words += [f"{row.value}s: {row.label}" for row in own if row.kind == "verdict"]
        words += [f"“{row.value}”" for row in own if row.kind == "note"]
        st.html(f'<p class="rv-said"><b>{escaped(other)}</b> {escaped("; ".join(words))}</p>')
    if wrong := annotator.fault():
        page.callout("stop", "This was not kept", wrong)


def _verdict(about: dict[str, str], here: Sequence[Annotation], name: str, why: str) -> None:
    who = about["annotator"]
    mine = next((r.value for r in here if r.kind == "verdict" and r.label == name and r.annotator == who), "")
    if name == OTHER_FAILURE:
        st.html(f'<p class="rv-why-tag"><b>{escaped(name)}</b>{escaped(why)}</p>')
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"verdict-{list(RULES).index(name)}"):
        st.html(f'<p class="rv-why-tag"><b>{escaped(name)}</b>{escaped(why)}</p>', width="content")
        for value, icon in (("agree", ":material/check:"), ("disagree", ":material/close:")):
            row = Annotation(kind="verdict", label=name, value=value, **about)
            st.button(
                value.capitalize(),
                key=f"{value}-{list(RULES).index(name)}",
                icon=icon,
                type="primary" if mine == value else "secondary",
                on_click=annotator.toggle,
                args=(row, mine == value),
            )


def _note(about: dict[str, str], here: Sequence[Annotation], query: str, system: str) -> None:
    who = about["annotator"]
    known = next((r.value for r in here if r.kind == "note" and r.annotator == who), "")
    key = f"note-{system}-{query}-{who}"

    def changed() -> None:
        text = str(st.session_state[key] or "").strip()
        row = Annotation(kind="note", value=text, **about)
        if text:
            annotator.keep(row)
        else:
            annotator.withdraw(row)

    st.text_input("Note", value=known, key=key, on_change=changed, max_chars=2_000, placeholder="What went wrong?")
