"""Over all queries: who is better, by how much, how sure that is, and on which queries."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import streamlit as st

import state
from components import page
from components.cards import SHAPES
from components.text import escaped
from retrievarium.data import Collection
from retrievarium.evaluation import Comparison
from retrievarium.figures import difference_forest, query_scatter, system_colours
from state import EVERYTHING, Selection
from whole import MEASURES, Overall, Progress

_INTERVAL = (
    "The interval speaks of these very runs on other queries like these. Whether the methods themselves differ, over "
    "retraining with other seeds, is another question: the claims board asks it."
)


def section(collection: Collection, chosen: Selection, look: Progress, dark: bool) -> None:
    if not len(collection.all_queries):
        return
    over = look.overall
    n = len(state.in_slice(collection, chosen.split, chosen.slice))
    within = "" if chosen.slice == EVERYTHING else f" of {chosen.slice.replace('=', ' ')}"
    page.heading(f"Over {'all ' if not within else 'the '}{n:,} queries{within}")
    if look.failed:
        page.callout("stop", "The look over all queries failed", look.failed)
    if over is None:
        if look.waiting:
            done = len(chosen.retrievers) - len(look.left_out) - len(look.waiting)
            page.callout(
                "working",
                f"Searching all {n:,} queries with every column",
                f"{max(0, done)} of {done + len(look.waiting)} done. The question above can be read meanwhile.",
            )
        return
    if look.left_out:
        page.note(f"Without {', '.join(look.left_out)}: not ready yet.")
    if not over.evaluations:
        page.note(
            "This collection has no judgements, so no measure can be computed. The rankings can still be compared."
        )
        return
    colours = system_colours(list(over.runs), dark)
    if over.comparison is not None:
        _sentences(over.comparison)
    left, right = st.columns([5, 4], gap="large")
    with left:
        _means(over, chosen, colours)
        if over.comparison is not None:
            _differences(over.comparison, colours)
    with right:
        _scatter(over, chosen, colours)


def _sentences(comparison: Comparison) -> None:
    items = "".join(f"<li>{escaped(_capital(comparison.sentence(n)))}</li>" for n in comparison.differences)
    st.html(f'<ul class="rv-verdicts">{items}</ul><p class="rv-note">{_INTERVAL}</p>')


def _capital(text: str) -> str:
    return text if text.split(" ")[0] in ("bm25", "minilm") else text[:1].upper() + text[1:]


def _means(over: Overall, chosen: Selection, colours: Mapping[str, str]) -> None:
    """Means of the usual measures; the chosen one first."""
    measures = list(dict.fromkeys([chosen.measure, *MEASURES]))
    best = {m: max(e.means[m] for e in over.evaluations.values()) for m in measures}
    rows = []
    for i, (name, told) in enumerate(over.evaluations.items()):
        cells = "".join(
            f'<td class="rv-num{" rv-best" if told.means[m] == best[m] else ""}">{told.means[m]:.3f}</td>'
            for m in measures
        )
        sign = f'<span class="rv-shape" style="color:{colours[name]}" aria-hidden="true">{SHAPES[i]}</span>'
        rows.append(f"<tr><td>{sign} {escaped(name)}</td>{cells}</tr>")
    heads = "".join(f'<th class="rv-num" scope="col">{escaped(m)}</th>' for m in measures)
    queries = next(iter(over.evaluations.values())).queries
    st.html(
        '<div class="rv-scroll"><table class="rv-table"><thead><tr><th scope="col">Mean over '
        f"{queries:,} judged queries</th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _differences(comparison: Comparison, colours: Mapping[str, str]) -> None:
    figure = difference_forest(comparison, colours)
    told = "; ".join(f"{n} {d.mean:+.3f} ({d.low:+.3f} to {d.high:+.3f})" for n, d in comparison.differences.items())
    st.plotly_chart(
        figure,
        key="forest",
        config={"displayModeBar": False},
        alt=f"Difference in {comparison.measure} to {comparison.reference} with 95% intervals: {told}",
    )
    rows = "".join(
        f'<tr><td>{escaped(n)}</td><td class="rv-num">{d.mean:+.3f}</td>'
        f'<td class="rv-num">{d.low:+.3f} to {d.high:+.3f}</td>'
        f'<td class="rv-num">{d.wins:,} / {d.ties:,} / {d.losses:,}</td>'
        f'<td class="rv-num">{d.effect:+.2f}</td><td class="rv-num">{comparison.corrected_p[n]:.4f}</td></tr>'
        for n, d in comparison.differences.items()
    )
    st.html(
        '<div class="rv-scroll"><table class="rv-table"><thead><tr>'
        f'<th scope="col">Difference to {escaped(comparison.reference)}</th><th class="rv-num" scope="col">mean</th>'
        '<th class="rv-num" scope="col">95% interval</th><th class="rv-num" scope="col">better / equal / worse</th>'
        '<th class="rv-num" scope="col">effect size</th><th class="rv-num" scope="col">p, Holm</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _clicked() -> None:
    points = st.session_state["scatter"]["selection"]["points"]
    if points:
        told = points[0]["customdata"]
        state.open_query(str(told[0] if isinstance(told, list | tuple) else told))


def _scatter(over: Overall, chosen: Selection, colours: Mapping[str, str]) -> None:
    names = list(over.evaluations)
    if len(names) < 2:
        return
    pairs = list(itertools.combinations(names, 2))
    if st.session_state.get("pair") not in pairs:
        st.session_state["pair"] = pairs[0]
    a, b = st.selectbox(
        "Query by query", pairs, format_func=lambda p: f"{p[0]} against {p[1]}", key="pair", persist_state="session"
    )
    measure = chosen.measure
    left, right = (over.evaluations[n].per_query[measure] for n in (a, b))
    figure = query_scatter(left, right, (a, b), measure, colours[b])
    above = sum(right[q] > left[q] + 1e-9 for q in left)
    below = sum(right[q] < left[q] - 1e-9 for q in left)
    st.plotly_chart(
        figure,
        key="scatter",
        on_select=_clicked,
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"{measure} of each query: {b} is better on {above}, {a} on {below}, equal on {len(left) - above - below}. "
        "The table of queries above holds the same.",
    )
    page.note(
        f"A point is a query: above the line {b} is better ({above:,}), below it {a} ({below:,}). "
        "Click one to open it. Points are spread a little so that equal ones can be seen."
    )
