"""Over all queries: who is better, by how much, and how sure that is. Every count opens its queries."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import streamlit as st

import queues
import state
from components import compare_state, details, ears, page, take
from components.cards import SHAPES
from components.compare_state import View
from components.text import escaped
from retrievarium.data import Collection
from retrievarium.evaluation import Comparison, sight
from retrievarium.figures import difference_forest, query_scatter, system_colours
from state import EVERYTHING, Selection
from whole import MEASURES, Overall, Progress

_INTERVAL = (
    "Two kinds of interval: this one is over queries, and speaks of these very runs on other queries like these. "
    "Whether the methods themselves differ, over retraining with other seeds, is another question: the claims board "
    "asks it, and its intervals are over seeds."
)


def section(collection: Collection, chosen: Selection, view: View, look: Progress, dark: bool) -> None:
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
    opener = _Opener(chosen, view)
    if not over.evaluations:
        page.note(
            "This collection has no judgements, so no measure can be computed. The rankings can still be compared."
        )
        _likeness(over, chosen, opener)
        return
    colours = system_colours(list(over.runs), dark)
    if over.comparison is not None:
        _visible(over.comparison)
        _sentences(over.comparison)
    left, right = st.columns([5, 4], gap="large")
    with left:
        _means(over, chosen, colours)
        if over.comparison is not None:
            _differences(over, colours, opener)
    with right:
        _scatter(over, chosen, colours)
        _likeness(over, chosen, opener)
    if over.comparison is not None:
        details.section(collection, chosen, over)


class _Opener:
    """Makes links that open a queue: the count that is clicked is the number of queries that come."""

    def __init__(self, chosen: Selection, view: View) -> None:
        self._chosen, self._view, self.k = chosen, view, chosen.k

    def link(self, words: str, queue: str, first: str = "", title: str = "") -> str:
        changes = {"cg": queue} | ({"q": first} if first else {})
        where = compare_state.address(self._chosen, self._view, **changes)
        return ears.link(words, changes, where, title or "Opens these queries above")

    def count(self, over: Overall, key: str) -> str:
        """A number of queries as a link to them; a plain 0 where there are none."""
        measure = self._chosen.measure
        found = queues.queries(queues.read(key), over, measure)
        words = queues.words(queues.read(key), measure, self._chosen.k)
        return self.link(f"{len(found):,}", key, found[0], words) if found else "0"


def _visible(comparison: Comparison) -> None:
    """What these queries can show at all, told before any difference is."""
    measure, base = comparison.measure, comparison.evaluations[comparison.reference].per_query[comparison.measure]
    told = {n: sight(base, comparison.evaluations[n].per_query[measure]) for n in comparison.differences}
    widest = max(told, key=lambda n: told[n].visible)
    between = f" ({comparison.reference} against {widest})" if len(told) > 1 else ""
    page.eyebrow("What can these queries show?")
    page.note(told[widest].sentence(measure) + (f" That is for the pair that varies most{between}." if between else ""))


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


def _differences(over: Overall, colours: Mapping[str, str], opener: _Opener) -> None:
    comparison = over.comparison
    assert comparison is not None
    told = "; ".join(f"{n} {d.mean:+.3f} ({d.low:+.3f} to {d.high:+.3f})" for n, d in comparison.differences.items())
    st.plotly_chart(
        difference_forest(comparison, colours),
        key="forest",
        config=take.picture("differences"),
        alt=f"Difference in {comparison.measure} to {comparison.reference} with 95% intervals: {told}",
    )
    first = comparison.reference
    rows = "".join(
        f'<tr><td>{escaped(n)}</td><td class="rv-num">{d.mean:+.3f}</td>'
        f'<td class="rv-num">{d.low:+.3f} to {d.high:+.3f}</td>'
        f'<td class="rv-num">{opener.count(over, f"better:{n}|{first}")} / '
        f"{opener.count(over, f'equal:{n}|{first}')} / {opener.count(over, f'worse:{n}|{first}')}</td></tr>"
        for n, d in comparison.differences.items()
    )
    found = "".join(
        f"<tr><td>{escaped(queues.words(queues.read(key), comparison.measure, opener.k))}</td>"
        f'<td class="rv-num">{opener.count(over, key)}</td></tr>'
        for key in over.groups
        if key != "all"
    )
    st.html(
        '<div class="rv-scroll"><table class="rv-table"><thead><tr>'
        f'<th scope="col">Difference to {escaped(first)}</th><th class="rv-num" scope="col">mean</th>'
        '<th class="rv-num" scope="col">95% interval over queries</th>'
        '<th class="rv-num" scope="col">better / equal / worse</th></tr></thead>'
        f'<tbody>{rows}</tbody></table><table class="rv-table"><thead><tr><th scope="col">Who finds it</th>'
        f'<th class="rv-num" scope="col">queries</th></tr></thead><tbody>{found}</tbody></table></div>'
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
    here = chosen.query if chosen.query in left else ""
    figure = query_scatter(left, right, (a, b), measure, colours[b], here=here)
    above = sum(right[q] > left[q] + 1e-9 for q in left)
    below = sum(right[q] < left[q] - 1e-9 for q in left)
    now = f"The query in view: {a} {left[here]:.3f}, {b} {right[here]:.3f} (ringed). " if here else ""
    st.plotly_chart(
        figure,
        key="scatter",
        on_select=_clicked,
        selection_mode="points",
        config=take.picture("query-by-query"),
        alt=f"{measure} of each query: {b} is better on {above}, {a} on {below}, equal on {len(left) - above - below}. "
        f"{now}The table of queries above holds the same.",
    )
    page.note(
        f"{now}A point is a query: above the line {b} is better ({above:,}), below it {a} ({below:,}). "
        "Click one to open it. Points are spread a little so that equal ones can be seen."
    )


def _likeness(over: Overall, chosen: Selection, opener: _Opener) -> None:
    """How alike the columns rank: overlap of the first k above the diagonal, rank-biased overlap below it."""
    names = list(over.runs)
    if len(names) < 2:
        return
    alike = queues.likeness(over, chosen.k)
    rows = []
    for i, a in enumerate(names):
        cells = ""
        for j, b in enumerate(names):
            if i == j:
                cells += '<td class="rv-self">–</td>'
                continue
            value = alike[a, b].overlap if j > i else alike[a, b].rbo
            one, two = (a, b) if i < j else (b, a)
            link = opener.link(
                f"{value:.2f}", f"pair:{one}|{two}", "", f"Opens the queries, {one} and {two} most apart"
            )
            cells += f'<td style="--s:{round(100 * value)}">{link}</td>'
        rows.append(f'<tr><th scope="row">{SHAPES[i]} {escaped(a)}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col" title="{escaped(n)}">{SHAPES[i]}</th>' for i, n in enumerate(names))
    st.html(
        f'<div class="rv-scroll"><table class="rv-table rv-matrix"><thead><tr><th scope="col">How alike they rank</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div><p class='rv-note'>Above the diagonal the "
        f"share of the first {chosen.k} that both have, below it rank-biased overlap (p 0.9, first 20); means over "
        f"{len(over.queries):,} queries. A cell opens the queries, the pair's most different first.</p>"
    )
