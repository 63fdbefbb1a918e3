"""The frame of a page: its question, callouts, empty states, and polling for work that goes on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import streamlit as st

from components.text import escaped
from desk import desk

_STYLE = Path(__file__).with_name("style.css")
_SIGNS = {"note": "i", "ok": "✓", "warning": "!", "stop": "✕", "working": "…"}
_WORDS = {"note": "Note", "ok": "Done", "warning": "Careful", "stop": "Error", "working": "Working"}
_LONG, _SELDOM = 5.0, 4.0  # seconds


def style() -> None:
    st.html(_STYLE)


def title(name: str, question: str) -> None:
    """The page's name, small, and its question as the heading."""
    st.html(f'<div class="rv-title"><p class="rv-eyebrow">{escaped(name)}</p><h1>{escaped(question)}</h1></div>')


def heading(text: str, note: str = "") -> None:
    told = f'<p class="rv-note">{escaped(note)}</p>' if note else ""
    st.html(f'<div class="rv-heading"><h2>{escaped(text)}</h2>{told}</div>')


def eyebrow(text: str) -> None:
    """A small line above a group."""
    st.html(f'<p class="rv-eyebrow">{escaped(text)}</p>')


def sentence(text: str) -> None:
    """The page's answer in one sentence."""
    st.html(f'<p class="rv-sentence">{escaped(text)}</p>')


def note(text: str) -> None:
    st.html(f'<p class="rv-note">{escaped(text)}</p>')


def callout(kind: str, what: str, detail: str = "", more: str = "") -> None:
    """A message with its severity in sign and word. `more` is HTML of our own, already escaped."""
    role = "alert" if kind == "stop" else "status"
    body = f"<p>{escaped(detail)}</p>" if detail else ""
    st.html(
        f'<div class="rv-callout rv-{kind}" role="{role}">'
        f'<span class="rv-sign" aria-hidden="true">{_SIGNS[kind]}</span>'
        f'<div><strong><span class="rv-hidden">{_WORDS[kind]}: </span>{escaped(what)}</strong>{body}{more}</div></div>'
    )


def empty(what: str, next_step: str) -> None:
    st.html(f'<div class="rv-empty"><strong>{escaped(what)}</strong><p>{escaped(next_step)}</p></div>')


def poll(keys: Sequence[Hashable], every: float = 0.5) -> None:
    """Show the page again as soon as one of these tasks is done. Reads the desk only.

    What takes long is looked at seldom: after every look Streamlit collects garbage with the interpreter's lock held,
    and on a busy machine two looks a second kept a model from ever being loaded.
    """
    waiting = [t for k in keys if (t := desk().peek(k)) is not None and t.state == "working"]
    if not keys:
        return
    if len(waiting) < len(keys):  # one was done between the look and now
        st.rerun()
    long = min(t.seconds for t in waiting) > _LONG

    @st.fragment(run_every=_SELDOM if long else every)
    def look() -> None:
        found = [desk().peek(k) for k in keys]
        if any(t is None or t.state != "working" for t in found):
            st.rerun()
        if not long and all(t is not None and t.seconds > _LONG for t in found):
            st.rerun()  # from now on seldom

    look()
