"""The entity clinic's tables. Every number is a link that opens exactly its queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from clinic import Clinic, Ward
from components import ears
from components.clinic_state import View, address, key
from components.text import escaped
from retrievarium.analysis import OTHER_FAILURE, RULES, Precision
from retrievarium.evaluation import Breakdown, Cell
from retrievarium.figures import system_colours
from state import Selection

SHAPES = ("●", "◆", "■", "▲", "✚", "★")
Linked = Callable[[str, str, str, str], str]  # (words, kind, name, system) -> HTML


def linker(chosen: Selection, seen: View) -> Linked:
    """Makes links from numbers: plain clicks stay on the page, others open the address."""

    def link(words: str, kind: str, name: str, system: str) -> str:
        told = key(kind, name, system)
        where = address(chosen, seen.with_(open=told, query=""))
        return ears.link(words, {"eo": told, "eq": ""}, where, title=f"Open these questions: {name or system}")

    return link


def heads(systems: Sequence[str], dark: bool, first: str, count: bool = True) -> str:
    colours = system_colours(list(systems), dark)
    told = f'<th scope="col">{escaped(first)}</th>'
    told += '<th class="rv-num" scope="col">questions</th>' if count else ""
    for i, name in enumerate(systems):
        sign = f'<span class="rv-shape" style="color:{colours[name]}" aria-hidden="true">{SHAPES[i]}</span>'
        told += f'<th class="rv-num" scope="col">{sign} {escaped(name)}</th>'
    return told


def _table(head: str, rows: Sequence[str], caption: str) -> None:
    st.html(
        f'<div class="rv-scroll"><table class="rv-table rv-clinic"><caption class="rv-hidden">{escaped(caption)}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _number(cell: Cell, link: str) -> str:
    return f'<b>{link}</b> <span class="rv-range">{cell.low:.2f}–{cell.high:.2f}</span>'


def _gap(cell: Cell | None) -> str:
    """The difference to the reference; a sign where its interval excludes 0."""
    if cell is None:
        return ""
    sign, tone, words = (
        ("▲", "rv-up", "better") if cell.low > 0 else ("▼", "rv-down", "worse") if cell.high < 0 else ("", "", "")
    )
    told = f'<span class="rv-hidden">{words}</span>' if words else ""
    return f'<span class="rv-gap {tone}">{sign}{round(cell.mean, 2) + 0.0:+.2f}{told}</span>'


def groups(look: Clinic, link: Linked, dark: bool) -> None:
    """Group x retriever: mean with its interval, difference to the first column; macro and micro on top."""
    systems = list(look.tables)
    first = look.grouping.label if look.grouping is not None else "group"
    rows = []
    for name, what in (("macro", "each group once"), ("micro", "each question once")):
        cells = ""
        for system in systems:
            cell: Cell = getattr(look.tables[system], name)
            gap = _gap(getattr(look.gaps[system], name)) if system in look.gaps else ""
            cells += f'<td class="rv-num">{_number(cell, link(f"{cell.mean:.3f}", "a", "", system))}{gap}</td>'
        count = look.tables[systems[0]].micro.n
        rows.append(
            f'<tr class="rv-sum"><td><b>{name}</b> <span class="rv-range">{what}</span></td>'
            f'<td class="rv-num">{count:,}</td>{cells}</tr>'
        )
    for group in look.order:
        cells = ""
        for system in systems:
            cell = look.tables[system].cells[group]
            gap = _gap(look.gaps[system].cells[group]) if system in look.gaps else ""
            cells += f'<td class="rv-num">{_number(cell, link(f"{cell.mean:.2f}", "g", group, system))}{gap}</td>'
        count = look.tables[systems[0]].cells[group].n
        rows.append(f'<tr><td>{escaped(group)}</td><td class="rv-num">{count:,}</td>{cells}</tr>')
    _table(heads(systems, dark, first), rows, f"{look.measure} by {first} and retriever")


def plain(
    tables: Mapping[str, Breakdown], order: Sequence[str], kind: str, first: str, link: Linked, dark: bool
) -> None:
    """Bins or squares x retriever."""
    systems = list(tables)
    rows = []
    for name in order:
        cells = "".join(
            f'<td class="rv-num">{_number(told.cells[name], link(f"{told.cells[name].mean:.2f}", kind, name, s))}</td>'
            for s, told in tables.items()
        )
        count = tables[systems[0]].cells[name].n
        rows.append(f'<tr><td>{escaped(name)}</td><td class="rv-num">{count:,}</td>{cells}</tr>')
    _table(heads(systems, dark, first), rows, f"by {first} and retriever")


def _precise(told: Precision | None, nothing: str) -> str:
    if told is None or told.share is None or told.interval is None:
        return f'<span class="rv-range">{escaped(nothing)}</span>'
    low, high = told.interval
    return f'{told.share:.2f} <span class="rv-range">{low:.2f}–{high:.2f}, {told.judged:,} judged</span>'


def tags(
    ward: Ward,
    link: Linked,
    dark: bool,
    own: Mapping[str, Precision],
    text_rules: Mapping[str, Precision] | None,
) -> None:
    """Rule x retriever: failures counted once (and all that bear the tag), with how often the rule is right."""
    systems = list(ward.tagged)
    counts = ward.counts()
    rows = []
    for name in (*RULES, OTHER_FAILURE):
        cells = ""
        for system in systems:
            hit = len(counts[system].get(name, ()))
            every = sum(name in t.tags for t in ward.tagged[system])
            told = link(f"{hit:,}", "t", name, system) if hit else "0"
            more = f' <span class="rv-range">of {link(f"{every:,}", "u", name, system)}</span>' if every > hit else ""
            cells += f'<td class="rv-num"><b>{told}</b>{more}</td>'
        doc = (RULES[name].__doc__ or "") if name in RULES else "No rule explains it."
        why = " ".join(doc.split())
        unknown = ward.unknown.get(name)
        if unknown:
            right = f'<span class="rv-range">unknown here: {escaped(unknown)}</span>'
        elif name == OTHER_FAILURE:
            right = ""
        elif ward.exact:
            right = "exact" + (f"; people: {_precise(own.get(name), '')}" if own[name].judged else "")
        else:
            right = _precise(own.get(name), "nobody has judged it yet")
            if text_rules is not None and text_rules[name].judged:
                right += f'<br><span class="rv-range">on the World {_precise(text_rules[name], "")}</span>'
        words = f'<b>{escaped(name)}</b><br><span class="rv-range">{escaped(why)}</span>'
        rows.append(f"<tr><td>{words}</td>{cells}<td>{right}</td></tr>")
    totals = "".join(
        f'<td class="rv-num"><b>{link(f"{len(t):,}", "m", "", s)}</b></td>' for s, t in ward.tagged.items()
    )
    rows.append(f'<tr class="rv-sum"><td><b>all failures</b></td>{totals}<td></td></tr>')
    head = heads(systems, dark, "Failures by rule", count=False) + '<th scope="col">right (precision)</th>'
    _table(head, rows, "failures by rule and retriever")
