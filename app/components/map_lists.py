"""Beside the map: the neighbours of the original space, the selection as a table, the most changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from components import map_state, page
from components.map_chart import Sight
from components.map_scene import K, Scene
from components.text import escaped, isolated
from retrievarium.analysis import Pair
from state import Selection

_MOST_ROWS = 1_000


def neighbours(sight: Sight, chosen: Selection) -> None:
    """The truth about the point in view: its list in the original space, and where the map puts each."""
    of = sight.scene
    at = sight.focus if sight.focus is not None else sight.query
    if at is None:
        page.empty("No point is in view.", "Click a point, or choose a query: its true neighbours are listed here.")
        return
    kind = "passage" if at < of.n else "query"
    text = of.collection.passages.texts[int(of.points.passages[at])] if at < of.n else ""
    st.html(
        f'<p class="rv-eyebrow">{kind} in view</p><strong>{isolated(of.title(at))}</strong>'
        + (f'<p class="rv-note" dir="auto">{escaped(text[:220])}{"…" if len(text) > 220 else ""}</p>' if text else "")
    )
    k = chosen.k if kind == "query" else K
    rows, close = of.true_list(at, k)
    on_map = {int(p): r for r, p in enumerate(of.map_list(at, sight.places), start=1)}
    relevant = _relevant(of, at)
    body = ""
    for rank, (row, value) in enumerate(zip(rows.tolist(), close.tolist(), strict=True), start=1):
        place = on_map.get(row, 0)
        sign, tone = ("✓", "rv-up") if place <= k else ("◇", "rv-new")
        gold = ' <span class="rv-badge rv-relevant">relevant</span>' if row in relevant else ""
        body += (
            f'<tr><td class="rv-num">{rank}</td><td>{isolated(of.title(row))}{gold}</td>'
            f'<td class="rv-num">{of.score(at, value, row):.3f}</td>'
            f'<td class="rv-num rv-move {tone}">{sign} {place:,}</td></tr>'
        )
    head = '<tr><th class="rv-num">Rank</th><th>Passage</th><th class="rv-num">Score</th>'
    head += '<th class="rv-num">On the map</th></tr>'
    st.html(f'<div class="rv-scroll"><table class="rv-table"><thead>{head}</thead><tbody>{body}</tbody></table></div>')
    false = [p for p in of.map_list(at, sight.places)[:k].tolist() if p not in set(rows.tolist())]
    if false:
        names = "; ".join(of.title(p)[:50] for p in false[:5])
        page.note(
            f"□ {len(false)} of the {k} nearest on the map are false friends: {names}{' …' if len(false) > 5 else ''}"
        )
    else:
        page.note(f"All {k} nearest on the map are true.")


def _relevant(of: Scene, at: int) -> set[int]:
    if at < of.n:
        return set()
    query = of.collection.queries.ids[int(of.points.queries[at - of.n])]
    wanted = of.collection.qrels.relevant(query)
    return {of.position[f"p:{p}"] for p in wanted if f"p:{p}" in of.position}


def selection(sight: Sight, at: Sequence[int], chosen: Selection) -> pd.DataFrame:
    """The selected points as a table; a row opens, queries lead to Compare."""
    of, shade = sight.scene, sight.shade
    page.heading(f"Selected: {len(at):,} of {of.size:,} points")
    if not len(at):
        page.note("Click a point to read it; to select many, draw around them with the lasso of the map's toolbar.")
        return pd.DataFrame()
    kept = of.made.kept if of.made is not None else None
    shown = list(at)[:_MOST_ROWS]
    told = pd.DataFrame(
        {
            "what": ["passage" if p < of.n else "query" for p in shown],
            "id": [of.names[p][2:] for p in shown],
            "text": [of.title(p) for p in shown],
            **({} if shade.key == "point" else {shade.label: [shade.of(p) for p in shown]}),
        }
    )
    if kept is not None:
        told["kept"] = [float(kept[p]) for p in shown]
    st.dataframe(
        told,
        key="map-table",
        on_select=lambda: _opened(of, shown),
        selection_mode="single-row",
        hide_index=True,
        height=min(420, 80 + 35 * len(shown)),
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "kept": st.column_config.ProgressColumn("neighbours kept", min_value=0.0, max_value=1.0, format="%.1f"),
        },
        alt="The selected passages and queries; select a row to put it in view",
    )
    if len(at) > len(shown):
        page.note(f"The first {len(shown):,} of {len(at):,} are listed; the download has all.")
    queries = [of.names[p][2:] for p in at if p >= of.n]
    with st.container(horizontal=True):
        if queries:
            st.page_link(
                "app_pages/compare.py",
                label=f"Compare on {'this query' if len(queries) == 1 else f'the first of {len(queries):,} queries'}",
                icon=":material/view_column:",
                query_params=chosen.with_(query=queries[0], ask="").params(),
            )
        st.button(
            "Let go of the selection", key="map-let-go", on_click=map_state.choose, args=((),), icon=":material/close:"
        )
    return told


def _opened(of: Scene, shown: Sequence[int]) -> None:
    rows = st.session_state["map-table"]["selection"]["rows"]
    if rows:
        map_state.focus_on(of.names[shown[rows[0]]])


def changed(of: Scene, pair: Pair, most: int = 12) -> None:
    """What differs most between two encoders, in the original spaces, above the floor."""
    change, floor = pair.array("change"), pair.array("floor")
    left, right = st.columns(2)
    for place, name, rows in (
        (left, "queries", np.arange(of.n, of.size)),
        (right, "passages", np.arange(of.n)),
    ):
        top = pair.most_changed(rows, most)
        with place:
            st.html(f'<p class="rv-eyebrow">most changed {name}</p>')
            if not len(top):
                page.note(f"No {name} change more than the floor.")
                continue
            told = pd.DataFrame(
                {
                    "change": [float(change[p]) for p in top],
                    "floor": [float(floor[p]) for p in top],
                    "text": [of.title(int(p)) for p in top],
                }
            )
            st.dataframe(
                told,
                key=f"map-changed-{name}",
                on_select=lambda key=f"map-changed-{name}", top=top: _jump(of, key, top),
                selection_mode="single-row",
                hide_index=True,
                column_config={
                    "text": st.column_config.TextColumn(width="large"),
                    "change": st.column_config.ProgressColumn(
                        min_value=0.0, max_value=1.0, format="%.2f", width="small"
                    ),
                    "floor": st.column_config.NumberColumn(format="%.2f", width="small"),
                },
                alt=f"The {name} whose true neighbours differ most between the two encoders; a row puts it in view",
            )


def _jump(of: Scene, key: str, top: Sequence[int]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        map_state.focus_on(of.names[int(top[rows[0]])])


def twin(sight: Sight, at: Sequence[int]) -> None:
    """The map's colours as a table: how many points of each kind, and how many of them are selected."""
    shade = sight.shade
    if shade.codes is None:
        values = shade.values
        assert values is not None
        known = values[np.isfinite(values)]
        cells = [f"{v:.2f}" for v in np.percentile(known, [10, 50, 90])] if len(known) else ["none"] * 3
        page.note(
            f"{shade.label}: a tenth of the points below {cells[0]}, half below {cells[1]}, "
            f"nine tenths below {cells[2]}."
        )
        return
    rows = np.asarray(at, dtype=np.int64)
    inside, total = shade.counts(rows) if len(rows) else [0] * len(shade.names), shade.counts()
    body = "".join(
        f'<tr><td dir="auto">{escaped(n)}</td><td class="rv-num">{i:,} / {t:,}</td></tr>'
        for n, i, t in zip(shade.names, inside, total, strict=True)
    )
    head = f'<tr><th>{escaped(shade.label)}</th><th class="rv-num">selected / all</th></tr>'
    st.html(f'<div class="rv-scroll"><table class="rv-table"><thead>{head}</thead><tbody>{body}</tbody></table></div>')
