"""Choosing what to train: the method with its settings as dials, the collection, the budget, the seed."""

from __future__ import annotations

from typing import Any

import streamlit as st

import state
from components import page
from components.text import escaped
from retrievarium.data import Collection
from retrievarium.methods import Budget, Method, Setting, methods, settings_of
from trainings import Recipe

BUDGETS = ("smoke", "small", "full")
PAPERS = "app_pages/papers.py"
_BY_METHOD = "as the method has it"
_LARGEST = {"steps": 200_000, "batch": 4_096}


def key_of(method: str, setting: str) -> str:
    """A dial's key, which is also its name in the link."""
    return f"t-{method}-{setting}"


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def take_over() -> None:
    """What a link says of this page."""
    state.take_over(tm=str, tb=str, ts=int, tj=str)
    for name in methods():
        for setting in settings_of(name):
            kind = {int: _number, float: float, bool: lambda t: t == "true"}.get(setting.kind, str)
            state.take_over(**{key_of(name, setting.name): kind})


def _label(key: str) -> str:
    known = methods()[key]
    return f"{known.name} (paper {known.paper:03d})" if known.paper else f"{known.name} (no paper)"


def _settle(key: str, options: Any, usual: Any) -> None:
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = usual


def choose() -> tuple[Method, Budget]:
    """Method and budget; and the seed, which needs no more than its field."""
    known = sorted(methods(), key=lambda k: (methods()[k].paper is None, methods()[k].paper or 0, k))
    first, second, third = st.columns([2.2, 1.6, 1], vertical_alignment="bottom")
    usual = "dpr" if "dpr" in known else known[0]
    _settle("tm", known, usual)
    name = first.selectbox(
        "Method", known, index=known.index(usual), format_func=_label, key="tm", bind="query-params",
        persist_state="session",
    )  # fmt: skip
    _settle("tb", BUDGETS, "small")
    budget = second.segmented_control(
        "Budget", BUDGETS, default="small", key="tb", bind="query-params", persist_state="session", required=True
    )
    third.number_input(
        "Seed", 0, 10_000, 0, key="ts", bind="query-params", persist_state="session",
        help="Of initial weights and data order.",
    )  # fmt: skip
    method, steps = methods()[name], Budget.named(budget or "small")
    words, link = st.columns([5, 1.3], vertical_alignment="center")
    with words:
        page.note(f"{method.says} Budget {steps.name}: {steps.about.rstrip('.?')}.")
    if method.paper:
        link.page_link(PAPERS, label="Read the paper", icon=":material/menu_book:", query_params={"pk": method.key})
    return method, steps


def dials(method: Method, budget: Budget) -> None:
    """The method's settings; what is left as it is, the budget or the method decides."""
    settings = [s for s in settings_of(method.key) if not s.serving]  # how it searches is no part of the model
    changed = [s.name for s in settings if st.session_state.get(key_of(method.key, s.name)) not in (None, s.default)]
    title = f"Settings{f' ({len(changed)} changed)' if changed else ''}"
    with st.container(border=True, key="train-dials"):
        page.eyebrow(title)
        for start in range(0, len(settings), 3):
            row = settings[start : start + 3]
            for place, setting in zip(st.columns(3, gap="medium"), row, strict=False):
                with place:
                    _dial(method.key, setting, budget)
                    page.note(setting.says)


def current(collection: Collection) -> Recipe:
    """The recipe as the widgets hold it now: what a click means, whatever stood there when the button was drawn."""
    at = st.session_state
    settings = {}
    for setting in settings_of(at["tm"]):
        value = at.get(key_of(at["tm"], setting.name))
        if not setting.serving and value not in (None, "", _BY_METHOD, setting.default):
            settings[setting.name] = value
    return Recipe(at["tm"], collection.name, at["tb"], int(at["ts"]), settings)


def _dial(method: str, setting: Setting, budget: Budget) -> None:
    key, label = key_of(method, setting.name), setting.name.replace("_", " ")
    kept: dict[str, Any] = {"key": key, "bind": "query-params", "persist_state": "session"}
    by_budget = getattr(budget, setting.name, None)
    if setting.kind is bool:
        st.toggle(label, value=bool(setting.default), **kept)
    elif setting.kind in (int, float):
        whole = setting.kind is int
        held = st.session_state.get(key)
        if held is not None and whole != isinstance(held, int):  # a link may say 3.0 for 3
            st.session_state[key] = setting.kind(held)
        st.number_input(
            label,
            min_value=0 if whole else 0.0,
            max_value=_LARGEST.get(setting.name, 10_000) if whole else 1e6,
            value=setting.default,
            step=1 if whole else _step(setting.default if setting.default is not None else by_budget),
            format="%d" if whole else "%g",
            placeholder=f"{by_budget:g}, by the budget" if by_budget is not None else _BY_METHOD,
            **kept,
        )
    elif setting.choices:
        options = list(setting.choices) if setting.default is not None else [_BY_METHOD, *setting.choices]
        _settle(key, options, options[0])
        usual = options.index(setting.default) if setting.default in options else 0
        st.selectbox(label, options, index=usual, **kept)
    else:
        st.text_input(label, value=setting.default or "", max_chars=60, **kept)


def _step(value: float | None) -> float:
    """A step of about a quarter of the value, in one digit."""
    if not value:
        return 0.1
    return float(f"{abs(value) / 4:.0e}")


def reset(method: str) -> None:
    """All dials of a method back to what it would take."""
    for setting in settings_of(method):
        usual = _BY_METHOD if setting.choices and setting.default is None else setting.default
        st.session_state[key_of(method, setting.name)] = usual


def facts(collection: Collection) -> None:
    """What the method learns from, in one line."""
    sizes = {s: len(collection.split_named(s).queries) for s in collection.splits}
    told = ", ".join(f"{escaped(s)} {n:,}" for s, n in sizes.items())
    exposure = "exposure" in collection.tables
    st.html(
        f'<p class="rv-note">On <b>{escaped(collection.name)}</b>: {len(collection.passages):,} passages; questions: '
        f"{told}. Test judgements stay sealed while it trains. "
        + ("Its exposure text is read first." if exposure else "Its passages are read first.")
        + "</p>"
    )
