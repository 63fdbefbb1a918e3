"""The World's form: dials drawn from the library's own description of them, generated as a job."""

from __future__ import annotations

from typing import Any

import streamlit as st

import state
from components import jobs, page
from components.text import seconds
from retrievarium.contracts import RetrievariumError
from retrievarium.data.library import check_name
from retrievarium.data.world import OFF_SWITCHES, Dials, describe
from retrievarium.workspace import workspace

_GROUPS = (
    ("Questions", ("test_subjects", "dev_subjects", "test_questions", "dev_questions", "train_questions", "several")),
    ("Passages", ("articles", "words_low", "words_high", "facts_low", "facts_high", "pronouns")),
    ("Names", ("given_names", "surnames", "place_names", "homonyms", "alias_keeps")),
    ("How a question names its subject", ("ask_full", "ask_short", "ask_alias", "ask_description", "clue_near")),
    ("How the gold passage names it", ("gold_full", "gold_short", "gold_pronoun")),
    ("Words shared by question and passage", ("share_none", "share_one", "share_all")),
)
_PASSAGES_A_SECOND = 400  # measured on two cores


def _slider(dial: dict[str, Any]) -> None:
    st.slider(
        dial["name"].replace("_", " "),
        dial["low"],
        dial["high"],
        dial["value"],
        key=f"dial-{dial['name']}",
        help=f"{dial['says']} Unit: {dial['unit']}. Default {dial['default']}.",
    )
    st.html(f'<p class="rv-note">{dial["says"]} <i>{dial["unit"]}</i></p>')


def _groups() -> list[tuple[str, list[dict[str, Any]]]]:
    """Every dial exactly once: those that no group names come last."""
    by_name = {d["name"]: d for d in describe()}
    told = [(title, [by_name.pop(n) for n in names if n in by_name]) for title, names in _GROUPS]
    return [*((t, g) for t, g in told if g), ("Traps and exposure", list(by_name.values()))]


def form() -> None:
    page.heading(
        "Generate a World",
        "A fictional encyclopedia in which every fact is known: for each question the passage, the entity, and why it "
        "is hard. The same seed and dials give the same bytes.",
    )
    first, second, third, fourth = st.columns(4)
    name = first.text_input("Name", value="my-world", key="world-name")
    passages = second.number_input("Passages", 100, 50_000, 2_000, step=100, key="world-passages")
    seed = third.number_input(
        "Seed", 0, 10_000, 7, key="world-seed", help="1 to 9 are for development, 101 to 120 judge."
    )
    arm = fourth.selectbox(
        "Exposure arm", ["A", "B"], key="world-arm", help="B exposes the entities in the reverse order of A."
    )
    with st.container(horizontal=True):
        for label, changes in OFF_SWITCHES.items():
            st.button(label, key=f"off-{label}", on_click=_set, args=(changes,), help="Sets the dials below")
        st.button("All defaults", key="off-all", on_click=_set, args=({d["name"]: d["default"] for d in describe()},))
    for title, group in _groups():
        changed = sum(st.session_state.get(f"dial-{d['name']}", d["value"]) != d["default"] for d in group)
        with st.expander(f"{title}{f' ({changed} changed)' if changed else ''}", icon=":material/tune:"):
            for place, dial in zip(st.columns(3) * len(group), group, strict=False):
                with place:
                    _slider(dial)
    changes = {
        d["name"]: value
        for d in describe()
        if (value := st.session_state.get(f"dial-{d['name']}", d["default"])) != d["default"]
    }
    fault = _fault(name, changes)
    if fault:
        page.callout("stop", "These settings do not make a World", fault)
    words, button = st.columns([4, 1.3], vertical_alignment="center")
    with words:
        page.note(f"Takes {seconds(3 + passages / _PASSAGES_A_SECOND)}, in a process of its own.")
    argv = ["world", "--name", name, "--passages", str(passages), "--seed", str(seed), "--arm", arm]
    argv += [part for k, v in changes.items() for part in ("--dial", f"{k}={v}")]
    button.button(
        "Generate",
        type="primary",
        width="stretch",
        disabled=bool(fault),
        key="world-go",
        on_click=lambda: jobs.start(argv, f"Generate {name}", world=name),
    )
    _outcome(name)


def _outcome(name: str) -> None:
    """How the last job for this name ended, and the way on."""
    job = workspace().jobs.find(world=name)
    status = job.status() if job is not None else None
    if status is None:
        return
    if status.state == "done":
        page.callout("ok", f"{name} is ready")
        to = state.Selection(collection=name)
        st.page_link("app_pages/compare.py", label=f"Compare on {name}", query_params=to.params())
    elif status.state in ("failed", "died"):
        page.callout("stop", f"{name} was not generated", status.error or "")
    elif not status.final:
        page.callout("working", f"{name} is being generated", "Its progress stands in the sidebar.")


def _set(changes: dict[str, int]) -> None:
    for name, value in changes.items():
        st.session_state[f"dial-{name}"] = value


def _fault(name: str, changes: dict[str, int]) -> str:
    try:
        check_name(name)
        Dials(**changes)
    except RetrievariumError as error:
        return str(error)
    return f"{name} is taken; choose another name." if name in state.at_hand() else ""
