"""What will they find? Say it before you see it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

import columns as answers
import prepared
import state
import whole
from columns import Column
from components import cards, page, predict_view, share, take, wanting
from components.predict_view import NOBODY
from retrievarium.analysis import Finding, finding_sentence
from retrievarium.contracts import Run
from retrievarium.data import Collection
from retrievarium.evaluation import pool

chosen = state.selection()
dark = st.context.theme.type == "dark"
VOTE, RANK = "Vote: who finds it first?", "Rank: which passage first?"
_RESULTS = 3
_HIDDEN = ("pv", "pk", "pr")
st.html(Path(__file__).parents[1] / "components" / "clinic.css")


# -- state: in the address, so that a reload loses no vote


def hidden() -> None:
    state.take_over(pv=str, pk=str, pr=str, pm=str)
    if st.session_state.get("pm") not in (None, VOTE, RANK):
        st.session_state["pm"] = VOTE
    with st.container(key="predict-hidden"):
        for key in _HIDDEN:
            st.text_input(key, key=key, bind="query-params", persist_state="session", label_visibility="collapsed")


def reset() -> None:
    for key in _HIDDEN:
        st.session_state[key] = ""


def votes(options: Sequence[str], query: str) -> dict[str, int]:
    """Votes by option; those of another question do not count."""
    about, _, counts = str(st.session_state.get("pv") or "").rpartition("|")
    told = counts.split("-") if about == query else []
    known = [int(c) if c.isdecimal() else 0 for c in told]
    return {name: known[i] if i < len(known) else 0 for i, name in enumerate(options)}


def vote(options: Sequence[str], query: str, name: str, step: int = 1) -> None:
    told = votes(options, query)
    told[name] = max(0, told[name] + step)
    st.session_state["pv"] = f"{query}|" + "-".join(str(c) for c in told.values())
    st.session_state["last-vote"] = name if step > 0 else ""


def ranked(query: str, shown: Sequence[str]) -> list[str]:
    about, _, told = str(st.session_state.get("pk") or "").rpartition("|")
    signs = {predict_view.sign(shown, p): p for p in shown}
    return [signs[c] for c in told if c in signs] if about == query else []


def rank(query: str, shown: Sequence[str], passage: str) -> None:
    order = [*ranked(query, shown), passage]
    st.session_state["pk"] = f"{query}|" + "".join(predict_view.sign(shown, p) for p in order)


def reveal() -> None:
    st.session_state["pr"] = "1"


def go(query: str) -> None:
    reset()
    state.open_query(query)


# -- the page


def bar(collection: Collection) -> tuple[str, list]:
    """The question in view, and keys of tasks at work."""
    found = whole.overall(collection, chosen)
    offered = list(state.in_slice(collection, chosen.split, chosen.slice))
    if found.overall is not None:
        offered = list(found.overall.groups["all"])
    query = chosen.query if chosen.query in collection.all_queries else prepared.first_query(collection)
    query = query or (offered[0] if offered else "")
    place = offered.index(query) if query in offered else None
    with st.container(horizontal=True, vertical_alignment="bottom", key="predict-bar"):
        st.segmented_control(
            "Mode",
            [VOTE, RANK],
            default=VOTE,
            required=True,
            key="pm",
            bind="query-params",
            label_visibility="collapsed",
            on_change=reset,
        )
        after = offered[place + 1] if place is not None and place + 1 < len(offered) else None
        after = offered[0] if place is None and offered else after
        before = offered[place - 1] if place else None
        for label, to, key in (("Previous", before, "k"), ("Next", after, "j")):
            st.button(label, shortcut=key, key=f"p-{label}", disabled=to is None, on_click=go, args=(to or "",))
        st.button("Reset", icon=":material/restart_alt:", shortcut="x", key="p-reset", on_click=reset)
    return query, list(found.waiting)


def voting(columns: list[Column], query: str, relevant: dict[str, int]) -> bool:
    """Returns whether the results may be seen."""
    options = [*(c.name for c in columns), NOBODY]
    told = votes(options, query)
    total = sum(told.values())
    shown = bool(st.session_state.get("pr"))
    within = f"Who has relevant evidence first, in its top {chosen.k}?"
    page.sentence(within if relevant else "Whose results will you like best? Nobody has judged this question.")
    if not shown:
        with st.container(horizontal=True, key="p-votes"):
            for number, name in enumerate(options, start=1):
                st.button(
                    name if name != NOBODY else "Nobody",
                    key=f"p-vote-{number}",
                    shortcut=str(number),
                    on_click=vote,
                    args=(options, query, name),
                )
            last = st.session_state.get("last-vote", "")
            st.button(
                "Take the last vote back",
                key="p-undo",
                disabled=not last or not total,
                on_click=vote,
                args=(options, query, last or NOBODY, -1),
            )
        page.sentence(f"{total:,} vote{'s' if total != 1 else ''}. How they fall is shown with the results.")
        st.button("Show the results", type="primary", shortcut="s", key="p-reveal", disabled=not total, on_click=reveal)
        return False
    right = predict_view.outcome(columns, relevant, chosen.k) if relevant else []
    predict_view.votes_bars(told, right, dark)
    if right:
        hits = sum(told[n] for n in right)
        page.sentence(f"{hits:,} of {total:,} were right: {' and '.join(right)}.")
    return True


def ranking(collection: Collection, columns: list[Column], query: str, relevant: dict[str, int]) -> bool:
    runs = {c.name: c.ranking for c in columns if c.ranking is not None}
    every = sorted({p for told in runs.values() for p in told.ids[:2]})
    shuffled = pool({"p": _as_run(every)}, "q", len(every) or 1, query) if every else ()
    shown = predict_view.candidates(columns, relevant, shuffled)
    if len(shown) < 2:
        page.empty("There is too little to rank here.", "Choose another question or more retrievers.")
        return True
    order = ranked(query, shown)
    page.sentence("Which passage answers best? Give the places in order, best first.")
    predict_view.passages(collection, shown, order)
    if st.session_state.get("pr"):
        predict_view.rankings(columns, shown, order, relevant)
        return True
    with st.container(horizontal=True, key="p-places"):
        for passage in shown:
            number = predict_view.sign(shown, passage)
            st.button(
                f"Passage {number}",
                key=f"p-place-{number}",
                shortcut=number,
                disabled=passage in order,
                on_click=rank,
                args=(query, shown, passage),
            )
        done = len(order) == len(shown)
        st.button("Show the results", type="primary", shortcut="s", key="p-reveal", disabled=not done, on_click=reveal)
    return False


def _as_run(passages: Sequence[str]) -> Run:
    return Run.from_dict({"q": {p: float(-i) for i, p in enumerate(passages)}})


def results(collection: Collection, columns: list[Column], asked: cards.Asked) -> None:
    """The first results of each retriever, and the sentence."""
    if asked.relevant:
        found = [
            Finding(
                c.name, min((r for p in asked.relevant if (r := c.ranking.rank_of(p))), default=None), answers.DEPTH
            )
            for c in columns
            if c.ranking is not None
        ]
        page.sentence(finding_sentence(found, len(asked.relevant)))
    st.html(cards.legend(bool(asked.answers), bool(asked.judged)))
    st.html(cards.cards(collection, columns, asked, _RESULTS, dark))
    st.page_link(
        "app_pages/compare.py",
        label="Go on in Compare",
        icon=":material/view_column:",
        query_params=chosen.with_(query=asked.id, ask="").params(),
    )


def main() -> None:
    collection = state.collection_of(chosen)
    if collection is None:
        page.empty("There is no collection yet.", "Generate a World or bring your own on the Collections page.")
        return
    if len(chosen.retrievers) < 2:
        page.empty("There is nobody to bet on.", "Choose two to six retrievers in the sidebar.")
        return
    hidden()
    query, waiting = bar(collection)
    if not query:
        page.empty("This collection has no questions.", "Choose another in the sidebar.")
        return
    known = collection.all_queries[query]
    judged = collection.split_named(chosen.split).qrels.judged(query) if chosen.split else {}
    asked = cards.Asked(known.text, query, known.answers, judged)
    relevant = {p: judged[p] for p in asked.relevant}
    predict_view.question(known.text)
    columns = answers.columns(collection, chosen, query, known.text)
    working = [k for c in columns if c.state == "working" for k in c.keys]
    if working:
        page.callout("working", "The retrievers search, behind the curtain")
        page.poll(working)
        return
    wanting.offers(collection, columns)
    ready = [c for c in columns if c.ranking is not None]
    if len(ready) < 2:
        page.empty("Fewer than two retrievers can answer.", "Build one above, or choose others in the sidebar.")
        return
    mode = st.session_state.get("pm") or VOTE
    seen = voting(ready, query, relevant) if mode == VOTE else ranking(collection, ready, query, relevant)
    if seen:
        results(collection, ready, asked)
        told = {k: str(st.session_state.get(k) or "") for k in _HIDDEN}
        runs = [c.name for c in ready]
        params = {**chosen.with_(query=query, ask="").params(), "pm": mode, **{k: v for k, v in told.items() if v}}
        take.footer(
            state.to_page("predict", params),
            share.code(collection, chosen.with_(query=query, ask="")),
            f"{collection.name}-predicted",
            lambda: share.table(collection, chosen.with_(query=query, ask=""), ready),
            lambda: predict_view.one_file(collection, ready, known.text, relevant, votes([*runs, NOBODY], query)),
            png=False,
        )
    page.poll(waiting)


main()
