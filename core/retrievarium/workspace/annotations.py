"""What people say about results: grades, tags, notes, whether a rule is right. Kept in SQLite, never dropped.

    annotations.sqlite   one table; a statement is found by all its fields but value and time

Several processes and browser tabs may write at once. The room knows no retrieval type: ids are texts.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from retrievarium.contracts import InputError

KINDS = ("grade", "tag", "note", "verdict")
GRADES = ("0", "1", "2", "3")
VERDICTS = ("agree", "disagree")
_LONGEST = {"value": 10_000, "annotator": 60, "label": 80}
_UNFIT = re.compile("[\x00\ud800-\udfff]")  # no file format carries them back
_WAIT = 10.0  # seconds for another writer


@dataclass(frozen=True)
class Annotation:
    """One statement of one person.

    kind: `grade` (value 0 to 3, about a query and a passage), `tag` (label is the tag, value `yes`), `note` (value is
        the text), `verdict` (label is a rule's tag, value `agree` or `disagree`).
    collection: fingerprint of the passages' texts, so that a renamed copy keeps its annotations.
    system: the retriever whose failure is meant; empty for grades.
    at: ISO time in UTC; empty means now.
    """

    collection: str
    kind: str
    query: str
    passage: str = ""
    system: str = ""
    label: str = ""
    annotator: str = ""
    value: str = ""
    at: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What settles which statement this is: all but value and time."""
        return astuple(self)[:7]


FIELDS = tuple(f.name for f in fields(Annotation))
_KEY = FIELDS[:7]


def check_annotation(row: Annotation) -> None:
    """Raises InputError naming the field that is wrong."""
    for name, text in zip(FIELDS, astuple(row), strict=True):
        if not isinstance(text, str) or _UNFIT.search(text):
            raise InputError("this cannot be kept as text", field=name, expected="text without NUL or half characters")
        if len(text) > _LONGEST.get(name, 1_000):
            raise InputError(f"{len(text):,} characters", field=name, expected=f"at most {_LONGEST.get(name, 1_000):,}")
    if row.kind not in KINDS:
        raise InputError(f"{row.kind!r} is no kind of annotation", field="kind", expected=f"one of {', '.join(KINDS)}")
    wanted = ["collection", "query", "annotator"]
    wanted += {"grade": ["passage"], "tag": ["label"], "note": ["value"], "verdict": ["label"]}[row.kind]
    for name in wanted:
        if not getattr(row, name).strip():
            raise InputError("this is empty", field=name, expected=f"something in each {row.kind}")
    allowed = {"grade": GRADES, "tag": ("yes",), "verdict": VERDICTS}.get(row.kind)
    if allowed is not None and row.value not in allowed:
        raise InputError(f"{row.value[:80]!r} is no {row.kind}", field="value", expected=f"one of {', '.join(allowed)}")
    if row.at:
        try:
            known = datetime.fromisoformat(row.at).tzinfo is not None
        except ValueError:
            known = False
        if not known:
            raise InputError(
                f"{row.at[:80]!r} is no time", field="at", expected="for example 2026-05-04T13:05:09+00:00"
            )


def now() -> str:
    """ISO time in UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Taken:
    """What an import did."""

    added: int = 0
    replaced: int = 0  # by a later statement about the same
    kept: int = 0  # what stands is as late or later


class Annotations:
    """The annotations of a workspace."""

    def __init__(self, path: Path) -> None:
        self.path, self._made = path, False

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if not (self._made and self.path.is_file()):
            self._make()
        with closing(sqlite3.connect(self.path, timeout=_WAIT)) as connection, connection:
            yield connection

    def _make(self) -> None:
        """The file and its table, one writer at a time: SQLite waits for nobody where it changes its journal."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        columns = ", ".join(f"{name} TEXT NOT NULL" for name in FIELDS)
        with (
            FileLock(self.path.with_suffix(".lock"), timeout=_WAIT),
            closing(sqlite3.connect(self.path, timeout=_WAIT)) as connection,
            connection,
        ):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"CREATE TABLE IF NOT EXISTS annotation ({columns}, PRIMARY KEY ({', '.join(_KEY)}))")
        self._made = True

    def put(self, row: Annotation) -> Annotation:
        """Keep a statement, in the place of an earlier one about the same; returns it with its time."""
        row = replace(row, at=row.at or now())
        check_annotation(row)
        with self._open() as at:
            at.execute(f"INSERT OR REPLACE INTO annotation VALUES ({', '.join('?' * len(FIELDS))})", astuple(row))
        return row

    def withdraw(self, row: Annotation) -> bool:
        """Take a statement back; False where there was none."""
        where = " AND ".join(f"{name} = ?" for name in _KEY)
        with self._open() as at:
            return at.execute(f"DELETE FROM annotation WHERE {where}", row.key).rowcount > 0

    def all(self, **where: str) -> list[Annotation]:
        """Statements with these fields (`collection=`, `kind=`, `query=`, `annotator=` ...), in the order of their
        fields: the same statements always come in the same order."""
        unknown = set(where) - set(FIELDS)
        if unknown:
            raise InputError(f"there is no field {sorted(unknown)[0]!r}", expected=f"some of {', '.join(FIELDS)}")
        if not self.path.is_file():
            return []
        condition = " AND ".join(f"{name} = ?" for name in where) or "1"
        query = f"SELECT {', '.join(FIELDS)} FROM annotation WHERE {condition} ORDER BY {', '.join(_KEY)}"
        with self._open() as at:
            return [Annotation(*row) for row in at.execute(query, tuple(where.values()))]

    def take(self, rows: Iterable[Annotation]) -> Taken:
        """Add statements, all or none. Of two about the same the later one stands; at the same time the one here.

        Raises InputError for the first that is wrong; then nothing was taken.
        """
        rows = list(rows)
        for row in rows:
            check_annotation(row)
        where = " AND ".join(f"{name} = ?" for name in _KEY)
        added = replaced = kept = 0
        with self._open() as at:
            for row in rows:
                row = replace(row, at=row.at or now())
                known = at.execute(f"SELECT at FROM annotation WHERE {where}", row.key).fetchone()
                if known is not None and datetime.fromisoformat(known[0]) >= datetime.fromisoformat(row.at):
                    kept += 1
                    continue
                added, replaced = (added + 1, replaced) if known is None else (added, replaced + 1)
                at.execute(f"INSERT OR REPLACE INTO annotation VALUES ({', '.join('?' * len(FIELDS))})", astuple(row))
        return Taken(added, replaced, kept)

    def wipe(self, collection: str, queries: Iterable[str] | None = None) -> int:
        """Remove the statements about a collection, or about some of its queries; returns how many there were. Export
        them first."""
        rows = self.all(collection=collection)
        inside = None if queries is None else set(queries)
        gone = [row for row in rows if inside is None or row.query in inside]
        where = " AND ".join(f"{name} = ?" for name in _KEY)
        if gone:
            with self._open() as at:
                at.executemany(f"DELETE FROM annotation WHERE {where}", [row.key for row in gone])
        return len(gone)

    def annotators(self, collection: str) -> tuple[str, ...]:
        """Who has said something about a collection, in alphabetical order."""
        return tuple(sorted({row.annotator for row in self.all(collection=collection)}))


def tags_of(rows: Sequence[Annotation], annotator: str | None = None) -> dict[tuple[str, str], set[str]]:
    """Tags by (query, system), of one person or of all."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row.kind == "tag" and annotator in (None, row.annotator):
            found.setdefault((row.query, row.system), set()).add(row.label)
    return found
