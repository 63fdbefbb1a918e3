"""The prepared queries of the Start page: committed in `sample_data/start_queries.json`, each asserted by a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from retrievarium.data import Collection
from retrievarium.workspace import read_json, shipped
from state import Selection


@dataclass(frozen=True)
class Case:
    """One phenomenon: a query, what it shows in a sentence, and who finds the evidence within which cut."""

    collection: str
    query: str
    title: str
    sentence: str
    cut: int
    finds: tuple[str, ...]
    misses: tuple[str, ...]

    def state(self) -> Selection:
        """Compare at this case: whoever is named in it, and at most one more to make three columns."""
        named = [*self.misses, *self.finds]
        columns = list(dict.fromkeys([*(n for n in ("bm25", "minilm") if n in named), *named, "bm25", "minilm"]))
        fused = ["bm25 + minilm"] if "bm25 + minilm" not in columns else []
        return Selection(self.collection, tuple([*columns, *fused][:6]), self.query)


@st.cache_data(max_entries=1, show_spinner=False)
def _read(stamp: int) -> list[dict[str, Any]]:
    return read_json(shipped("start_queries.json"))["cases"]


def cases() -> list[Case]:
    path = shipped("start_queries.json")
    if not path.is_file():
        return []
    rows = _read(path.stat().st_mtime_ns)
    return [Case(**{**r, "finds": tuple(r["finds"]), "misses": tuple(r["misses"])}) for r in rows]


def first_query(collection: Collection) -> str:
    """The first prepared query of a collection, empty where it has none."""
    return next((c.query for c in cases() if c.collection == collection.name and c.query in collection.all_queries), "")
