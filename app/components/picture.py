"""A picture of ours inside the page: SVG made by the library, every text in it escaped there."""

from __future__ import annotations

from typing import Any

import streamlit as st

_JS = """
const png = (svg, name) => {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement('canvas');
    canvas.width = 2 * image.width; canvas.height = 2 * image.height;
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#ffffff'; pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    const link = document.createElement('a');
    link.href = canvas.toDataURL('image/png'); link.download = name + '.png'; link.click();
  };
  image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg);
};
export default function(component) {
  const { data, parentElement } = component;
  let box = parentElement.querySelector('.rv-lines');
  if (!box) {
    box = document.createElement('div'); box.className = 'rv-lines';
    box.innerHTML = '<div></div><button type="button" class="rv-png" title="Save this picture">PNG</button>';
    parentElement.appendChild(box);
  }
  box.querySelector('.rv-png').onclick = () => png(data.taken, data.name);
  if (box.dataset.mark !== data.mark) { box.firstChild.innerHTML = data.svg; box.dataset.mark = data.mark; }
}
"""


@st.cache_resource(max_entries=1, show_spinner=False)
def _component() -> Any:
    # not isolated: the page's styles hold inside, and its listener hears clicks
    return st.components.v2.component("retrievarium_picture", js=_JS, isolate_styles=False)


def show(svg: str, key: str, taken: str, name: str) -> None:
    """Draw an SVG; one that is the same as before is left alone. `taken` is what its PNG button saves under a name."""
    from retrievarium.workspace import content_hash

    _component()(key=key, data={"svg": svg, "mark": content_hash(svg), "taken": taken, "name": name})
