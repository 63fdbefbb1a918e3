"""What did we measure?"""

from __future__ import annotations

from typing import Any

import streamlit as st

import board
import state
from components import claim_again, claim_view, page
from components.text import escaped
from components.verdicts import INTERVAL, VERDICTS, effect, legend, verdict_chip
from retrievarium.contracts import RetrievariumError
from retrievarium.figures import effects_forest

EVERY = "all"
dark = st.context.theme.type == "dark"

Row = dict[str, Any]


def state_of(row: Row) -> str:
    """What the filter calls a row."""
    return str(row["verdict"])


def filtered(rows: list[Row]) -> list[Row]:
    present = [v for v in VERDICTS if any(state_of(r) == v for r in rows)]
    if st.session_state.get("cf") not in (None, EVERY, *present):
        st.session_state["cf"] = EVERY
    wanted = st.pills("Show", [EVERY, *present], default=EVERY, required=True, key="cf", bind="query-params")
    return [r for r in rows if wanted in (EVERY, None) or state_of(r) == wanted]


def _clicked() -> None:
    points = st.session_state["effects"]["selection"]["points"]
    if points:
        told = points[0]["customdata"]
        st.session_state["ck"] = str(told[0] if isinstance(told, list | tuple) else told)


def forest(rows: list[Row]) -> None:
    measured = [r for r in rows if r["effect"] is not None]
    if not measured:
        return
    told = "; ".join(f"{r['name']} {r['verdict']} {effect(r)}" for r in measured)
    st.plotly_chart(
        effects_forest(measured, dark),
        key="effects",
        on_select=_clicked,
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Effects with 95% intervals over seeds: {told}. The table below holds the same.",
    )


def table(rows: list[Row], chosen: str) -> None:
    body = ""
    for row in rows:
        name = escaped(row["name"])
        hours = f"about {row['estimated_hours']:.1f} h" if row["estimated_hours"] else ""
        p = "" if row["p"] is None else f"{row['p']:.4f}"
        body += (
            f'<tr><td class="rv-keep">{f"<b>{name}</b>" if row["name"] == chosen else name}</td>'
            f'<td class="rv-says">{escaped(row["claim"])}</td>'
            f'<td>{verdict_chip(row)}</td><td class="rv-num">{escaped(effect(row))}</td>'
            f'<td class="rv-keep">{escaped(row["measure"])}</td><td class="rv-num">{len(row["seeds"])}</td>'
            f'<td class="rv-num">{p}</td><td class="rv-num">{hours}</td></tr>'
        )
    heads = "".join(
        f'<th scope="col"{" class=rv-num" if n else ""}>{h}</th>'
        for h, n in (
            ("Claim", 0),
            ("What it says", 0),
            ("Verdict", 0),
            ("effect (95% interval)", 1),
            ("Measure", 0),
            ("seeds", 1),
            ("p, one-sided", 1),
            ("to a verdict", 1),
        )
    )
    st.html(
        f'<div class="rv-scroll"><table class="rv-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def main() -> None:
    try:
        told = board.board()
    except RetrievariumError as error:
        page.callout("stop", "A record of the claims cannot be read", str(error))
        return
    rows: list[Row] = told["claims"]
    page.sentence(told["headline"])
    if not rows:
        page.empty("No paper declares a claim yet.", "A claim is declared in a method file: see CONTRIBUTING.md.")
        return
    page.note(INTERVAL)
    state.take_over(ck=str, cf=str)
    shown = filtered(rows)
    names = [r["name"] for r in shown]
    if not names:
        page.empty("No claim is in this state.", "Take another filter.")
        return
    usual = next((r["name"] for r in shown if r["effect"] is not None), names[0])  # one that there is much to see of
    if st.session_state.get("ck") not in (None, *names):
        st.session_state["ck"] = usual
    chosen = st.session_state.get("ck") or usual
    forest(shown)
    table(shown, chosen)
    st.html(legend(VERDICTS, {state_of(r) for r in shown}))
    chosen = st.selectbox(
        "Look closer at", names, index=names.index(usual), key="ck", bind="query-params", persist_state="session",
        width=360,
    )  # fmt: skip
    row = next(r for r in shown if r["name"] == (chosen or usual))
    claim_view.claim(row, dark)
    claim_again.section(row)


main()
