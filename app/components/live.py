"""A text field that tells the page what is typed after a short rest; Streamlit's own waits for Enter.

The page's text wins only where its `version` changes (a reset, a preset, another query): what is being typed is never
taken away from under the cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

_HTML = '<label class="live"><span class="live-label"></span><textarea spellcheck="false"></textarea></label>'
_CSS = """
.live { display: block; font-family: var(--st-font); color: var(--st-text-color); }
.live-label { display: block; font-size: .875rem; margin-bottom: .25rem; }
textarea { box-sizing: border-box; width: 100%; font: inherit; font-size: 1rem; line-height: 1.45;
  padding: .45rem .6rem; color: inherit; background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: .5rem; resize: vertical; }
textarea:focus { outline: 2px solid var(--st-primary-color); outline-offset: 0; }
"""
_JS = """
const held = new WeakMap();
export default function(component) {
  const { data, setTriggerValue, parentElement } = component;
  const area = parentElement.querySelector('textarea');
  parentElement.querySelector('.live-label').textContent = data.label;
  area.rows = data.rows;
  area.maxLength = data.longest;
  const own = held.get(area) || { timer: null, version: null };
  held.set(area, own);
  if (own.version !== data.version) {
    own.version = data.version;
    clearTimeout(own.timer);
    if (area.value !== data.text) area.value = data.text;
  }
  const tell = () => { clearTimeout(own.timer); setTriggerValue('typed', area.value); };
  area.oninput = () => { clearTimeout(own.timer); own.timer = setTimeout(tell, data.rest); };
  area.onkeydown = event => {
    event.stopPropagation();  // j and k are letters here
    if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); tell(); }
  };
}
"""
REST = 220  # milliseconds without a key before the page is told


@st.cache_resource(max_entries=1, show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("retrievarium_live", html=_HTML, css=_CSS, js=_JS)


def field(
    label: str, text: str, version: str, key: str, typed: Callable[[str], None], rows: int = 1, longest: int = 1_000
) -> None:
    """Draw the field; `typed` is called with its text before the page runs again."""

    def told() -> None:
        value = st.session_state[key]["typed"]
        if isinstance(value, str):
            typed(value[:longest])

    data = {"label": label, "text": text, "version": version, "rows": rows, "longest": longest, "rest": REST}
    _component()(key=key, data=data, on_typed_change=told)
