"""Probes on the page: questions are changed, searched again and compared; renaming is a collection of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from retrievarium.data import World, load_collection, save_collection

from .conftest import shown

Opened = Callable[..., Any]
BM25 = {"c": "tiny", "r": ["bm25", "bm25 % 2"]}


@pytest.fixture(scope="module")
def tiny_world() -> Any:
    return World(3, 120).collection()


@pytest.fixture
def tiny(tiny_world: Any, ws: Any) -> Any:
    save_collection(tiny_world, "tiny", ws)
    return load_collection("tiny", ws)


def until(app: Any, text: str, seconds: float = 60) -> str:
    deadline = time.monotonic() + seconds
    while text not in (told := shown(app)) and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert text in told
    return told


def _open(opened: Opened) -> Any:
    app = opened("entities", **BM25)
    until(app, "all failures")
    app.session_state["probes-open"] = True
    app.run()
    return app


def test_a_probe_starts_by_hand_and_compares_before_with_after(tiny: Any, opened: Opened) -> None:
    app = _open(opened)
    assert "better / equal / worse" not in shown(app)  # nothing starts by itself
    app.button(key="probe-start").click().run()
    told = until(app, "better / equal / worse")
    assert not app.exception
    rows = re.findall(r"<tr><td>(bm25[^<]*)</td><td class=\"rv-num\">(\d+)</td>", told)
    assert [name for name, _ in rows][-2:] == ["bm25", "bm25 % 2"]
    assert int(rows[-1][1]) > 5


def test_counting_words_does_not_notice_new_names(tiny: Any, ws: Any, opened: Opened) -> None:
    app = _open(opened)
    app.session_state["ep"] = "rename"
    app.run()
    app.button(key="rename-start").click().run()
    told = until(app, "better / equal / worse")
    there = load_collection("tiny-renamed", ws)
    assert there.passages.texts != tiny.passages.texts
    n = len(tiny.queries)
    assert told.count(f"0 / {n} / 0") == 2  # bm25 and its cut: every question is as it was
    assert "+0.000" in told
