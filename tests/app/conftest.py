"""The dashboard under test: its folder on the path as the server puts it there, and a workspace with one collection."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

APP = Path(__file__).resolve().parents[2] / "app"
sys.path.insert(0, str(APP))


@pytest.fixture(autouse=True)
def _own_main() -> Iterator[None]:
    """Streamlit makes the page `__main__`; a process that a later test spawns would run it."""
    ours = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = ours


@pytest.fixture(autouse=True)
def _fresh_desk() -> Iterator[None]:
    """No task of one test is remembered in the next."""
    import streamlit as st

    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def small(collection: Any, ws: Any) -> Any:
    """The hand-checkable collection, kept in the test's own workspace."""
    from retrievarium.data import load_collection, save_collection

    save_collection(collection, "small", ws)
    return load_collection("small", ws)


@pytest.fixture
def opened(small: Any) -> Callable[..., Any]:
    """Open the dashboard at a page and state: `opened("compare", c="small", r=["bm25"])`."""
    from streamlit.testing.v1 import AppTest

    def start(page: str = "start", **params: Any) -> Any:
        app = AppTest.from_file(str(APP / "main.py"), default_timeout=60)
        for name, value in params.items():
            app.query_params[name] = value
        if page != "start":
            app.switch_page(f"app_pages/{page}.py")
        return app.run()

    return start


def shown(app: Any) -> str:
    """All HTML of the page as one text."""
    return "\n".join(str(e.proto.body) for e in app.get("html"))
