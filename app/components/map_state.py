"""What the Map page remembers, all of it in the link: encoder, second encoder, colour, layout, search, selection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from retrievarium.data import Collection
from retrievarium.workspace import content_hash, read_json, workspace, write_json

LAYOUTS = ("map", "seed 1", "seed 2", "noise")
NOBODY = "nothing"
_INLINE = 40  # points that a link names itself; more of them are kept in the workspace under a hash
_HASH = re.compile(r"@[0-9a-f]{16}")
_SPLIT = "~"


@dataclass(frozen=True)
class View:
    """The page's own part of the state; the shared part is `state.Selection`."""

    encoder: str
    beside: str
    colour: str
    layout: str
    find: str
    focus: str
    chosen: tuple[str, ...]  # "p:<passage id>" and "q:<query id>"

    def params(self) -> dict[str, str]:
        told = {"me": self.encoder, "mc": self.colour}
        told |= {"mb": self.beside} if self.beside else {}
        told |= {"ml": self.layout} if self.layout != "map" else {}
        told |= {"mf": self.find} if self.find else {}
        told |= {"mp": self.focus} if self.focus else {}
        return told | ({"ms": packed(self.chosen)} if self.chosen else {})


def view() -> View:
    at = st.session_state
    beside = at.get("mb") or NOBODY
    return View(
        encoder=at.get("me") or "minilm",
        beside="" if beside == NOBODY else beside,
        colour=at.get("mc") or "",
        layout=str(at.get("ml")) if at.get("ml") in LAYOUTS else "map",
        find=(at.get("mf") or "").strip(),
        focus=at.get("mp") or "",
        chosen=unpacked(at.get("ms") or ""),
    )


# -- the selection as text: short enough for a link


def packed(chosen: Sequence[str]) -> str:
    """The points by name where they are few, else a hash of a list that is kept in this workspace."""
    if len(chosen) <= _INLINE and not any(_SPLIT in name for name in chosen):
        return _SPLIT.join(chosen)
    key = {"points": content_hash(list(chosen))}
    folder = workspace().build("selections", key, lambda made: write_json(made / "points.json", list(chosen)))
    return f"@{folder.name}"


def unpacked(text: str) -> tuple[str, ...]:
    """The points that a text names; none where its list is not in this workspace."""
    if not text:
        return ()
    if _HASH.fullmatch(text):
        path = workspace().root / "artifacts" / "selections" / text[1:] / "points.json"
        return tuple(str(name) for name in read_json(path)) if path.is_file() else ()
    return tuple(name for name in text.split(_SPLIT) if name[:2] in ("p:", "q:"))


def lost(text: str) -> bool:
    """Whether the link names a selection that only another workspace knows."""
    return bool(_HASH.fullmatch(text)) and not unpacked(text)


# -- changing it: callbacks


def choose(names: Sequence[str]) -> None:
    st.session_state["ms"] = packed(names)


def focus_on(name: str) -> None:
    """A passage is ringed with its neighbours; a query becomes the query in view of all pages."""
    if name.startswith("q:"):
        st.session_state["q"], st.session_state["ask"], st.session_state["mp"] = name[2:], "", ""
    else:
        st.session_state["mp"] = name


def next_seed() -> None:
    order = LAYOUTS[:3]
    now = st.session_state.get("ml")
    st.session_state["ml"] = order[(order.index(now) + 1) % 3] if now in order else order[1]


def toggle_noise() -> None:
    st.session_state["ml"] = "map" if st.session_state.get("ml") == "noise" else "noise"


def back() -> None:
    st.session_state["ml"] = "map"


def swap(first: str, second: str) -> None:
    st.session_state["me"], st.session_state["mb"] = second, first


def hidden() -> None:
    """State without a widget to see: it still stands in the link."""
    st.html("<style>.st-key-map-hidden{display:none}</style>")
    with st.container(key="map-hidden"):
        for key, label in (("ml", "Layout"), ("mp", "Point in view"), ("ms", "Selected points")):
            st.text_input(label, key=key, bind="query-params", persist_state="session")


def names_of(
    collection: Collection, positions: Sequence[int], passages: Sequence[int], queries: Sequence[int]
) -> list[str]:
    """Points by name from their positions on a map, passages first."""
    n = len(passages)
    ids = (collection.passages.ids, collection.queries.ids)
    return [f"p:{ids[0][passages[i]]}" if i < n else f"q:{ids[1][queries[i - n]]}" for i in positions]
