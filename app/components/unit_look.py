"""One question through all units: each passage tinted by nearness, which unit won, and an edit with a new search."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import streamlit as st

import unit_desk
from components import page
from components.text import escaped
from components.unit_state import View
from retrievarium.analysis import Edited, Near, PassageNear
from retrievarium.contracts import Run
from retrievarium.data import Collection
from retrievarium.units.table import plural

_SHOWN = 3
_STRONGEST = 60  # percent of the tint
_PATIENCE = 0.4


class Waiting(list[Hashable]):
    """Keys of tasks that the page waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def value(self, task: object, key: Hashable, patience: float = _PATIENCE) -> object:
        found = task.wait(patience)  # type: ignore[attr-defined]
        if found.state == "working":
            self.append(key)
        if found.state == "failed":
            self.faults.append(found.error)
        return found.value


def kinds_shown(view: View) -> list[str]:
    """Passage, sentence, and one decomposition."""
    chosen = view.decomposition
    return ["passage", "sentence", chosen if unit_desk.quick(chosen) else "rules"]


def section(collection: Collection, view: View, question: str, relevant: Sequence[str], waiting: Waiting) -> None:
    """Everything under `One question, all units`."""
    kinds = kinds_shown(view)
    fingerprint = collection.fingerprint
    if waiting.value(unit_desk.engine(view.spec), ("unit-engine", view.spec)) is None:
        _faults(waiting)
        if not waiting.faults:
            page.callout(
                "working", f"Loading {view.engine}", "Once for this server; then questions are answered at once."
            )
        return
    runs: dict[str, Run] = {}
    asked = list(dict.fromkeys([*kinds, *(u for u in view.units if unit_desk.quick(u))]))
    for unit in asked:
        run = waiting.value(
            unit_desk.ranking(collection, view.spec, unit, question),
            ("unit-ranking", fingerprint, view.spec, unit, question),
            0.1,
        )
        if isinstance(run, Run):
            runs[unit] = run
    first = runs.get("passage")
    if first is None:
        key = ("unit-ranking", fingerprint, "bm25", "passage", question)
        found = waiting.value(unit_desk.ranking(collection, "bm25", "passage", question), key)
        first = found if isinstance(found, Run) else None
    if first is None:
        _faults(waiting)
        page.callout("working", "Searching the passages for this question")
        return
    shown = _passages(view, relevant, first)
    if not shown:
        page.empty("Nothing was found for this question.", "Ask another one.")
        return
    if runs:
        _ranks(runs, relevant, view)
    wanted = ("unit-near", fingerprint, view.spec, tuple(kinds), tuple(shown), question)
    near = waiting.value(unit_desk.near(collection, view.spec, kinds, shown, question), wanted)
    _faults(waiting)
    if not isinstance(near, list):
        page.callout("working", f"{view.engine} reads the units of {len(shown)} passages")
        return
    st.html(
        '<div class="rv-legend"><span>tint and small number: score of a unit, the nearest shown strongest</span>'
        "<span>outlined: the unit that won</span><span>★ judged relevant</span></div>"
    )
    for told in near:
        st.html(passage_html(collection, told, told.passage in relevant))
        st.button(
            "Edit its propositions", key=f"edit-{told.passage}", on_click=_edit, args=(told.passage,),
            icon=":material/edit:", disabled=view.passage == told.passage,
        )  # fmt: skip
        if view.passage == told.passage:
            _editor(collection, view, kinds[-1], told, question, runs, waiting)


def _faults(waiting: Waiting) -> None:
    for fault in dict.fromkeys(waiting.faults):
        page.callout("stop", "This cannot be looked at", fault)


def _edit(passage: str) -> None:
    st.session_state["gp"] = passage


def _close() -> None:
    st.session_state["gp"] = ""


def _passages(view: View, relevant: Sequence[str], run: Run) -> list[str]:
    """The one in view, relevant ones, then the top of the passage index."""
    first = [view.passage] if view.passage else []
    return list(dict.fromkeys([*relevant[:2], *first, *run["q"].ids]))[: max(_SHOWN, len(first) + 1)]


def _ranks(runs: dict[str, Run], relevant: Sequence[str], view: View) -> None:
    """Where the relevant passage stands by each kind of unit."""
    if not relevant:
        return
    told = []
    for unit, run in runs.items():
        ranks = [r for p in relevant if (r := run["q"].rank_of(p)) is not None]
        told.append(f"{unit} {min(ranks)}" if ranks else f"{unit}: not in the top {len(run['q'])}")
    page.note(f"Rank of the relevant passage with {view.engine}, by unit: {' · '.join(told)}.")


# -- one passage


def _mark(near: Near, text: str, won: bool) -> str:
    strength = round(near.share * _STRONGEST)
    classes = "rv-u rv-won" if won else "rv-u"
    return (
        f'<span class="{classes}" style="--s:{strength}" title="{near.score:.3f}">{escaped(text)}'
        f"<sup>{near.score:.2f}</sup></span>"
    )


def tinted_sentences(text: str, sentences: Sequence[Near], winner: Near | None) -> str:
    """The passage's text with each sentence tinted. Every piece is escaped on its own."""
    out, at = [], 0
    for near in sorted(sentences, key=lambda n: n.unit.start):
        start, stop = near.unit.start, near.unit.stop
        if start < at:
            continue
        out.append(escaped(text[at:start]))
        out.append(_mark(near, text[start:stop], winner is not None and near.unit.id == winner.unit.id))
        at = stop
    return "".join([*out, escaped(text[at:])])


def listed(units: Sequence[Near], winner: Near | None, changed: frozenset[str] = frozenset()) -> str:
    """Propositions with their scores, the winner outlined."""
    best = max((n.score for n in units), default=0.0)
    items = []
    for near in units:
        won = winner is not None and near.unit.id == winner.unit.id
        mark = f'<span class="rv-u{" rv-won" if won else ""}" style="--s:{round(near.share * _STRONGEST)}">'
        new = '<span class="rv-u-changed">changed</span>' if near.unit.id in changed else ""
        items.append(
            f"<li{' class=rv-best' if near.score == best else ''}><b>{near.score:.3f}</b>"
            f'<span dir="auto">{mark}{escaped(near.unit.text)}</span>{new}</span></li>'
        )
    return f'<ul class="rv-u-list">{"".join(items)}</ul>'


def passage_html(collection: Collection, told: PassageNear, relevant: bool) -> str:
    found, winner = collection.passages[told.passage], told.winner
    whole = told.best("passage")
    kinds = [k for k in told.units if k not in ("passage", "sentence")]
    facts = f"<span>whole passage {whole.score:.3f}</span>" if whole else ""
    if winner is not None and whole is not None:
        gain = winner.score - whole.score
        facts += f"<span>won by a {escaped(winner.kind)}: {winner.score:.3f} ({gain:+.3f})</span>"
    gold = '<span class="rv-gold">★ relevant</span>' if relevant else ""
    lists = "".join(f'<p class="rv-u-kind">{escaped(plural(k))}</p>{listed(told.units[k], winner)}' for k in kinds)
    return (
        f'<article class="rv-u-passage{" rv-relevant" if relevant else ""}"><header>'
        f'<h3 dir="auto">{escaped(found.title or told.passage)}</h3>{gold}{facts}</header>'
        f'<p class="rv-u-text" dir="auto">{tinted_sentences(found.text, told.units.get("sentence", []), winner)}</p>'
        f"{lists}</article>"
    )


# -- editing


def _editor(
    collection: Collection, view: View, unit: str, told: PassageNear, question: str, runs: dict[str, Run],
    waiting: Waiting,
) -> None:  # fmt: skip
    kind = next(k for k in reversed(told.units) if k not in ("passage", "sentence"))
    own = told.units[kind]
    usual = "\n".join(n.unit.text for n in own)
    held = st.session_state.setdefault("unit-edits", {})
    place = (collection.fingerprint, unit, told.passage)
    with st.form(f"unit-editor-{told.passage}", border=True):
        page.note(f"One unit a line ({kind}). Nothing is kept: the collection stays as it is.")
        text = st.text_area(
            "Propositions", held.get(place, usual), height=max(120, 28 * (len(own) + 2)), max_chars=20_000,
            label_visibility="collapsed", key=f"unit-text-{told.passage}",
        )  # fmt: skip
        with st.container(horizontal=True):
            searched = st.form_submit_button("Search again", type="primary", icon=":material/search:")
            closed = st.form_submit_button("Close", on_click=_close)
    if closed:
        return
    if searched:
        held[place] = text
    if place not in held:
        return
    lines = tuple(line.strip() for line in held[place].splitlines() if line.strip())
    if not lines:
        page.callout("warning", "A passage needs at least one unit", "Write one line at least.")
        return
    key = ("unit-edited", collection.fingerprint, view.spec, unit, told.passage, lines, question)
    found = waiting.value(unit_desk.edited(collection, view.spec, unit, told.passage, lines, question), key, 1.0)
    if isinstance(found, Edited):
        _after(found, told, own, runs.get(unit) is not None)
    elif not waiting.faults:
        page.callout("working", "Searching again")


def _after(found: Edited, told: PassageNear, own: Sequence[Near], searched: bool) -> None:
    before, now = max(n.score for n in own), max(n.score for n in found.near)
    sentence = f"Its best unit scores {now:.3f}, {now - before:+.3f} to before."
    if found.now is not None:
        was = f"{found.before}" if found.before is not None else f"below {found.depth}"
        sentence += f" The passage stands at rank {found.now}; it was {was}."
    elif not searched:
        sentence += " Its rank is not known: this index is not measured yet (the button above)."
    page.callout("ok", sentence)
    texts = {n.unit.text for n in own}
    changed = frozenset(n.unit.id for n in found.near if n.unit.text not in texts)
    low = min(n.score for n in (*found.near, *own))
    spread = max(max(now, before) - low, 1e-9)
    shown = [Near(n.kind, n.unit, n.score, (n.score - low) / spread) for n in found.near]
    best = max(shown, key=lambda n: n.score)
    st.html(f'<div class="rv-u-passage">{listed(shown, best, changed)}</div>')
