"""What if: the question or a passage edited in place, ready edits, and what moved."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from columns import DEPTH, Column
from components import compare_state as own
from components import live, page
from components.cards import Asked
from components.compare_state import View
from components.text import escaped
from retrievarium.analysis import where_is
from retrievarium.analysis.why import Preset, presets
from retrievarium.contracts import Run
from retrievarium.data import Collection

_LONGEST_PASSAGE = 20_000


def _version(*told: str) -> str:
    """Changes whenever the field must show the page's text: another query, a reset, a preset."""
    return "|".join([*told, str(st.session_state.get("edits-reset", 0))])


def _take(text: str, asked: str) -> None:
    own.edit_question(text, asked)
    st.session_state["edits-reset"] = st.session_state.get("edits-reset", 0) + 1


def question(asked: Asked, view: View) -> None:
    """The question as a field."""
    live.field(
        "What if the question were …",
        view.question or asked.text,
        _version("q", asked.id or asked.text),
        "live-question",
        lambda text: own.edit_question(text, asked.text),
        rows=1 if len(asked.text) < 110 else 2,
    )


def ready(collection: Collection, asked: Asked, view: View, entity: str | None, relation: str | None) -> None:
    """Ready edits, and the way back."""
    for preset in presets(collection, asked.text, entity, relation):
        _preset(preset, asked.text, view)
    if view.edits:
        st.button("As it was", key="edits-forget", icon=":material/undo:", on_click=own.forget_edits)


def _preset(preset: Preset, asked: str, view: View) -> None:
    st.button(
        preset.label,
        key=f"preset-{preset.key}",
        disabled=preset.text is None,
        help=preset.why,
        type="primary" if preset.text and preset.text == view.question else "secondary",
        on_click=_take,
        args=(preset.text or "", asked),
    )


def passage(collection: Collection, passage_id: str, view: View, label: str) -> None:
    """One passage's title and text as fields."""
    found = collection.passages[passage_id]
    mine = view.passage == passage_id
    title, text = (view.title, view.text) if mine else (found.title, found.text)
    version = _version("p", passage_id)
    live.field(
        f"Title of the {label}",
        title,
        version,
        "live-title",
        lambda told: own.edit_passage(passage_id, told, text),
    )
    live.field(
        f"What if the {label} said …",
        text,
        version,
        "live-passage",
        lambda told: own.edit_passage(passage_id, title, told),
        rows=min(9, 2 + len(text) // 110),
        longest=_LONGEST_PASSAGE,
    )
    page.note(
        "Only this passage is read anew: encoded again for vectors, counted again for BM25, with the mean length and "
        "each word's number of passages corrected. An approximate index is searched exactly."
    )
    if len(text) > own.LONGEST and mine:
        page.callout("warning", "The link cannot carry this edit", "The edited text is too long for an address.")


def moved(before: Sequence[Column], after: Sequence[Column], asked: Asked, view: View) -> None:
    """One line a column: where the gold passage (or the edited one) was, and where it is now."""
    watched = list(dict.fromkeys([*([view.passage] if view.passage else []), *asked.relevant]))[:3]
    told = []
    for was, now in zip(before, after, strict=True):
        if was.ranking is None or now.ranking is None:
            if now.state in ("failed", "wants") and now.note:
                told.append(f"<b>{escaped(now.name)}</b> ✕ {escaped(now.note)}")
            continue
        one, two = (
            where_is(Run.from_rankings(["q"], [(r.ids, r.scores)]), "q", watched) for r in (was.ranking, now.ranking)
        )
        steps = [_step(p, one[p], two[p], asked, view) for p in watched]
        changed = sum(a != b for a, b in zip(was.ranking.ids[:10], now.ranking.ids[:10], strict=False))
        told.append(f"<b>{escaped(now.name)}</b> {' · '.join(steps)} · {changed} of the top 10 changed")
    if told:
        st.html(f'<div class="rv-what" role="status">{"<br>".join(told)}</div>')


def _step(passage_id: str, was: int | None, now: int | None, asked: Asked, view: View) -> str:
    name = "edited passage" if passage_id == view.passage else "gold"
    if was == now:
        return f"{name} stays at {f'rank {was}' if was else f'beyond {DEPTH}'} ="
    up = (now or DEPTH + 1) < (was or DEPTH + 1)
    sign = f'<span class="rv-move rv-{"up" if up else "down"}">{"▲" if up else "▼"}</span>'
    return f"{name} {was or f'beyond {DEPTH}'} → {now or f'beyond {DEPTH}'} {sign}"
