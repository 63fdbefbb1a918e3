"""What the Entities page remembers beside the shared selection, all of it in the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

import clinic
import state
from components import annotator
from retrievarium.analysis import Grouping
from state import Selection

_HIDDEN = ("eo", "eq")
FIRST_CUT = 1
_CUTS = {"rank 1" if k == 1 else f"top {k}": k for k in clinic.CUTS}


@dataclass(frozen=True)
class View:
    """group: what divides the questions. cut: a failure has no relevant passage in the first `cut`. open: what a number
    opened, see `clinic.opened`. query: the one in view inside."""

    group: str = ""
    cut: int = FIRST_CUT
    open: str = ""
    query: str = ""

    def params(self) -> dict[str, str]:
        told = {"eg": self.group} if self.group else {}
        told |= {"ek": f"top {self.cut}"} if self.cut != FIRST_CUT else {}
        told |= {"eo": self.open} if self.open else {}
        return told | ({"eq": self.query} if self.query and self.open else {})

    def with_(self, **changes: Any) -> View:
        return replace(self, **changes)


def hidden() -> None:
    """State without a field to see; it still stands in the link."""
    state.take_over(eo=str, eq=str, eg=str, ek=str)
    with st.container(key="clinic-hidden"):
        for key in _HIDDEN:
            st.text_input(key, key=key, bind="query-params", persist_state="session", label_visibility="collapsed")


def controls(dividers: Sequence[Grouping], more: Callable[[], Any] | None = None) -> Any:
    """What the questions are divided by, and when one counts as missed; returns what `more` draws beside them."""
    labels = [g.label for g in dividers]
    at = st.session_state
    with st.container(horizontal=True, vertical_alignment="bottom", key="clinic-bar"):
        if labels:
            if at.get("eg") not in labels:
                at["eg"] = labels[0]
            st.selectbox("Divide by", labels, key="eg", bind="query-params", persist_state="session", width=230)
        if at.get("ek") not in _CUTS:  # plain words: they stand in the link
            at["ek"] = next(iter(_CUTS))
        st.selectbox(
            "Missed: nothing relevant in",
            list(_CUTS),
            key="ek",
            bind="query-params",
            persist_state="session",
            width=230,
        )
        return more() if more is not None else None


def view() -> View:
    at = st.session_state
    return View(
        str(at.get("eg") or ""),
        _CUTS.get(str(at.get("ek")), FIRST_CUT),
        str(at.get("eo") or ""),
        str(at.get("eq") or ""),
    )


def address(chosen: Selection, seen: View) -> str:
    return state.to_page("entities", {**chosen.params(), **seen.params()})


def key(kind: str, name: str, system: str) -> str:
    """What stands in the address for a number; read by `clinic.opened`."""
    return f"{kind}|{name}|{system}"


# -- changing it: callbacks, which run before the widgets are made


def apply(changes: Mapping[str, Any]) -> None:
    """Take over what a clicked number opens."""
    for name in _HIDDEN:
        if isinstance(changes.get(name), str):
            st.session_state[name] = changes[name]


def open_case(key: str) -> None:
    st.session_state["eo"], st.session_state["eq"] = key, ""


def close_case() -> None:
    st.session_state["eo"] = st.session_state["eq"] = ""


def go(query: str) -> None:
    st.session_state["eq"] = query
    annotator.in_view("", "")  # until it is shown, no key is meant for it
