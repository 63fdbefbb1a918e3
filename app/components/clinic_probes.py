"""Probes: change one thing about the asked entity over all questions, search again, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

import columns as answers
import sources
import state
from components import page, wanting
from components.text import escaped, seconds
from desk import Task, desk
from retrievarium.analysis import Probed, Question, probed, questions_of, renamed
from retrievarium.contracts import RetrievariumError, Run
from retrievarium.data import Collection, load_collection, save_collection
from state import Selection
from whole import Overall

WORDS = {
    "rarer": "Ask of a rarer entity",
    "drop": "Drop the relation word",
    "rename": "Rename all entities",
}
_ABOUT = {
    "rarer": "The same relation, asked of the least popular entity that is asked it. Does the retriever know the name?",
    "drop": "The word that says what is asked is taken out. What is lost is what the retriever read in it; "
    "little lost means that it goes by the name.",
    "rename": "Every name becomes a new word, in passages and questions alike. Counting words cannot notice; what an "
    "encoder loses is what it knew of the names or their pieces.",
}
_EACH = 0.012  # seconds a question, by a small encoder on one core
_LISTED = 200


def section(collection: Collection, chosen: Selection, over: Overall) -> list[Any]:
    """Draws the section; returns keys of tasks that are at work."""
    page.heading("Probes", "Change one thing, search again: what does a retriever hang on?")
    panel = st.expander("Choose a probe", icon=":material/experiment:", on_change="rerun", key="probes-open")
    if not panel.open:
        return []
    with panel:
        probe = st.segmented_control(
            "Probe", list(WORDS), format_func=WORDS.__getitem__, default="rarer", key="ep", required=True
        )
        page.note(_ABOUT[str(probe)])
        if probe == "rename":
            return _rename(collection, chosen, over)
        return _questions(collection, chosen, over, str(probe))


def _changed(collection: Collection, chosen: Selection, probe: str) -> Task:
    key = ("probe-questions", collection.fingerprint, chosen.split, probe)
    return desk().task(key, lambda: questions_of(probe, collection, chosen.split or None), "ask")


def _key(collection: Collection, chosen: Selection, probe: str, spec: str) -> tuple[Any, ...]:
    return ("probe-run", collection.fingerprint, chosen.split, probe, spec)


def _search(collection: Collection, spec: str, texts: dict[str, str]) -> Run:
    found = answers.combined(spec, lambda n: answers.retriever(collection, n))
    return found.search(texts, answers.DEPTH)


def _questions(collection: Collection, chosen: Selection, over: Overall, probe: str) -> list[Any]:
    """Probes that change questions only."""
    task = _changed(collection, chosen, probe).wait(0.5)
    if task.state == "working":
        page.callout("working", "Changing the questions")
        return [("probe-questions", collection.fingerprint, chosen.split, probe)]
    if task.state == "failed":
        page.callout("stop", "The questions could not be changed", task.error)
        return []
    told: dict[str, Question] = {q: c for q, c in task.value.items() if q in set(over.queries)}
    if not told:
        why = "It takes relations and popularities." if probe == "rarer" else "No word stands beside the name."
        page.empty("No question can be changed here.", why)
        return []
    specs = [s for s in over.runs if not s.startswith(sources.IMPORTED)]
    tasks = {s: desk().peek(_key(collection, chosen, probe, s)) for s in specs}
    if any(t is None for t in tasks.values()):
        texts = {q: c.text for q, c in task.value.items()}
        st.button(
            f"Search {len(texts):,} changed questions",
            type="primary",
            key="probe-start",
            on_click=lambda: _start(collection, chosen, probe, specs, texts),
        )
        page.note(f"It takes {seconds(len(texts) * _EACH * len(specs))}, in the background.")
        return []
    return _result(collection, chosen, over, told, {s: t for s, t in tasks.items() if t is not None})


def _start(collection: Collection, chosen: Selection, probe: str, specs: Sequence[str], texts: dict[str, str]) -> None:
    for spec in specs:
        key = _key(collection, chosen, probe, spec)
        desk().task(key, lambda spec=spec: _search(collection, spec, texts), "whole")  # type: ignore[misc]


def _result(
    collection: Collection, chosen: Selection, over: Overall, questions: dict[str, Question], tasks: dict[str, Task]
) -> list[Any]:
    waiting = [s for s, t in tasks.items() if t.state == "working"]
    done: dict[str, Probed] = {}
    for spec, task in tasks.items():
        if task.state == "failed":
            page.callout("stop", f"{spec} could not be probed", task.error)
        elif task.state == "ready":
            done[spec] = probed(
                over.runs[spec], task.value, questions, collection, chosen.split or None, chosen.measure
            )
    if waiting:
        page.callout("working", f"Searching with {', '.join(waiting)}")
    if done:
        _table(chosen, done)
        _watch(collection, chosen, questions, done)
    probe = str(st.session_state.get("ep") or "rarer")
    return [_key(collection, chosen, probe, s) for s in waiting]


def _table(chosen: Selection, done: dict[str, Probed]) -> None:
    rows = ""
    for spec, told in done.items():
        d, n = told.difference, len(told.before)
        before, after = sum(told.before.values()) / n, sum(told.after.values()) / n
        rows += (
            f'<tr><td>{escaped(spec)}</td><td class="rv-num">{n:,}</td><td class="rv-num">{before:.3f}</td>'
            f'<td class="rv-num">{after:.3f}</td><td class="rv-num">{d.mean:+.3f} '
            f'<span class="rv-range">{d.low:+.3f} to {d.high:+.3f}</span></td>'
            f'<td class="rv-num">{d.wins:,} / {d.ties:,} / {d.losses:,}</td></tr>'
        )
    st.html(
        '<div class="rv-scroll"><table class="rv-table"><thead><tr><th scope="col">Retriever</th>'
        '<th class="rv-num" scope="col">questions</th>'
        f'<th class="rv-num" scope="col">{escaped(chosen.measure)} before</th><th class="rv-num" scope="col">after</th>'
        '<th class="rv-num" scope="col">difference, 95% interval</th>'
        f'<th class="rv-num" scope="col">better / equal / worse</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _watch(collection: Collection, chosen: Selection, questions: dict[str, Question], done: dict[str, Probed]) -> None:
    """The questions that changed most, with a way to see the changed one in Compare."""
    moved = {q: max(abs(t.after[q] - t.before[q]) for t in done.values()) for q in next(iter(done.values())).before}
    shown = sorted(moved, key=lambda q: (-moved[q], q))[:_LISTED]
    known = collection.all_queries
    table: dict[str, list] = {
        "question": [known.texts[known.row_of[q]] for q in shown],
        "changed to": [questions[q].text for q in shown],
        "what changed": [questions[q].change for q in shown],
    }
    for spec, told in done.items():
        table[f"{spec}: change"] = [round(told.after[q] - told.before[q], 3) for q in shown]
    event = st.dataframe(
        pd.DataFrame(table),
        key="probe-list",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        height=min(320, 40 + 35 * len(shown)),
        alt="Questions with the largest change; select a row to open it in Compare",
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(shown):
        query = shown[rows[0]]
        with st.container(horizontal=True):
            before, after = chosen.with_(query=query, ask=""), chosen.with_(query="", ask=questions[query].text)
            for label, to in (("As asked, in Compare", before), ("As changed, in Compare", after)):
                st.page_link(
                    "app_pages/compare.py", label=label, icon=":material/view_column:", query_params=to.params()
                )


# -- renaming: another collection


def _rename(collection: Collection, chosen: Selection, over: Overall) -> list[Any]:
    name = f"{collection.name}-renamed"[:80]
    key = ("renamed", collection.fingerprint)
    task = desk().peek(key)
    if name in state.at_hand():
        return _renamed(collection, load_collection(name), chosen, over)
    if task is not None and task.state == "working":
        page.callout("working", "Renaming")
        return [key]
    if task is not None and task.state == "failed":
        page.callout("stop", "The entities could not be renamed", task.error)
        return []
    st.button(
        f"Make {name}",
        type="primary",
        key="rename-start",
        on_click=_start_rename,
        args=(collection, name),
    )
    page.note("A collection of its own in this workspace, with the same ids and judgements; Compare opens it as well.")
    return []


def _start_rename(collection: Collection, name: str) -> None:
    desk().task(("renamed", collection.fingerprint), lambda: _make(collection, name), "whole")


def _make(collection: Collection, name: str) -> str:
    save_collection(renamed(collection), name)
    return name


def _renamed(collection: Collection, there: Collection, chosen: Selection, over: Overall) -> list[Any]:
    specs = [s for s in over.runs if not s.startswith(sources.IMPORTED)]
    if chosen.split not in there.splits or there.all_queries.ids != collection.all_queries.ids:
        page.callout(
            "warning", f"{there.name} was made from other questions", "Remove it on Collections and make it anew."
        )
        return []
    able = [s for s in specs if answers.ready_parts(s, there)]
    wanted = there_selection = chosen.with_(collection=there.name, retrievers=tuple(s for s in specs if s not in able))
    if there_selection.retrievers:
        first = there.all_queries.ids[0]
        try:
            wanting.offers(there, answers.columns(there, wanted, first, there.all_queries.texts[0]))
        except RetrievariumError as error:
            page.callout("stop", "This cannot be encoded", str(error))
    if not able:
        return []
    tasks = {s: answers.run_task(there, chosen.split, s) for s in able}
    inside = set(over.queries)
    texts = zip(there.all_queries.ids, there.all_queries.texts, strict=True)
    questions = {q: Question(t, q, "every name is new") for q, t in texts if q in inside}
    waiting = _result(collection, chosen, over, questions, tasks)
    st.page_link(
        "app_pages/compare.py",
        label=f"Compare on {there.name}",
        icon=":material/view_column:",
        query_params=chosen.with_(collection=there.name, query="", ask="").params(),
    )
    return [answers.run_key(there, chosen.split, s) for s in able if tasks[s].state == "working"] if waiting else []
