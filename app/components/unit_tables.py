"""The bench as tables and pictures: measures with gains, answers by words, popularity, the bill, the four errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from components import page, take
from components.text import escaped, size
from components.unit_state import View
from retrievarium.analysis import KeptBench
from retrievarium.analysis.unit_bench import GRID
from retrievarium.figures import answer_curves, gains_by_group, unit_dots

_EQUAL_K = ("R@5", "R@20", "Answer@5", "Answer@20")
_EQUAL_WORDS = ("Answer@100w", "Answer@200w", "Answer@500w")
_SAYS = {
    "R@5": "share of a question's relevant passages among the first 5",
    "R@20": "share of a question's relevant passages among the first 20",
    "Answer@5": "questions with the answer in one of the first 5 passages",
    "Answer@20": "questions with the answer in one of the first 20 passages",
    "Answer@100w": "questions whose answer stands in the first 100 words of retrieved units",
    "Answer@200w": "questions whose answer stands in the first 200 words of retrieved units",
    "Answer@500w": "questions whose answer stands in the first 500 words of retrieved units",
}
_RATES = {
    "unfaithful": "names somebody its sentence does not speak of",
    "not_minimal": "states two facts or more",
    "not_standalone": "states a fact without its subject's full name",
    "missed_facts": "facts of the passages that no unit states",
}


def rows_of(bench: KeptBench, view: View) -> list[dict[str, Any]]:
    return [r for r in bench.rows if r["retriever"] == view.spec]


def measure_in_view(bench: KeptBench, view: View) -> str:
    return view.measure if view.measure in bench.measures else bench.measures[0]


def sentence(bench: KeptBench, view: View) -> str:
    """The page's answer."""
    rows = {r["unit"]: r for r in rows_of(bench, view)}
    measure = measure_in_view(bench, view)
    others = [r for u, r in rows.items() if u != "passage" and f"{measure} gain" in r and "oracle" not in u]
    base = rows.get("passage")
    if base is None or not others:
        return f"With {view.engine}, only {', '.join(rows)} is measured: there is nothing to compare yet."
    best = max(others, key=lambda r: r[f"{measure} gain"])
    gain, low, high = (best[f"{measure} gain{part}"] for part in ("", " low", " high"))
    if low > 0:
        told = f"With {view.engine}, {best['unit']} units beat passages"
    elif high < 0:
        told = f"With {view.engine}, no other unit reaches passages; the nearest is {best['unit']}"
    else:
        told = f"With {view.engine}, these questions do not tell {best['unit']} units and passages apart"
    told += f": {measure} {best[measure]:.3f} against {base[measure]:.3f} ({gain:+.3f}, {low:+.3f} to {high:+.3f})"
    return f"{told}, for {best['units'] / max(1, base['units']):.1f} vectors in place of one."


def _cell(row: Mapping[str, Any], measure: str, best: float) -> str:
    if row.get(measure) is None:
        return '<td class="rv-num">–</td>'
    bold = " rv-best" if row[measure] == best else ""
    gain = row.get(f"{measure} gain")
    told = ""
    if gain is not None:
        low, high = row[f"{measure} gain low"], row[f"{measure} gain high"]
        sign = "▲" if low > 0 else "▼" if high < 0 else "·"
        told = f' <small title="{low:+.3f} to {high:+.3f}">{sign} {gain:+.3f}</small>'
    words = f"{row[f'{measure} low']:.3f} to {row[f'{measure} high']:.3f}"
    return f'<td class="rv-num{bold}" title="{words}">{row[measure]:.3f}{told}</td>'


def main_table(bench: KeptBench, view: View) -> None:
    rows = rows_of(bench, view)
    for heading, measures in (("At equal k: whole passages", _EQUAL_K), ("At equal reading: words", _EQUAL_WORDS)):
        shown = [m for m in measures if m in bench.measures]
        if not shown:
            continue
        best = {m: max((r[m] for r in rows if r.get(m) is not None), default=0.0) for m in shown}
        heads = "".join(f'<th class="rv-num" title="{escaped(_SAYS.get(m, m))}">{escaped(m)}</th>' for m in shown)
        body = "".join(
            f"<tr><td>{escaped(r['unit'])}</td>{''.join(_cell(r, m, best[m]) for m in shown)}</tr>" for r in rows
        )
        page.eyebrow(heading)
        st.html(
            f'<div class="rv-scroll"><table class="rv-table"><thead><tr><th>unit</th>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )
    page.note(
        "▲ ▼ against the passage index, where the 95% interval leaves out 0: paired, over other questions like these, "
        "for these very runs. Recall at equal k flatters large units, which merge others; words do not."
    )
    for name, why in bench.untestable.items():
        page.note(f"{name}: untestable here, {why}.")


def pictures(bench: KeptBench, view: View, dark: bool) -> list[Any]:
    """Measure by unit, answers by words; and gains by group. Gives the figures for the one-file export."""
    options = list(bench.measures)
    if st.session_state.get("gm") not in options:
        st.session_state.pop("gm", None)
    measure = st.selectbox(
        "Measure in the pictures", options, key="gm", bind="query-params", width=230,
        help="; ".join(f"{m}: {s}" for m, s in _SAYS.items() if m in options),
    )  # fmt: skip
    figures: list[Any] = []
    left, right = st.columns(2, gap="large")
    rows = rows_of(bench, view)
    with left:
        page.eyebrow(f"{measure} by unit, 95% intervals")
        figures.append(unit_dots(rows, measure, dark))
        told = ", ".join(f"{r['unit']} {r[measure]:.3f}" for r in rows if r.get(measure) is not None)
        st.plotly_chart(figures[-1], key="unit-dots", config=take.picture("units"), alt=f"{measure} by unit: {told}")
    curves = {u: c for (r, u), c in bench.curves.items() if r == view.spec}
    with right:
        page.eyebrow("Answer found within the first l words")
        if curves:
            figures.append(answer_curves(curves, GRID, dark))
            at = GRID.index(200)
            told = ", ".join(f"{u} {c[at]:.0%}" for u, c in curves.items())
            st.plotly_chart(
                figures[-1], key="unit-curves", config=take.picture("answers"), alt=f"Answers within 200 words: {told}"
            )
        else:
            page.note("This collection has no answers.")
    figures += _groups(bench, view, measure, dark)
    return figures


def _groups(bench: KeptBench, view: View, measure: str, dark: bool) -> list[Any]:
    own = [s for s in bench.slices if s["retriever"] == view.spec]
    found: list[Any] = []
    for by in dict.fromkeys(s["by"] for s in own):
        some = [s for s in own if s["by"] == by]
        page.heading(f"By {by}", f"{measure} minus the passage index's, with paired 95% intervals.")
        found.append(gains_by_group(some, measure, dark))
        groups = len({s["group"] for s in some})
        st.plotly_chart(
            found[-1], key=f"unit-groups-{by}", config=take.picture("groups"), alt=f"Gains over {groups} groups by {by}"
        )
        with st.expander(f"By {by}, as a table", icon=":material/table:"):
            head, body = group_table(some, measure)
            st.html(f'<div class="rv-scroll">{take.html_table(head, body).replace("<table", _TABLE)}</div>')
    return found


_TABLE = '<table class="rv-table"'


def group_table(slices: Sequence[Mapping[str, Any]], measure: str) -> tuple[list[str], list[list[str]]]:
    units = list(dict.fromkeys(s["unit"] for s in slices))
    groups = list(dict.fromkeys(s["group"] for s in slices))
    known = {(s["group"], s["unit"]): s for s in slices}
    body = []
    for group in groups:
        cells = [known.get((group, u), {}) for u in units]
        told = [f"{c[measure]:.3f}" if c.get(measure) is not None else "–" for c in cells]
        body.append([str(group), f"{next(c['questions'] for c in cells if c):,}", *told])
    return ["group", "questions", *units], body


def bill(bench: KeptBench, view: View) -> None:
    rows = rows_of(bench, view)
    body = "".join(
        f"<tr><td>{escaped(r['unit'])}</td><td class='rv-num'>{r['units']:,}</td>"
        f"<td class='rv-num'>{r['words_a_unit']:.1f}</td><td class='rv-num'>{escaped(size(r['bytes']))}</td>"
        f"<td class='rv-num'>{_took(r)}</td><td class='rv-num'>{_asked(r)}</td></tr>"
        for r in rows
        if "units" in r
    )
    heads = "".join(
        f"<th class='rv-num'>{h}</th>" for h in ("units", "words a unit", "index", "time to build", "a question")
    )
    st.html(
        f'<div class="rv-scroll"><table class="rv-table"><thead><tr><th>unit</th>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    page.note(
        "≈: the vectors were there already, so the time is estimated from a sample. –: measured on another machine, "
        "whose times are not told. A question: median, asked alone."
    )


def _took(row: Mapping[str, Any]) -> str:
    if "build_seconds" not in row:
        return "–"
    return f"{'' if row['build_measured'] else '≈ '}{row['build_seconds']:.1f} s"


def _asked(row: Mapping[str, Any]) -> str:
    return f"{row['milliseconds']:.1f} ms" if "milliseconds" in row else "–"


def errors(bench: KeptBench) -> None:
    """The four error rates of each decomposition, where the collection knows its facts."""
    if not bench.reports:
        page.note(
            "Nobody knows the facts of this collection, so the errors of a decomposition are not guessed. "
            "`retrievarium decompose --sheet FILE` writes a sheet of 50 passages to judge by hand; `--judged FILE` "
            "reads it."
        )
        return
    heads = "".join(f'<th class="rv-num" title="{escaped(w)}">{n.replace("_", " ")}</th>' for n, w in _RATES.items())
    body = "".join(
        f"<tr><td>{escaped(kind)}</td>"
        + "".join(f'<td class="rv-num">{told[n]:.1%}</td>' if told[n] is not None else "<td>–</td>" for n in _RATES)
        + f"<td class='rv-num'>{told['units']:,}</td></tr>"
        for kind, told in bench.reports.items()
    )
    st.html(
        f'<div class="rv-scroll"><table class="rv-table"><thead><tr><th>decomposition</th>{heads}'
        f"<th class='rv-num'>units judged</th></tr></thead><tbody>{body}</tbody></table></div>"
    )
    page.note(
        "; ".join(f"{n.replace('_', ' ')}: {w}" for n, w in _RATES.items()) + ". Exact: this World knows its facts."
    )
