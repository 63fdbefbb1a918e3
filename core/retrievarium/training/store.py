"""Small results kept by content: what was paid for once (a teacher's score, a generated text) is read back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retrievarium.workspace import content_hash

_AT_ONCE = 500


class ContentStore:
    """A file of JSON values by key; several processes may share it.

    Keys are hashes of everything the value depends on (`content_hash`), so a value never goes stale.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=60)
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
            with connection:
                yield connection
        finally:
            connection.close()

    def get(self, keys: Sequence[str]) -> dict[str, Any]:
        """The values that are there."""
        if not self.path.is_file():
            return {}
        found: dict[str, Any] = {}
        with self._open() as connection:
            for start in range(0, len(keys), _AT_ONCE):
                some = list(keys[start : start + _AT_ONCE])
                marks = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT key, value FROM kept WHERE key IN ({marks})", some)
                found.update({key: json.loads(value) for key, value in rows})
        return found

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep values; one that is there already stays."""
        rows = [(key, json.dumps(value)) for key, value in values.items()]
        with self._open() as connection:
            connection.executemany("INSERT OR IGNORE INTO kept VALUES (?, ?)", rows)

    def __len__(self) -> int:
        if not self.path.is_file():
            return 0
        with self._open() as connection:
            return int(connection.execute("SELECT COUNT(*) FROM kept").fetchone()[0])


def key_of(*parts: Any) -> str:
    """The key of a value that depends on these parts (JSON-able) alone."""
    return content_hash(list(parts))
