"""What Compare remembers beside the shared selection, all in the link: the queue, the pair explained, the edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

import state
from retrievarium.analysis.why import Edit
from retrievarium.data import Collection
from state import Selection

ALL = "all"
GOLD = "gold"  # the passage explained: the one judged best, or the first result where nobody judged
LONGEST = 4_000  # characters of an edited passage that a link carries

_TEXTS = ("cg", "w", "wr", "wo", "wq", "wp", "wt", "wx")


@dataclass(frozen=True)
class View:
    """The page's own part of the state.

    queue: which queries are offered in which order, see `queues`.
    why: the passage explained ("gold", an id, or "" where the panel is closed); other: the passage beside it ("" for
    the retriever's own choice); by: the retriever that is explained.
    question: the question as edited, "" as asked. passage, title, text: the edited passage.
    """

    queue: str = ALL
    why: str = ""
    other: str = ""
    by: str = ""
    question: str = ""
    passage: str = ""
    title: str = ""
    text: str = ""

    def params(self) -> dict[str, str]:
        told = {"cg": self.queue} if self.queue != ALL else {}
        told |= {"w": self.why} if self.why else {}
        told |= {"wr": self.by} if self.by and self.why else {}
        told |= {"wo": self.other} if self.other and self.why else {}
        told |= {"wq": self.question} if self.question else {}
        if self.passage and len(self.text) <= LONGEST:
            told |= {"wp": self.passage, "wt": self.title, "wx": self.text}
        return told

    @property
    def edit(self) -> Edit | None:
        return Edit(self.passage, self.title, self.text) if self.passage else None

    @property
    def edits(self) -> bool:
        """Whether anything is edited."""
        return bool(self.question or self.passage)


def view(collection: Collection) -> View:
    """As the session holds it; an edit of a passage that this collection lacks is dropped."""
    at = st.session_state
    told = {k: str(at.get(k) or "") for k in _TEXTS}
    known = told["wp"] in collection.passages
    passage = collection.passages[told["wp"]] if known else None
    changed = passage is not None and (told["wt"], told["wx"]) != (passage.title, passage.text)
    return View(
        queue=told["cg"] or ALL,
        why=told["w"] if told["w"] == GOLD or told["w"] in collection.passages else "",
        other=told["wo"] if told["wo"] in collection.passages else "",
        by=told["wr"],
        question=told["wq"].strip(),
        passage=told["wp"] if changed else "",
        title=told["wt"] if changed else "",
        text=told["wx"] if changed else "",
    )


def settle() -> None:
    """Before anything is drawn: take over what a link says, and write into the address what holds now.

    These are no widgets' values: they stand in the session and are mirrored here, in the same run that changes them.
    """
    at, told = st.session_state, st.query_params
    followed = at.pop("followed", False)  # a link says all that is not the default
    for key in _TEXTS:
        if followed or (at.get("arrived") and key in told):
            at[key] = told.get(key, "")
    if "go-queue" in at:  # another queue was picked: its first query is shown
        picked = at.pop("go-queue")
        at["cg"] = "" if picked == ALL else picked
        at["queue-first"] = True
    for key in _TEXTS:
        value = str(at.get(key) or "")
        if value and told.get(key) != value:
            told[key] = value
        elif not value and key in told:
            del told[key]


def address(chosen: Selection, view: View, **changes: Any) -> str:
    """Where a link to this state with some changes leads. Keys are those of the address."""
    told: dict[str, Any] = {**chosen.params(), **view.params(), **changes}
    if changes.get("q"):
        told.pop("ask", None)
    return state.to_page("compare", {k: v for k, v in told.items() if v not in ("", None)})


# -- changing it: callbacks, which run before the widgets are made


def apply(changes: Mapping[str, Any]) -> None:
    """Take over the changes of a clicked link. Only known keys with values of their kind count."""
    at = st.session_state
    if "cg" in changes and changes["cg"] != (at.get("cg") or ALL):  # a number was opened: there is a way back
        at["way-back"] = {"cg": at.get("cg") or "", "q": at.get("q") or "", "ask": at.get("ask") or ""}
    for key in ("c", "s", "slice", "m", "q", "ask", *_TEXTS):
        if isinstance(changes.get(key), str):
            st.session_state[key] = changes[key]
    if isinstance(changes.get("q"), str) and changes["q"]:
        state.open_query(changes["q"])
    if isinstance(changes.get("r"), list):
        st.session_state["r"] = [str(r) for r in changes["r"]][: state.MOST_COLUMNS]


def go_back() -> None:
    """To the queue and the query from which a number was opened."""
    for key, value in st.session_state.pop("way-back", {}).items():
        st.session_state[key] = value


def open_why(passage: str = GOLD, by: str = "") -> None:
    at = st.session_state
    at["w"], at["wo"] = passage, ""
    if by:
        at["wr"] = by


def close_why() -> None:
    for key in ("w", "wo"):
        st.session_state[key] = ""


def forget_edits() -> None:
    for key in ("wq", "wp", "wt", "wx"):
        st.session_state[key] = ""
    st.session_state["edits-reset"] = st.session_state.get("edits-reset", 0) + 1


def edit_question(text: str, asked: str) -> None:
    st.session_state["wq"] = "" if text.strip() == asked.strip() else text


def edit_passage(passage: str, title: str, text: str) -> None:
    at = st.session_state
    at["wp"], at["wt"], at["wx"] = passage, title, text
