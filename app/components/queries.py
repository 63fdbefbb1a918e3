"""Which question to look at: offered by disagreement first, stepped through with j and k, or picked from a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

import prepared
import queues
import state
from components import compare_state
from components.text import escaped
from queues import Queue
from retrievarium.data import Collection
from state import Selection
from whole import Overall, Progress

_LISTED = 500


def label(key: str, look: Overall | None, chosen: Selection) -> str:
    """What a queue is called, with its size."""
    queue = queues.read(key)
    words = queues.words(queue, chosen.measure, chosen.k)
    return words if look is None else f"{words}: {len(queues.queries(queue, look, chosen.measure)):,}"


def current(collection: Collection, chosen: Selection, offered: Sequence[str]) -> str:
    """The query in view: the chosen one, else a prepared one of this collection, else the first that is offered."""
    if chosen.ask:
        return ""
    if chosen.query in collection.all_queries:
        return chosen.query
    if st.session_state.get("cg") in (None, "", "all") and (first := prepared.first_query(collection)):
        return first
    # what was shown first stays, also when the look over all queries arrives and orders them anew
    pinned = st.session_state.get("pinned")
    if pinned is None or pinned[:3] != (collection.name, chosen.split, chosen.slice):
        pinned = (collection.name, chosen.split, chosen.slice, offered[0] if offered else "")
        st.session_state["pinned"] = pinned
    return pinned[3]


def _open_queue(key: str) -> None:
    st.session_state["cg"] = "" if key == "all" else key
    st.session_state["queue-first"] = True
    st.session_state.pop("way-back", None)


def _queue(over: Overall | None, chosen: Selection) -> Queue:
    """The queue in view. Labels hold counts that come late, so each set of labels is a widget of its own: the value is
    carried over by us, in the link, not matched by its label."""
    held = queues.read(st.session_state.get("cg") or "all")
    keys = queues.offered(over, chosen.measure) if over is not None else ["all"]
    wrong = over is not None and not queues.usable(held, over)
    if held.key not in keys and not wrong:
        keys = [*keys, held.key]
    labels = [label(key, over, chosen) for key in keys]
    now = "all" if wrong else held.key
    picked = st.selectbox(
        "Queries",
        keys,
        index=keys.index(now),
        format_func=dict(zip(keys, labels, strict=True)).__getitem__,
        key=f"queue {now} of {'|'.join(labels)}",
        help="Most different first: mean rank-biased overlap between the columns, lowest first.",
        width=400,
    )
    if picked != now:
        st.session_state["go-queue"] = picked
        st.rerun()
    return queues.read(now)


def bar(collection: Collection, chosen: Selection, look: Progress) -> str:
    """Draw the choice of queries; returns the id of the one in view, empty for a question of one's own."""
    over = look.overall
    offered: Sequence[str] = state.in_slice(collection, chosen.split, chosen.slice)
    with st.container(horizontal=True, vertical_alignment="bottom", key="query-bar"):
        queue = _queue(over, chosen)
        if over is not None:
            offered = queues.queries(queue, over, chosen.measure)
        query = current(collection, chosen, offered)
        if over is not None and st.session_state.pop("queue-first", False) and offered and offered[0] != query:
            st.session_state["go"] = offered[0]
            st.rerun()
        place = offered.index(query) if query in offered else None
        before = offered[place - 1] if place else None
        after = offered[place + 1] if place is not None and place + 1 < len(offered) else None
        if place is None and offered:
            after = offered[0]
        _step("Previous", before, "k", ":material/arrow_back:")
        _step("Next", after, "j", ":material/arrow_forward:")
        told = _where(place, offered, chosen, over, queue)
        st.html(f'<p class="rv-note" style="padding-bottom:.55rem">{escaped(told)}</p>')
        if queue.key != "all":
            if "way-back" in st.session_state:
                st.button("Back", key="queue-back", icon=":material/undo:", on_click=compare_state.go_back)
            st.button("All queries", key="queue-all", on_click=_open_queue, args=("all",))
    if offered:
        _browse(collection, chosen, over, offered)
    return query


def _step(label: str, query: str | None, key: str, icon: str) -> None:
    st.button(
        label,
        key=f"step-{label.lower()}",
        shortcut=key,
        icon=icon,
        disabled=query is None,
        on_click=state.open_query,
        args=(query or "",),
    )


def _where(place: int | None, offered: Sequence[str], chosen: Selection, over: Overall | None, queue: Queue) -> str:
    if not offered:
        return "no query in this group"
    order = queues.order(queue) if over is not None else "in the collection's order until all are searched"
    if chosen.ask:
        return f"your own question; Next opens one of {len(offered):,} queries"
    if place is None:
        return f"outside this group of {len(offered):,}"
    return f"{place + 1:,} of {len(offered):,}, {order}"


def _picked(offered: Sequence[str]) -> None:
    rows = st.session_state["browse"]["selection"]["rows"]
    if rows:
        state.open_query(offered[rows[0]])


def _browse(collection: Collection, chosen: Selection, over: Overall | None, offered: Sequence[str]) -> None:
    panel = st.expander(
        f"Browse these {len(offered):,} queries", icon=":material/list:", on_change="rerun", key="browse-open"
    )
    if not panel.open:
        return
    with panel:
        find = st.text_input(
            "Find", key="find", placeholder="words that stand in the query", label_visibility="collapsed", type="search"
        )
        texts = {q: collection.all_queries.texts[collection.all_queries.row_of[q]] for q in offered}
        words = find.casefold().split()
        hits = [q for q in offered if all(w in texts[q].casefold() for w in words)]
        shown = hits[:_LISTED]
        table: dict[str, list] = {"query": [texts[q] for q in shown]}
        kinds = collection.all_queries.column("kind")
        if kinds is not None:
            table["kind"] = [kinds[collection.all_queries.row_of[q]] for q in shown]
        if over is not None:
            for name, ranks in over.ranks.items():
                table[f"{name}: rank of gold"] = [ranks.get(q) for q in shown]
            table["disagreement"] = [round(over.disagreement[q], 3) for q in shown]
        st.dataframe(
            pd.DataFrame(table).astype({c: "Int64" for c in table if c.endswith("rank of gold")}),
            key="browse",
            on_select=lambda: _picked(shown),
            selection_mode="single-row",
            hide_index=True,
            height=min(420, 80 + 35 * len(shown)),
            column_config={
                "query": st.column_config.TextColumn(width="large"),
                "disagreement": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.2f"),
            },
            alt="Queries with the rank of their first relevant passage by retriever; select a row to open it",
        )
        told = f"{len(shown):,} of {len(hits):,} shown" if len(hits) > len(shown) else f"{len(hits):,} found"
        st.html(f'<p class="rv-note">{told}. Select a row to open the query. An empty rank: not in the top 100.</p>')
