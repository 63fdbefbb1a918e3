"""Clicks on links inside our own HTML, handled without leaving the page.

Whatever has a `data-rv` attribute is a link to a state of this page: a plain click changes the state in place, any
other click (a new tab, a middle click) follows its address. The address and the attribute are written by `link`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from components.text import escaped

_JS = """
// what a click opens may lie above or below what is in view, and comes with the page's next run
const show = (where, tries) => {
  const found = where && document.querySelector(where);
  if (!where || tries < 0) return;
  if (!found) { setTimeout(() => show(where, tries - 1), 100); return; }
  const box = found.getBoundingClientRect();
  if (box.top < 60 || box.top > innerHeight * 0.7) found.scrollIntoView({ block: 'start' });
};
export default function(component) {
  const { setTriggerValue } = component;
  const heard = event => {
    if (event.type === 'keydown' && event.key !== 'Enter') return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
    const at = event.target.closest && event.target.closest('[data-rv]');
    if (!at || (event.type === 'keydown' && at.hasAttribute('href'))) return;
    event.preventDefault();
    setTriggerValue('opened', at.getAttribute('data-rv'));
    show(at.dataset.show, 40);
  };
  document.addEventListener('click', heard);
  document.addEventListener('keydown', heard);
  return () => {
    document.removeEventListener('click', heard);
    document.removeEventListener('keydown', heard);
  };
}
"""


@st.cache_resource(max_entries=1, show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("retrievarium_ears", js=_JS)


def attributes(changes: Mapping[str, Any], address: str = "") -> str:
    """Attributes of an element that opens a state: `changes` of the page's state, and the address of the same."""
    href = f' href="{escaped(address)}"' if address else ' tabindex="0" role="button"'
    where = ".st-key-why" if changes.get("w") else ".st-key-query-bar" if "cg" in changes or "q" in changes else ""
    shown = f' data-show="{where}"' if where else ""
    return f'{href}{shown} data-rv="{escaped(json.dumps(dict(changes), ensure_ascii=True))}"'


def link(words: str, changes: Mapping[str, Any], address: str, title: str = "", classes: str = "rv-open") -> str:
    """An `<a>` around words (escaped here)."""
    told = f' title="{escaped(title)}"' if title else ""
    return f'<a class="{classes}" target="_self"{told}{attributes(changes, address)}>{escaped(words)}</a>'


def listen(apply: Callable[[Mapping[str, Any]], None]) -> None:
    """Mount the listener; `apply` is called with the changes of a clicked link, before the page runs again."""

    def opened() -> None:
        told = st.session_state["ears"]["opened"]
        try:
            changes = json.loads(told) if told else {}
        except (TypeError, ValueError):
            return
        if isinstance(changes, dict):
            apply(changes)

    _component()(key="ears", height=1, on_opened_change=opened)
