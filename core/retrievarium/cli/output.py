"""What a person or a program sees: words, JSON, progress."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from retrievarium.contracts import Progress
from retrievarium.workspace import job_reporter

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else on standard output.")]

_QUIET_SECONDS = 2.0  # work shorter than this shows no progress
_LINE_SECONDS = 5.0  # how often a log (no terminal) gets a line


def emit(value: Any, as_json: bool, words: Callable[[], str]) -> Any:
    """Print `value` as JSON or the words, and return it as it stands in the JSON."""
    value = plain(value)
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    print(text if as_json else shown(words()))
    return value


_CONTROL = {c: "\ufffd" for c in (*range(32), *range(127, 160)) if chr(c) not in "\n\t"}


def shown(text: str) -> str:
    """Text for a terminal: control characters, which could move its cursor or rename its window, become visible."""
    return text.translate(_CONTROL)


def plain(value: Any) -> Any:
    """`value` in JSON's own types: numpy's numbers as numbers, paths as text; a number that is not finite is null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bool | int | str) or value is None:
        return value
    if hasattr(value, "item"):  # a numpy scalar
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    raise TypeError(f"a {type(value).__name__} has no place in JSON")


def report(message: str) -> None:
    """A sentence on standard error."""
    print(f"retrievarium: {shown(message)}", file=sys.stderr)


_WIDEST = 100


def _cell(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _WIDEST else one_line[: _WIDEST - 1] + "…"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Columns aligned by blanks, each cell on one line; numbers to the right."""
    rows = [[_cell(c) for c in row] for row in rows]
    widths = [max(len(r[i]) for r in [header, *rows]) for i in range(len(header))]

    def line(cells: list[str]) -> str:
        return "  ".join(
            c.rjust(w) if c.replace(",", "").replace(".", "").lstrip("+-").isdigit() else c.ljust(w)
            for c, w in zip(cells, widths, strict=True)
        ).rstrip()

    return "\n".join([line(header), *map(line, rows)])


class _Terminal:
    """Progress on standard error, once the work has lasted two seconds: a bar in a terminal, lines in a log."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.bar: Any = None
        self.tasks: dict[str, Any] = {}
        self.last = self.started

    def __call__(self, done: int, total: int, what: str, metrics: Mapping[str, float]) -> None:
        now = time.monotonic()
        if now - self.started < _QUIET_SECONDS:
            return
        shown = "  ".join(f"{k} {v:.3g}" for k, v in metrics.items())
        if sys.stderr.isatty():
            self._draw(done, total, f"{what}  {shown}".rstrip(), what)
        elif now - self.last >= _LINE_SECONDS:
            self.last = now
            print(f"{what}: {done:,} of {total:,}  {shown}".rstrip(), file=sys.stderr, flush=True)

    def _draw(self, done: int, total: int, text: str, what: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        if self.bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self.bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self.bar.start()
        if what not in self.tasks:
            self.tasks[what] = self.bar.add_task(text, total=total)
        self.bar.update(self.tasks[what], description=text, completed=done, total=total)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress callback: the job folder's where this process works on a job, else the terminal's."""
    if job := job_reporter():
        yield job
        return
    terminal = _Terminal()
    try:
        yield terminal
    finally:
        terminal.close()
