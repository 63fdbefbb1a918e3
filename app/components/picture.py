"""A picture of ours inside the page: SVG made by the library, every text in it escaped there."""

from __future__ import annotations

from typing import Any

import streamlit as st

_JS = """
export default function(component) {
  const { data, parentElement } = component;
  let box = parentElement.querySelector('.rv-lines');
  if (!box) { box = document.createElement('div'); box.className = 'rv-lines'; parentElement.appendChild(box); }
  if (box.dataset.mark !== data.mark) { box.innerHTML = data.svg; box.dataset.mark = data.mark; }
}
"""


@st.cache_resource(max_entries=1, show_spinner=False)
def _component() -> Any:
    # not isolated: the page's styles hold inside, and its listener hears clicks
    return st.components.v2.component("retrievarium_picture", js=_JS, isolate_styles=False)


def show(svg: str, key: str) -> None:
    """Draw an SVG; one that is the same as before is left alone."""
    from retrievarium.workspace import content_hash

    _component()(key=key, data={"svg": svg, "mark": content_hash(svg)})
