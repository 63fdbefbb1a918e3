"""What the Granularity page remembers, all of it in the link: retriever, units, measure, passage in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import streamlit as st

import state
from components import map_scene
from retrievarium.analysis import KeptBench
from retrievarium.data import Collection
from retrievarium.units import KINDS

FIRST = ("document", "passage", "sentence", "rules")
_ALWAYS = ("passage",)  # the base that others are compared with


@dataclass(frozen=True)
class View:
    """The page's own part of the state; the shared part is `state.Selection`."""

    engine: str  # as it is called here
    spec: str  # what the library takes for it, and what tables call it
    units: tuple[str, ...]
    measure: str
    passage: str

    def params(self) -> dict[str, object]:
        told: dict[str, object] = {"ge": self.engine, "gu": list(self.units), "gm": self.measure}
        return told | ({"gp": self.passage} if self.passage else {})

    @property
    def decomposition(self) -> str:
        """The units that the question is looked at through, beside sentences."""
        return next((u for u in self.units if u not in KINDS and "group" not in u), "rules")


def link(chosen: state.Selection, view: View) -> str:
    parts = urlsplit(st.context.url or "http://127.0.0.1:8501/")
    params = urlencode({**chosen.params(), **view.params()}, doseq=True)
    return f"{parts.scheme}://{parts.netloc}/granularity?{params}"


def engines(collection: Collection) -> dict[str, str]:
    """BM25 and the encoders at hand: name, and what the library takes for it."""
    return {"bm25": "bm25", **map_scene.encoders(collection)}


def known_units(collection: Collection) -> list[str]:
    """Units that can be made of this collection without further ado."""
    told = ["group", "document", "passage", "block", "sentence", "phrase", "rules"]
    if "propositions" in collection.tables:
        told.append("oracle")
    return [*told, "random cuts", "seq2seq"]


def _settle(key: str, options: Sequence[str], usual: str) -> None:
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = usual


def controls(collection: Collection, benches: Sequence[KeptBench]) -> View:
    """Which retriever, which units."""
    at = st.session_state
    state.take_over(ge=str, gm=str, gp=str)
    known = engines(collection)
    names = list(known)
    usual = next((n for b in benches for n in names if known[n] in b.retrievers and n != "bm25"), "")
    usual = usual or ("minilm" if "minilm" in names else names[0])
    _settle("ge", names, usual)
    first = list(benches[0].units) if benches else list(FIRST)
    with st.container(horizontal=True, vertical_alignment="bottom", key="unit-bar"):
        st.selectbox(
            "Retriever", names, index=names.index(usual), key="ge", bind="query-params", persist_state="session",
            width=230, help="The same encoder serves all units; nothing is trained. Trained models appear here.",
        )  # fmt: skip
        options = known_units(collection)
        told = [u for u in at.get("gu") or first if u]
        st.multiselect(
            "Units",
            list(dict.fromkeys([*options, *told])),
            default=first,
            key="gu",
            bind="query-params",
            accept_new_options=True,
            help="What is indexed. rules, oracle, seq2seq and random cuts are ways to write propositions. You can also "
            "type a writer's folder, or endpoint:MODEL@URL (its key is read from OPENAI_API_KEY).",
            width=640,
        )
    _hidden()
    units = tuple(dict.fromkeys(at.get("gu") or ()))
    missing = tuple(u for u in _ALWAYS if u not in units)
    return View(at["ge"], known[at["ge"]], (*missing, *units), at.get("gm") or "", at.get("gp") or "")


def _hidden() -> None:
    """State whose widget may not be on the page: it still stands in the link."""
    with st.container(key="unit-hidden"):
        st.text_input("Passage", key="gp", bind="query-params", persist_state="session")


def matching(benches: Sequence[KeptBench], view: View) -> KeptBench | None:
    """The newest bench that holds this retriever and these units; else the newest one with this retriever."""
    own = [b for b in benches if view.spec in b.retrievers]
    whole = [b for b in own if set(view.units) <= set(b.units)]
    return (whole or own or [None])[0]
