"""The one selection that all pages share. It lives in the URL; its widgets are made here, before any page runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

import sources
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection, available, load_collection

DEFAULT_RETRIEVERS = ("bm25", "minilm", "bm25 + minilm")
MEASURES = ("nDCG@10", "RR@10", "R@20", "Success@5", "Success@1", "R@100", "AP@100", "P@5")
SHOWN = (3, 5, 10, 20, 50)
SHOWN_FIRST = 5
MOST_COLUMNS = 6
EVERYTHING = "all queries"
_KINDS_SHOWN = 40


@dataclass(frozen=True)
class Selection:
    """What is looked at: everything a link has to carry."""

    collection: str = ""
    retrievers: tuple[str, ...] = DEFAULT_RETRIEVERS
    query: str = ""
    ask: str = ""
    split: str = ""
    slice: str = EVERYTHING
    k: int = SHOWN_FIRST
    measure: str = "nDCG@10"

    def params(self) -> dict[str, Any]:
        """Query parameters of a link to this state, none left to defaults that may differ elsewhere."""
        told: dict[str, Any] = {"c": self.collection, "r": list(self.retrievers)}
        told |= {"ask": self.ask} if self.ask else {"q": self.query} if self.query else {}
        told |= {"s": self.split} if self.split else {}
        told |= {"slice": self.slice} if self.slice != EVERYTHING else {}
        return told | {"k": str(self.k), "m": self.measure}

    def with_(self, **changes: Any) -> Selection:
        return replace(self, **changes)


def link(selection: Selection, page: str = "compare") -> str:
    """A full address that opens this state."""
    return to_page(page, selection.params())


def to_page(page: str, params: Mapping[str, Any]) -> str:
    """A full address of a page with these query parameters."""
    parts = urlsplit(st.context.url or "http://127.0.0.1:8501/")
    return f"{parts.scheme}://{parts.netloc}/{page}?{urlencode(params, doseq=True)}"


# -- reading it


def selection() -> Selection:
    """The selection as the widgets hold it."""
    at = st.session_state
    return Selection(
        collection=at.get("c") or "",
        retrievers=tuple(at.get("r") or ()),
        query=(at.get("q") or "").strip(),
        ask=(at.get("ask") or "").strip(),
        split=at.get("s") or "",
        slice=at.get("slice") or EVERYTHING,
        k=int(at.get("k") or SHOWN_FIRST),
        measure=at.get("m") or "nDCG@10",
    )


def problem(name: str) -> str:
    """Why a collection cannot be opened, in a sentence; empty where it can."""
    try:
        load_collection(name)
    except RetrievariumError as error:
        return str(error)
    return ""


def collection_of(chosen: Selection) -> Collection | None:
    """The chosen collection, or None where there is none or it cannot be read (the page then says why)."""
    if not chosen.collection:
        return None
    try:
        return load_collection(chosen.collection)
    except RetrievariumError:
        return None


def arrive(page: str) -> None:
    """Before the widgets are made: take over the state of a link that led here, or bring back what was chosen.

    Widgets that live on keep their values when a link is followed, and lose them when a page is left while it still
    runs: so the selection is held beside them, and set again on every change of page.
    """
    at, told = st.session_state, st.query_params
    held, again = at.get("held"), at.pop("restored", False)
    at["arrived"] = again or at.get("page") != page
    if held is None:  # at first the widgets read the address themselves
        return
    left = at.get("page") != page
    if left and "c" in told:
        _follow()
        at["followed"] = page == "Compare"
    elif left or again or "c" not in at:
        lost = [k for k, v in held.items() if at.get(k) != v]
        for key in held if again else lost:
            at[key] = held[key]
        # a value reaches the address only where its widget is known already: it is set in two runs
        at["restored"] = bool(lost) and not again


def take_over(**kinds: Callable[[str], Any]) -> None:
    """On arrival at a page: what its address says of the page's own widgets wins over what they held before.

    kinds: by the widget's key, what turns the address's text into its value; a text it refuses is left alone.
    """
    if not st.session_state.get("arrived"):
        return
    for key, kind in kinds.items():
        if key in st.query_params:
            with suppress(ValueError):
                st.session_state[key] = kind(st.query_params[key])


def hold(page: str) -> None:
    """After the widgets are made: remember the selection."""
    at = st.session_state
    at["page"] = page
    at["held"] = {k: at[k] for k in ("c", "r", "q", "ask", "s", "slice", "k", "m") if k in at}
    if at.get("restored"):
        st.rerun()


def _follow() -> None:
    told = st.query_params
    st.session_state["c"] = told["c"]
    for key, default in (("q", ""), ("ask", ""), ("slice", EVERYTHING)):  # a link says all that is not the default
        st.session_state[key] = told.get(key, default)
    for key in ("s", "m"):
        if key in told:
            st.session_state[key] = told[key]
    if told.get("k", "").isdigit():
        st.session_state["k"] = int(told["k"])
    if "r" in told:
        st.session_state["r"] = told.get_all("r")[:MOST_COLUMNS]


# -- changing it: callbacks, which run before the widgets are made


def open_query(query: str) -> None:
    st.session_state["q"] = query
    st.session_state["ask"] = ""
    for edit in ("wq", "wp", "wt", "wx", "wo"):  # what-if edits belong to one query
        if st.session_state.get(edit):
            st.session_state[edit] = ""
    if st.session_state.get("w"):  # what is explained next is again the gold passage
        st.session_state["w"] = "gold"


def add_retriever(name: str) -> None:
    chosen = list(st.session_state.get("r") or ())
    if name not in chosen and len(chosen) < MOST_COLUMNS:
        st.session_state["r"] = [*chosen, name]


def _collection_changed() -> None:
    st.session_state["q"] = ""
    st.session_state["ask"] = ""
    st.session_state["slice"] = EVERYTHING


# -- the widgets


@lru_cache(maxsize=32)
def slices(collection: Collection, split: str) -> tuple[str, ...]:
    """Slices of a split's queries: those the collection names itself, then by kind and relation where they are few."""
    queries = collection.split_named(split).queries if split else collection.all_queries
    told = [EVERYTHING]
    if "slices" in collection.tables:
        table = collection.tables["slices"].to_pydict()
        known = {s for s, q in zip(table["slice"], table["query_id"], strict=True) if q in queries}
        told += [f"slice={s}" for s in sorted(known)]
    for column in ("kind", "relation"):
        values = sorted({str(v) for v in queries.column(column) or [] if v is not None})
        if 1 < len(values) <= _KINDS_SHOWN:
            told += [f"{column}={v}" for v in values]
    return tuple(told)


@lru_cache(maxsize=64)
def in_slice(collection: Collection, split: str, slice_: str) -> tuple[str, ...]:
    """Query ids of a split that lie in a slice, in the collection's order."""
    queries = collection.split_named(split).queries if split else collection.all_queries
    column, _, value = slice_.partition("=")
    if column == "slice" and "slices" in collection.tables:
        table = collection.tables["slices"].to_pydict()
        inside = {q for s, q in zip(table["slice"], table["query_id"], strict=True) if s == value}
        return tuple(q for q in queries.ids if q in inside)
    cells = queries.column(column) if value else None
    if cells is None:
        return queries.ids
    return tuple(q for q, cell in zip(queries.ids, cells, strict=True) if str(cell) == value)


def _settle(key: str, options: Sequence[Any], default: Any) -> None:
    """A value that this collection does not know (another link, another split) falls back to the default."""
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = default


def sidebar(names: Sequence[str]) -> Selection:
    """Make the shared widgets and return what they hold."""
    if "go" in st.session_state:  # a page asked for a query after the widgets were made
        open_query(st.session_state.pop("go"))
    if "open-collection" in st.session_state:  # a page made a collection
        st.session_state["c"] = st.session_state.pop("open-collection")
        _collection_changed()
    _settle("c", names, names[0] if names else None)
    st.selectbox(
        "Collection",
        names,
        key="c",
        bind="query-params",
        on_change=_collection_changed,
        help="What is searched. Bring your own on the Collections page.",
        placeholder="none yet",
        disabled=not names,
    )
    collection = collection_of(selection())
    options = sources.names(collection) if collection is not None else list(DEFAULT_RETRIEVERS)
    chosen = list(st.session_state.get("r") or ())
    st.multiselect(
        "Retrievers",
        list(dict.fromkeys([*options, *chosen])),
        default=list(DEFAULT_RETRIEVERS),
        key="r",
        bind="query-params",
        max_selections=MOST_COLUMNS,
        accept_new_options=True,
        help="The first one is the reference that the others are compared with. "
        "You can also type a combination, such as 0.3 * bm25 + 0.7 * minilm, or bm25 % 100 >> minilm.",
        placeholder="choose two to six",
    )
    splits = list(collection.splits) if collection is not None else []
    with st.expander("Settings", icon=":material/tune:"):
        if splits:
            default = collection.default_split if collection is not None else None
            _settle("s", splits, default or splits[0])
            first = splits.index(default) if default in splits else 0
            st.selectbox("Split", splits, index=first, key="s", bind="query-params", help="Whose judgements count.")
            parts = slices(collection, st.session_state["s"]) if collection is not None else (EVERYTHING,)
            _settle("slice", parts, EVERYTHING)
            if len(parts) > 1:
                st.selectbox("Slice", parts, key="slice", bind="query-params", help="Queries of one kind only.")
        _settle("k", SHOWN, SHOWN_FIRST)
        st.selectbox("Results shown", SHOWN, index=SHOWN.index(SHOWN_FIRST), key="k", bind="query-params")
        _settle("m", MEASURES, MEASURES[0])
        st.selectbox("Measure", MEASURES, key="m", bind="query-params")
        st.text_input("Query id", key="q", bind="query-params", help="Opens a query by its id.")
    return selection()


def ask_bar(shown: bool) -> None:
    """The field for a question of one's own. Made on every page, so that a page walk keeps it; seen on Compare."""
    with st.container(key="ask-bar" if shown else "ask-bar-hidden"):
        st.text_input(
            "Ask a question of your own",
            key="ask",
            bind="query-params",
            type="search",
            max_chars=1_000,
            placeholder="Ask a question of your own. It needs no judgement; Enter searches.",
            label_visibility="collapsed",
        )


def at_hand() -> list[str]:
    return available()
