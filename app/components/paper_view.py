"""One paper: what it claims, what we measured, its picture, formula and code, and its lesson."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

import board
from components import page
from components.paper_list import plain, short
from components.text import escaped
from components.verdicts import INTERVAL, STATUSES, chip, effect, ranges, verdict_chip
from retrievarium import figures
from retrievarium.methods import Method, methods
from retrievarium.workspace import app_folder

CLAIMS, TRAIN = "app_pages/claims.py", "app_pages/train.py"

Row = Mapping[str, Any]


def paper(row: Row, rows: Sequence[Row]) -> None:
    _head(row)
    method = methods().get(row["key"])
    if method is None:
        _planned(row, rows)
        return
    _claim(row, method)
    _idea(row, method)
    _code(row, method)
    _lesson(row)


def _head(row: Row) -> None:
    chips = chip(row["status"], STATUSES)
    st.html(
        f'<div class="rv-paper"><p class="rv-eyebrow">Paper {row["number"]:03d}, {row["year"]}, chapter '
        f'{escaped(row["chapter"])}</p><h2>{escaped(row["title"])}</h2><p class="rv-chips">{chips}</p></div>'
    )


def _planned(row: Row, rows: Sequence[Row]) -> None:
    page.callout(
        "note",
        "Planned, not built yet",
        "There is no method file, no lesson and no measurement of it here, and nothing is said about its claim.",
    )
    names = {r["key"]: r for r in rows}
    if row["needs"]:
        page.heading("It builds on")
        with st.container(horizontal=True):
            for key in (k for k in row["needs"] if k in names):
                st.button(
                    f"{names[key]['number']:03d} {plain(short(names[key]).partition(':')[0])}",
                    key=f"needs-{key}",
                    on_click=_open,
                    args=(key,),
                )


def _open(key: str) -> None:
    st.session_state["pk"] = key
    st.session_state["pf"] = "all"


def _claim(row: Row, method: Method) -> None:
    told = [r for c in row["claims"] if (r := board.claim(c["name"])) is not None]
    if not told:
        page.note(method.says)
        page.note("It declares no claim that could be measured here.")
        return
    for claim in told:
        st.html(
            f'<div class="rv-question"><blockquote>{escaped(claim["claim"])}</blockquote>'
            f'<div class="rv-facts"><span>{verdict_chip(claim)}</span>{_figures(claim)}</div></div>'
        )
        if claim["why"]:
            page.note(f"{claim['why'][:1].upper()}{claim['why'][1:]}.")
        if claim["estimated_hours"]:
            page.note(f"To a verdict: about {claim['estimated_hours']:.1f} hours on this machine.")
    with st.container(horizontal=True):
        for claim in told:
            label = "Look closer at the claim" if len(told) == 1 else f"Look closer at {plain(claim['name'])}"
            st.page_link(CLAIMS, label=label, icon=":material/balance:", query_params={"ck": claim["name"]})
        st.page_link(
            TRAIN, label="Train it", icon=":material/model_training:", query_params={"tm": row["key"], "c": _here()}
        )


def _here() -> str:
    return st.session_state.get("c") or "world"


def _figures(claim: Row) -> str:
    if claim["effect"] is None:
        return ""
    return (
        f"<span><b>{escaped(effect(claim))}</b> {escaped(claim['measure'])}, {escaped(claim['contrast'])}</span>"
        f"<span>{len(claim['seeds'])} seeds ({ranges(claim['seeds'])}), budget {escaped(claim['budget'])}</span>"
        f'<span class="rv-why" title="{escaped(INTERVAL)}">95% interval over seeds and Worlds</span>'
    )


def parts(docstring: str) -> list[tuple[str, str]]:
    """A docstring as `("text" | "formula", ...)` in order; a formula is what is set in by blanks."""
    told: list[tuple[str, str]] = []
    for block in docstring.split("\n\n"):
        lines = [line for line in block.split("\n") if line.strip()]
        if not lines:
            continue
        if all(line.startswith("    ") for line in lines):
            told.append(("formula", "\n".join(line[4:] for line in lines)))
        else:
            told.append(("text", " ".join(line.strip() for line in lines)))
    return told


def _formula(text: str) -> str:
    """Lines that hang where they are too long for the page, so that what goes on is no line of its own."""
    lines = "".join(f"<span>{escaped(line)}\n</span>" for line in text.split("\n"))
    return f'<pre class="rv-formula">{lines}</pre>'


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _idea(row: Row, method: Method) -> None:
    """Picture and formula: what the lesson draws, and what the method file says of itself."""
    picture = getattr(figures, row["picture"])() if row["picture"] else None
    told = parts(ast.get_docstring(ast.parse(_source(method.source)), clean=True) or "")
    body = "".join(_formula(t) if kind == "formula" else f"<p>{escaped(t)}</p>" for kind, t in told)
    page.heading("The idea", "As the method file says it." if picture is None else "")
    if picture is not None:
        st.image(picture.svg, alt=picture.alt, width=680)
        page.note(picture.alt)
    st.html(f'<div class="rv-prose">{body}</div>')


def _code(row: Row, method: Method) -> None:
    page.heading("The code", f"All of it: {row['method']}, one file a paper.")
    code = _source(method.source)
    st.code(code, language="python", line_numbers=True, height=min(620, 40 + 19 * len(code.splitlines())))


def _lesson(row: Row) -> None:
    page.heading("The lesson")
    if not row["notebook"]:
        page.note("There is no lesson of this paper yet.")
        return
    page.note("An hour: idea, formula, code from scratch, a small training, and its claim measured.")
    st.code(f"jupyter lab {row['notebook']}", language=None)
    if not (app_folder().parent / row["notebook"]).is_file():
        page.note("Lessons come with the repository; this installation is without them.")
