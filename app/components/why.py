"""Why, and why not: the gold passage beside the top result, for one retriever at a time."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import reasons
from columns import DEPTH, Column
from components import compare_state as own
from components import page, what_if, why_view
from components.cards import Asked
from components.compare_state import GOLD, View
from components.text import escaped
from components.why_view import Side
from retrievarium.analysis.why import Attribution, Gradients
from retrievarium.data import Collection


def chosen_column(columns: Sequence[Column], asked: Asked, view: View) -> Column | None:
    """The retriever that is explained: the chosen one, else the first that does not have a gold passage on top."""
    ready = [c for c in columns if c.ranking is not None]
    named = next((c for c in ready if c.name == view.by), None)
    if named is not None or not ready:
        return named
    gold = set(asked.relevant)
    missing = [
        c for c in ready if gold and c.ranking is not None and c.ranking.ids[:1] and c.ranking.ids[0] not in gold
    ]
    return (missing or ready)[0]


def passages(column: Column, asked: Asked, view: View) -> tuple[str, ...]:
    """The passages side by side: the one asked about and, where there is one, the best other one of this retriever."""
    assert column.ranking is not None
    ids = column.ranking.ids
    first = view.why
    if first == GOLD:
        ranked = sorted(asked.relevant, key=lambda p: (-asked.judged[p], column_rank(column, p)))
        first = ranked[0] if ranked else next(iter(ids), "")
    second = view.other if view.other and view.other != first else next((p for p in ids if p != first), "")
    return tuple(p for p in (first, second) if p)


def column_rank(column: Column, passage: str) -> int:
    assert column.ranking is not None
    return column.ranking.rank_of(passage) or DEPTH + 1


def _role(passage: str, column: Column, asked: Asked) -> str:
    rank = column.ranking.rank_of(passage) if column.ranking is not None else None
    if asked.judged.get(passage, 0) > 0:
        return "gold passage"
    return "top result" if rank == 1 else f"result at rank {rank}" if rank else "passage"


def button(columns: Sequence[Column], asked: Asked, view: View) -> None:
    """Opens the panel."""
    what = "Why? Gold beside the top result" if asked.relevant else "Why? The first two results side by side"
    nobody = chosen_column(columns, asked, view) is None
    icon = ":material/help_center:"
    st.button(what, key="why-open", icon=icon, type="primary", disabled=nobody, on_click=own.open_why)


def close() -> None:
    st.button("Close", key="why-close", icon=":material/close:", on_click=own.close_why)


def choice(columns: Sequence[Column], asked: Asked, view: View) -> None:
    """Which retriever is explained."""
    column = chosen_column(columns, asked, view)
    if column is None:
        return
    if st.session_state.get("why-by") != column.name:
        st.session_state["why-by"] = column.name

    def picked() -> None:
        st.session_state["wr"] = st.session_state["why-by"]

    names = [c.name for c in columns if c.ranking is not None]
    st.segmented_control(
        "Explained", names, key="why-by", on_change=picked, required=True, label_visibility="collapsed", width="content"
    )


def panel(
    collection: Collection,
    columns: Sequence[Column],
    before: Sequence[Column],
    asked: Asked,
    view: View,
) -> tuple[list[Side], list[object]]:
    """The panel; returns the sides that it shows, and the keys of what it waits for."""
    column = chosen_column(columns, asked, view)
    if column is None:
        page.note("No retriever has answered yet.")
        return [], []
    both = passages(column, asked, view)
    if not both:
        page.note(f"{column.name} found nothing that could be explained.")
        return [], []
    told = reasons.why(collection, columns, asked.text, {column.name: both}, view.edit)
    if column.name in told.failed:
        page.callout("stop", f"{column.name} cannot be explained here", told.failed[column.name])
        return [], []
    if told.waiting:
        if told.loading:
            page.callout("working", f"Loading {told.loading}", "Only the first explanation waits for its weights.")
        else:
            page.callout("working", "Taking the scores apart", "Each word of the question is left out once.")
        return [], list(told.waiting)
    earlier = {c.name: c.ranking for c in before}
    was = earlier.get(column.name) if view.edits else None
    roles = [_role(p, column, asked) for p in both]
    if len(set(roles)) < len(roles):
        roles[-1] = f"another {roles[-1]}"
    sides = [
        Side(p, role, told.told[column.name, p], was.rank_of(p) if was else None, p == view.passage)
        for p, role in zip(both, roles, strict=True)
    ]
    return sides, _body(collection, column, asked, view, sides)


def _body(collection: Collection, column: Column, asked: Asked, view: View, sides: Sequence[Side]) -> list[object]:
    name = reasons.dense_part(collection, column.name)
    closer = [
        reasons.closer(collection, name, asked.text, s.passage, view.edit, "words") if name else None for s in sides
    ]
    extra = [c[0].value if c and c[0] is not None and c[0].state == "ready" else None for c in closer]
    words = [e if isinstance(e, Attribution) else None for e in extra]
    st.html(
        f'<div class="rv-whybox"><p class="rv-sentence" role="status">{escaped(why_view.sentence(sides))}</p>'
        f"{why_view.pair(collection, asked, sides, words)}</div>"
    )
    waiting: list[object] = []
    with st.expander("Part by part", expanded=True, icon=":material/table_rows:"):
        st.html(f'<div class="rv-whybox">{why_view.table(sides)}{_inner(sides)}</div>')
    with st.container(horizontal=True, key="why-more"):
        if name is not None:
            waiting += _words_button(collection, asked, view, sides, closer)
            waiting += _gradients(collection, asked, view, sides, name)
        for side in sides:
            _edit_button(side)
    edited = st.session_state.get("why-edits")
    here = next((s for s in sides if s.passage == edited), None)
    if here is not None:
        what_if.passage(collection, here.passage, view, here.role)
    return waiting


def _edit_button(side: Side) -> None:
    open_now = st.session_state.get("why-edits") == side.passage

    def toggle() -> None:
        st.session_state["why-edits"] = "" if open_now else side.passage

    words = f"Close the {side.role}'s text" if open_now else f"Edit the {side.role}"
    st.button(words, key=f"why-edit-{side.role}", icon=":material/edit:", on_click=toggle)


def _words_button(
    collection: Collection, asked: Asked, view: View, sides: Sequence[Side], closer: Sequence[object]
) -> list[object]:
    """The closer look at the passages' own words: asked for, followed, shown in the tints."""
    looks = [c for c in closer if isinstance(c, tuple)]
    working = [c for c in looks if c[0] is not None and c[0].state == "working"]
    if working:
        followed = [f for c in working if (f := c[2]) is not None]

        def draw() -> None:
            done, total = sum(f.done for f in followed), sum(f.total for f in followed)
            page.callout("working", "Leaving out the passages' words", f"{done:,} of {total or '…'} versions read.")

        st.fragment(draw, run_every=0.5)()
        return [c[1] for c in working]
    if all(c[0] is not None and c[0].state == "ready" for c in looks):
        page.note("The passages are tinted by what the score loses without each of their own words.")
        return []

    def start() -> None:
        for look in looks:
            reasons.look_closer(collection, asked.text, look[1], view.edit)

    words = sum(len(collection.passages.text_of(s.passage).split()) for s in sides)
    st.button(
        "Leave out the passages' words",
        key="why-words",
        icon=":material/format_ink_highlighter:",
        help=f"Reads about {words} versions of the two passages; some seconds. Their words are tinted then.",
        on_click=start,
    )
    return []


def _gradients(collection: Collection, asked: Asked, view: View, sides: Sequence[Side], name: str) -> list[object]:
    """Integrated gradients, on demand, with their gap."""
    waiting: list[object] = []
    with st.popover("Integrated gradients", icon=":material/ssid_chart:"):
        page.note(
            "The score's path from an empty question to this one, piece by piece. What the pieces' sum misses of the "
            "score's rise is the gap: the smaller it is, the better the path was followed."
        )
        looks = [reasons.closer(collection, name, asked.text, s.passage, view.edit, "gradients") for s in sides]

        def start() -> None:
            for look in looks:
                reasons.look_closer(collection, asked.text, look[1], view.edit)

        if any(look[0] is None for look in looks):
            st.button("Follow the path", key="why-gradients", on_click=start)
            return []
        for side, (task, key, _) in zip(sides, looks, strict=True):
            assert task is not None
            if task.state == "working":
                page.callout("working", f"Following the path for the {side.role}")
                waiting.append(key)
            elif task.state == "failed":
                page.callout("stop", "No gradients here", task.error)
            elif isinstance(task.value, Gradients):
                st.html(_gradient_table(side, task.value))
    return waiting


def _gradient_table(side: Side, told: Gradients) -> str:
    rows = "".join(
        f'<tr><td class="rv-label"><bdi>{escaped(p.label)}</bdi></td><td class="rv-num">{p.value:+.4f}</td></tr>'
        for p in sorted(told.parts, key=lambda p: -abs(p.value))[:10]
    )
    return (
        f"<p><b>{escaped(side.role)}</b>: score {told.score:.4f}, of an empty question {told.baseline:.4f}, gap "
        f'{told.gap:+.1e}</p><table class="rv-table rv-parts"><tbody>{rows}</tbody></table>'
    )


def _inner(sides: Sequence[Side]) -> str:
    """The members of a combination explained themselves, and MaxSim's grids."""
    out = []
    first, second = sides[0], sides[-1]
    for one, two in zip(first.told.inner, second.told.inner, strict=False):
        if one.retriever != two.retriever or not (one.parts or two.parts):
            continue
        pair = [Side(first.passage, first.role, one), Side(second.passage, second.role, two)][: len(sides)]
        out.append(
            f"<details><summary>{escaped(one.retriever)} by itself</summary>"
            f"<p class='rv-note'>{escaped(why_view.sentence(pair))}</p>{why_view.table(pair)}</details>"
        )
    for side in sides:
        if side.told.grid is not None:
            out.append(
                f"<details><summary>Every piece against every piece: {escaped(side.role)}</summary>"
                f"{why_view.grid(side.told)}</details>"
            )
    return "".join(out)
