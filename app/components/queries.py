"""Which question to look at: offered by disagreement first, stepped through with j and k, or picked from a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

import prepared
import state
from components.text import escaped
from retrievarium.data import Collection
from state import Selection
from whole import Overall, Progress

_LISTED = 500
_GROUP_WORDS = {"all": "Most different rankings", "none": "Nobody finds it", "each": "Everybody finds it"}


def group_label(key: str, look: Overall | None, k: int) -> str:
    """What a group of queries is called, with its size."""
    name = key.removeprefix("only:")
    words = f"Only {name} finds it" if key.startswith("only:") else _GROUP_WORDS[key]
    if look is None:
        return words
    within = "" if key == "all" else f" in its top {k}" if key.startswith("only:") else f" (top {k})"
    return f"{words}{within}: {len(look.groups.get(key, [])):,}"


def current(collection: Collection, chosen: Selection, offered: Sequence[str]) -> str:
    """The query in view: the chosen one, else a prepared one of this collection, else the first that is offered."""
    if chosen.ask:
        return ""
    if chosen.query in collection.all_queries:
        return chosen.query
    if first := prepared.first_query(collection):
        return first
    # what was shown first stays, also when the look over all queries arrives and orders them anew
    pinned = st.session_state.get("pinned")
    if pinned is None or pinned[:3] != (collection.name, chosen.split, chosen.slice):
        pinned = (collection.name, chosen.split, chosen.slice, offered[0] if offered else "")
        st.session_state["pinned"] = pinned
    return pinned[3]


def _group(over: Overall | None, k: int) -> str:
    """The chosen group. Its labels hold counts that come late, so each set of labels is a widget of its own: a value
    is carried over by us, not matched by its label."""
    keys = list(over.groups) if over is not None else ["all"]
    held = st.session_state.get("group", "all")
    labels = [group_label(key, over, k) for key in keys]
    picked = st.selectbox(
        "Queries",
        keys,
        index=keys.index(held) if held in keys else 0,
        format_func=dict(zip(keys, labels, strict=True)).__getitem__,
        key=f"group-of-{'|'.join(labels)}",
        help="Most different first: mean rank-biased overlap between the columns, lowest first.",
        width=380,
    )
    if over is not None:
        st.session_state["group"] = picked
    return picked


def bar(collection: Collection, chosen: Selection, look: Progress) -> str:
    """Draw the choice of queries; returns the id of the one in view, empty for a question of one's own."""
    over = look.overall
    offered: Sequence[str] = state.in_slice(collection, chosen.split, chosen.slice)
    with st.container(horizontal=True, vertical_alignment="bottom", key="query-bar"):
        group = _group(over, chosen.k)
        if over is not None:
            offered = over.groups[group]
        query = current(collection, chosen, offered)
        if over is not None:
            before = st.session_state.get("group-before", group)
            st.session_state["group-before"] = group
            if before != group and offered and offered[0] != query:
                st.session_state["go"] = offered[0]  # another group of queries: its first one is shown
                st.rerun()
        place = offered.index(query) if query in offered else None
        before = offered[place - 1] if place else None
        after = offered[place + 1] if place is not None and place + 1 < len(offered) else None
        if place is None and offered:
            after = offered[0]
        _step("Previous", before, "k", ":material/arrow_back:")
        _step("Next", after, "j", ":material/arrow_forward:")
        st.html(f'<p class="rv-note" style="padding-bottom:.55rem">{escaped(_where(place, offered, chosen, over))}</p>')
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


def _where(place: int | None, offered: Sequence[str], chosen: Selection, over: Overall | None) -> str:
    if not offered:
        return "no query in this group"
    order = "most different first" if over is not None else "in the collection's order until all are searched"
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
