"""The list of papers: tabs of chapters, filters, and the chapters with their papers to choose from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

from components import page
from components.verdicts import STATUSES, VERDICTS, sign
from retrievarium.methods import methods

TEXT = "Text retrieval"
EVERY, BUILT = "all", "built"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+.!$~:|<>-])")

Row = dict[str, Any]


def tabs(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by tab: chapters of text retrieval together, every chapter without a core (tier A) paper on its own."""
    core = {r["chapter_number"] for r in rows if r["tier"] == "A"}
    found: dict[str, list[Row]] = {TEXT: [r for r in rows if r["chapter_number"] in core]}
    for row in sorted(rows, key=lambda r: r["chapter_number"]):
        if row["chapter_number"] not in core:
            name = row["chapter"].partition(" ")[2].removeprefix("retrieval ")
            found.setdefault(name[:1].upper() + name[1:], []).append(row)
    return found


def states(row: Row) -> set[str]:
    """Everything a filter may ask of a paper: its status, and the verdicts of its claims."""
    built = set() if row["status"] == "planned" else {BUILT}
    return {EVERY, row["status"], *built, *(c["verdict"] for c in row["claims"])}


def filters(rows: Sequence[Row]) -> dict[str, int]:
    """The filters that leave something, with how many papers they leave."""
    order = [EVERY, BUILT, *STATUSES, *VERDICTS]
    counts = {f: sum(f in states(r) for r in rows) for f in order}
    return {f: n for f, n in counts.items() if n or f == EVERY}


def short(row: Row) -> str:
    """What a paper is called: its method's name, what stands before the colon of its title, or the title."""
    known = methods().get(row["key"])
    if known is not None:
        return f"{known.name}: {row['title']}"
    return str(row["title"])


def plain(text: str) -> str:
    """Text as a label, where markdown is read."""
    return _MARKDOWN.sub(r"\\\1", text)


def choose(rows: Sequence[Row], find: str, wanted: str) -> list[Row]:
    """Rows that a filter and the words of a search leave."""
    words = find.lower().split()
    return [
        r
        for r in rows
        if wanted in states(r)
        and all(w in f"{r['number']:03d} {r['key']} {short(r)} {r['year']}".lower() for w in words)
    ]


def furthest(rows: Sequence[Row]) -> Row | None:
    """The paper to open on: the first of those of which there is most to see; None among none."""

    def much(row: Row) -> tuple[bool, bool, bool]:
        return any(c["effect"] is not None for c in row["claims"]), bool(row["notebook"]), row["status"] != "planned"

    return max(rows, key=much, default=None)


def _open(key: str) -> None:
    st.session_state["pk"] = key


def listing(rows: Sequence[Row], chosen: str) -> None:
    """Chapters with their papers, core ones first; the one in view is marked."""
    if not rows:
        page.empty("No paper is like this here.", "Take another filter, or another tab.")
        return
    chapters: dict[int, list[Row]] = {}
    for row in rows:
        chapters.setdefault(row["chapter_number"], []).append(row)
    with st.container(height=820, border=True, key="paper-list"):
        for number in sorted(chapters):
            own = sorted(chapters[number], key=lambda r: (r["tier"], r["number"]))
            _, _, title = own[0]["chapter"].partition(" ")
            page.eyebrow(f"{number}  {title}")
            for row in own:
                _button(row, row["key"] == chosen)


def _button(row: Row, chosen: bool) -> None:
    verdict = row["claim"]["verdict"] if row["claim"] else ""
    told = f"{sign(row['status'], STATUSES)} {row['number']:03d} {plain(short(row))}"
    told += f" · {sign(verdict, VERDICTS)} {verdict}" if verdict else ""
    st.button(
        f"**{told}**" if chosen else told,
        key=f"paper-{row['key']}",
        type="tertiary",
        width="stretch",
        on_click=_open,
        args=(row["key"],),
    )
