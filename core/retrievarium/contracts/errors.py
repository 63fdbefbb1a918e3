"""Errors a person can act on: what is wrong, where, what was expected, what to do."""

from __future__ import annotations

from pathlib import Path


class RetrievariumError(Exception):
    """Base of every error this library raises on purpose."""


class InputError(RetrievariumError):
    """Something given to us is not what we need; the message names file, line and field and says what to do."""

    def __init__(
        self,
        what: str,
        *,
        path: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
        expected: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.what, self.path, self.line = what, None if path is None else str(path), line
        self.field, self.expected, self.fix = field, expected, fix
        super().__init__(self._message())

    def _message(self) -> str:
        where = self.path or ""
        if self.line is not None:
            where += f", line {self.line}" if where else f"line {self.line}"
        if self.field:
            where += f", field '{self.field}'" if where else f"field '{self.field}'"
        parts = [f"{where}: {self.what}" if where else self.what]
        if self.expected:
            parts.append(f"Expected {self.expected}.")
        if self.fix:
            parts.append(f"To mend it: {self.fix}.")
        first = parts[0] if parts[0].endswith((".", "?", "!")) else parts[0] + "."
        return " ".join([first, *parts[1:]])


class MissingError(InputError):
    """A name that nothing here bears."""


class Cancelled(RetrievariumError):
    """Raised from inside a progress callback to stop long work cooperatively; what is finished is kept."""
