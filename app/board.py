"""Papers, claims and their records as the pages read them: computed once until a record changes."""

from __future__ import annotations

from typing import Any

import streamlit as st

from retrievarium import claims, methods
from retrievarium.workspace import shipped, workspace


def stamp() -> str:
    """Changes whenever a record does, shipped or in the workspace."""
    folders = (shipped("claims"), workspace().root / "claims")
    files = sorted(p for f in folders if f.is_dir() for p in f.glob("*.json"))
    return ",".join(f"{p.parent.parent.name}/{p.name}:{p.stat().st_mtime_ns}" for p in files)


@st.cache_data(max_entries=2, show_spinner=False)
def _board(root: str, stamp: str) -> dict[str, Any]:
    return claims.board()


def board() -> dict[str, Any]:
    """`{"headline", "claims"}`. Raises InputError where a record cannot be read."""
    return _board(str(workspace().root), stamp())


@st.cache_data(max_entries=2, show_spinner=False)
def _papers(root: str, stamp: str) -> list[dict[str, Any]]:
    about = {p.key: p for p in methods.papers()}
    return [
        {**row, "year": p.year, "chapter_number": p.chapter, "needs": p.needs, "picture": p.picture}
        for row in claims.catalogue()
        if (p := about[row["key"]])
    ]


def papers() -> list[dict[str, Any]]:
    """Rows of the catalogue with year, chapter_number, needs and picture."""
    return _papers(str(workspace().root), stamp())


def claim(name: str) -> dict[str, Any] | None:
    """A claim's row of the board."""
    return next((r for r in board()["claims"] if r["name"] == name), None)
