"""How long work tells how far it is, and how it is asked to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Progress = Callable[[int, int, str, Mapping[str, float]], None]
"""`progress(done, total, what, metrics)`. The callee may raise `Cancelled` to stop the work at this point."""


def no_progress(done: int, total: int, what: str, metrics: Mapping[str, float]) -> None:
    """The default: nobody is watching."""
