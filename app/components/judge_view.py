"""One result at a time, without a word of who found it: grade it by key."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import judging
from components import annotator, page
from components.text import escaped, marked, seconds
from judging import SCALE, Plan
from retrievarium.analysis import passage_marks
from retrievarium.data import Collection
from retrievarium.retrievers import analyzer_for
from retrievarium.workspace import Annotation

_LONGEST = 12_000  # characters of a shown passage
Item = tuple[str, str]


def _skipped() -> set[Item]:
    return st.session_state.setdefault("judge-skipped", set())


def current(plan: Plan, done: dict[Item, int]) -> Item | None:
    """The item in view: where the judge went back to, else the first without a grade that was not skipped."""
    items = plan.items
    at = st.session_state.get("judge-at")
    if at in items:
        return at
    skipped = _skipped()
    return next((i for i in items if i not in done and i not in skipped), None)


def show(collection: Collection, plan: Plan, said: Sequence[Annotation], who: str) -> None:
    """Progress, the question, one passage, and the keys."""
    done = judging.graded(said, who)
    items = plan.items
    ours = [i for i in items if i in done]
    left = len(items) - len(ours)
    whole = sum(all((q, p) in done for p in plan.pools[q]) for q in plan.queries)
    told = f"{len(ours):,} of {len(items):,} results graded, {whole:,} of {len(plan.queries):,} questions done"
    told += f"; {seconds(judging.seconds_left(said, who, left))} left at this pace" if left else ""
    st.progress(len(ours) / len(items) if items else 0.0, text=told)
    item = current(plan, done)
    if item is None:
        _finished(left)
        return
    query, passage = item
    known = collection.all_queries[query]
    row = collection.passages[passage]
    place, pool = plan.queries.index(query), plan.pools[query]
    st.html(
        f'<div class="rv-question"><blockquote dir="auto">{escaped(known.text)}</blockquote><div class="rv-facts">'
        f"<span>question <b>{place + 1:,}</b> of {len(plan.queries):,}</span>"
        f"<span>result <b>{pool.index(passage) + 1}</b> of {len(pool)}, in no order</span></div></div>"
    )
    text = row.text[:_LONGEST]
    analyzer = analyzer_for(collection.language)
    marks = passage_marks(text, (), analyzer.terms(known.text), analyzer)
    st.html(
        f'<div class="rv-two"><section><h4 dir="auto">{escaped(row.title)}</h4>'
        f'<p dir="auto">{marked(text, marks)}</p></section></div>'
    )
    annotator.in_view(query, passage)
    _keys(collection, item, done.get(item), items, who)
    if wrong := annotator.fault():
        page.callout("stop", "The grade was not kept", wrong)


def _keys(collection: Collection, item: Item, given: int | None, items: Sequence[Item], who: str) -> None:
    with st.container(horizontal=True, key="judge-keys"):
        for grade, words in SCALE.items():
            row = Annotation(
                collection.text_fingerprint,
                "grade",
                item[0],
                passage=item[1],
                annotator=who,
                value=str(grade),
            )
            st.button(
                f"{grade}: {words}",
                key=f"grade-{grade}",
                shortcut=str(grade),
                type="primary" if given == grade else "secondary",
                on_click=_grade,
                args=(row,),
            )
        at = items.index(item)
        st.button("Skip", key="judge-skip", shortcut="s", on_click=_skip, args=(item,))
        st.button(
            "Back", key="judge-back", shortcut="b", on_click=_go, args=(items[at - 1] if at else item,), disabled=not at
        )
    if given is not None:
        page.note("Graded already; another key changes it.")


def _grade(row: Annotation) -> None:
    if annotator.keep(row):
        _skipped().discard((row.query, row.passage))
        _on()


def _skip(item: Item) -> None:
    if st.session_state.get("annotated") == item:
        _skipped().add(item)
        _on()


def _on() -> None:
    """To the next item: what is pressed until it is shown is not meant for it."""
    st.session_state.pop("judge-at", None)
    annotator.in_view("", "")


def _go(item: Item) -> None:
    st.session_state["judge-at"] = item


def _finished(left: int) -> None:
    if not left:
        page.callout("ok", "Everything is graded", "Make a split of the grades below, or choose more questions above.")
        return
    page.callout("note", f"{left:,} results were skipped", "They count as not judged.")
    st.button("Go through the skipped ones", on_click=lambda: _skipped().clear(), key="judge-again")
