"""Who is annotating, and the annotations of a collection as the pages read and write them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from retrievarium.analysis import said_by_people
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection
from retrievarium.evaluation import Agreement, cohen_kappa
from retrievarium.workspace import Annotation, workspace

NOBODY = "me"


def rows(collection: Collection) -> list[Annotation]:
    """Everything that was said about this collection's questions; another one over the same texts has its own."""
    known = collection.all_queries
    return [r for r in workspace().annotations.all(collection=collection.text_fingerprint) if r.query in known]


def name_field(said: Sequence[Annotation]) -> str:
    """The field for one's name; at first whoever annotated here last, so that a reload goes on with the same one."""
    at = st.session_state
    if not at.get("annotator"):
        at["annotator"] = max(said, key=lambda row: row.at).annotator if said else NOBODY
    return str(
        st.text_input(
            "Annotating as",
            key="annotator",
            persist_state="session",
            max_chars=60,
            width=230,
            help="Several people may annotate the same questions; each one's statements are kept apart.",
        )
        or NOBODY
    ).strip()


def in_view(query: str, other: str) -> None:
    """What is shown from now on: only statements about it are taken (`keep`, `withdraw`).

    A key that was pressed before the page had moved on still bears the arguments of what was shown before; it must not
    change what was said about that.
    """
    st.session_state["annotated"] = (query, other)


def _stale(row: Annotation) -> bool:
    return st.session_state.get("annotated") != (row.query, row.passage or row.system)


def keep(row: Annotation) -> bool:
    """Write a statement about what is in view; a refusal is shown by `fault` on the next run. False where not kept."""
    if _stale(row):
        return False
    try:
        workspace().annotations.put(row)
    except RetrievariumError as error:
        st.session_state["annotation-fault"] = str(error)
        return False
    return True


def withdraw(row: Annotation) -> None:
    if not _stale(row):
        workspace().annotations.withdraw(row)


def toggle(row: Annotation, stands: bool) -> None:
    """Say it, or take it back where it stands already."""
    if stands:
        withdraw(row)
    else:
        keep(row)


def fault() -> str:
    return str(st.session_state.pop("annotation-fault", ""))


def agreements(said: Sequence[Annotation], kind: str) -> list[tuple[str, str, Agreement]]:
    """Cohen's kappa of each pair of annotators: of `grade`s (quadratic weights), or of `tag`s and verdicts (yes or no
    for each failure and rule that both spoke of)."""
    people = sorted({row.annotator for row in said})
    labels: dict[str, dict] = {}
    for who in people:
        own = [row for row in said if row.annotator == who]
        if kind == "grade":
            labels[who] = {(r.query, r.passage): int(r.value) for r in own if r.kind == "grade"}
        else:
            labels[who] = {key: int(yes) for key, yes in said_by_people(own).items()}
    weights = "quadratic" if kind == "grade" else "none"
    told = []
    for i, a in enumerate(people):
        for b in people[i + 1 :]:
            found = cohen_kappa(labels[a], labels[b], weights)
            if found.n:
                told.append((a, b, found))
    return told
