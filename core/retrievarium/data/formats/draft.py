"""A collection under construction: rows become Arrow batches as they come, and are checked together at the end."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from retrievarium.contracts import InputError
from retrievarium.data.collection import Collection
from retrievarium.data.formats.checking import EXAMPLES, check_unique, clean_qrels
from retrievarium.data.formats.report import Notice, Report

BATCH_ROWS = 16_384
"""Rows that wait as Python objects before they become one Arrow batch."""

BATCH_CHARACTERS = 32 * 2**20
"""Characters of text that wait, whatever the number of rows."""

SPILL_BYTES = 512 * 2**20
"""Arrow bytes of one table kept in memory; beyond it the table goes to a temporary file and is memory-mapped."""

_TEXTS = pa.list_(pa.string())
_PASSAGES = {"id": pa.string(), "title": pa.string(), "text": pa.string()}
_PASSAGES_MORE = {
    "document": pa.string(),
    "language": pa.string(),
    "entities": _TEXTS,
    "metadata": pa.string(),
}
_QUERIES = {"id": pa.string(), "text": pa.string()}
_QUERIES_MORE = {
    "answers": _TEXTS,
    "entity": pa.string(),
    "relation": pa.string(),
    "popularity": pa.int64(),
    "kind": pa.string(),
    "language": pa.string(),
    "split": pa.string(),
    "metadata": pa.string(),
}
_QRELS = {"query_id": pa.string(), "passage_id": pa.string(), "grade": pa.int32()}
_SPILLED = "rows.arrow"


class Rows:
    """One table under construction. `unit` says what the number given with each row counts: line, row, question, ..."""

    def __init__(self, what: str, required: Mapping[str, pa.DataType], optional: Mapping[str, pa.DataType]) -> None:
        self.what, self.required = what, tuple(required)
        self.schema = pa.schema({**required, **optional})
        self._waiting: dict[str, list[Any]] = {name: [] for name in self.schema.names}
        self._columns = tuple(self._waiting.items())
        self._weight = 0
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0
        self._spill: Any = None  # the writer of the temporary file
        self.folder: Path | None = None  # where that file lies
        self.numbers = array("q")
        self._files: list[tuple[int, Path, str]] = []  # first row, file, unit

    def __len__(self) -> int:
        return len(self.numbers)

    def source(self, path: Path, unit: str = "line") -> None:
        """The rows that follow come from this file."""
        self._files.append((len(self), path, unit))

    def more(self, names: Iterable[str]) -> None:
        """Further text columns. Call it before the first row."""
        for name in names:
            if name not in self._waiting:
                self.schema = self.schema.append(pa.field(name, pa.string()))
                self._waiting[name] = []
        self._columns = tuple(self._waiting.items())

    def add(self, number: int, values: Mapping[str, Any]) -> None:
        for name, column in self._columns:
            column.append(values.get(name))
        self.numbers.append(number)
        self._weight += len(values.get("text") or "") + 64
        if len(self.numbers) % BATCH_ROWS == 0 or self._weight >= BATCH_CHARACTERS:
            self._flush()

    def place(self, row: int) -> tuple[Path | None, int, str]:
        """File, number and unit of a row."""
        path, unit = next(((p, u) for first, p, u in reversed(self._files) if first <= row), (None, "line"))
        return path, self.numbers[row], unit

    def error(self, row: int, what: str, field: str, **more: Any) -> InputError:
        path, number, unit = self.place(row)
        if unit == "line":
            return InputError(what, path=path, line=number, field=field, **more)
        return InputError(f"{unit} {number}: {what}", path=path, field=field, **more)

    def _flush(self) -> None:
        n = len(self._waiting[self.required[0]])
        if not n:
            return
        try:
            batch = pa.record_batch(
                [pa.array(v, type=self.schema.field(k).type) for k, v in self._columns], self.schema
            )
        except (UnicodeEncodeError, pa.ArrowInvalid) as error:
            raise self._unencodable(len(self) - n) from error
        for column in self._waiting.values():
            column.clear()
        self._weight = 0
        self._bytes += batch.nbytes
        if self._spill is None and self._bytes > SPILL_BYTES:
            self.folder = Path(tempfile.mkdtemp(prefix="retrievarium-"))
            self._spill = pa.ipc.new_file(str(self.folder / _SPILLED), self.schema)
            for waiting in self._batches:
                self._spill.write_batch(waiting)
            self._batches = []
        if self._spill is None:
            self._batches.append(batch)
        else:
            self._spill.write_batch(batch)

    def _unencodable(self, first: int) -> InputError:
        """Half of a surrogate pair (a broken \\ud83d) has no place in UTF-8: name its row."""
        for name, column in self._columns:
            for i, cell in enumerate(column):
                for text in cell if isinstance(cell, list) else [cell]:
                    if isinstance(text, str) and any("\ud800" <= c <= "\udfff" for c in text):
                        return self.error(
                            first + i,
                            "the text holds half of a surrogate pair, which is no character",
                            name,
                            fix="escape characters beyond \\uffff as whole pairs, or write them as UTF-8",
                        )
        return self.error(first, f"a {self.what} cannot be kept", self.required[0])

    def discard(self) -> None:
        """Remove the temporary file: of a draft that came to nothing, or of a table that was copied."""
        if self._spill is not None:
            self._spill.close()
            self._spill = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def table(self) -> pa.Table:
        """The table without its empty optional columns; memory-mapped from `folder` if it was large."""
        self._flush()
        if self._spill is not None:
            self._spill.close()
            self._spill = None
        if self.folder is not None:
            table = pa.ipc.open_file(pa.memory_map(str(self.folder / _SPILLED))).read_all()
        else:
            table = pa.Table.from_batches(self._batches, self.schema)
        kept = [n for n in table.column_names if n in self.required or table.column(n).null_count < len(table)]
        return table.select(kept)


class Draft:
    """Passages, queries and judgements as an importer finds them; `finish` checks them and makes the collection."""

    def __init__(self) -> None:
        self.passages = Rows("passage", _PASSAGES, _PASSAGES_MORE)
        self.queries = Rows("query", _QUERIES, _QUERIES_MORE)
        self.qrels: dict[str, Rows] = {}
        self.tables: dict[str, pa.Table] = {}
        self.meta: dict[str, Any] = {}
        self.report = Report("", "")

    def judgements(self, split: str) -> Rows:
        """The judgements of one split, made on first use."""
        return self.qrels.setdefault(split, Rows("judgement", _QRELS, {}))

    def warn(self, text: str, count: int = 0, examples: Iterable[str] = ()) -> None:
        self.report.warnings.append(Notice(text, count, tuple(examples)[:EXAMPLES]))

    def note(self, text: str, count: int = 0, examples: Iterable[str] = ()) -> None:
        self.report.notes.append(Notice(text, count, tuple(examples)[:EXAMPLES]))

    def discard(self) -> None:
        for rows in (self.passages, self.queries, *self.qrels.values()):
            rows.discard()

    def finish(self, name: str, over: Collection | None = None) -> Collection:
        """The collection; its passages are those of `over` where it is given.

        Raises InputError for ids that stand twice, pairs with two grades, or a draft without any content.
        """
        passages, queries = self.passages.table(), self.queries.table()
        check_unique(self.passages, passages)
        check_unique(self.queries, queries)
        if over is not None:
            passages = over.passages.table
            language = {"language": over.meta["language"]} if "language" in over.meta else {}
            self.meta = {**language, **self.meta, "passages_of": over.name}
        qrels: dict[str, pa.Table] = {}
        for split, rows in self.qrels.items():
            table, notices = clean_qrels(rows, split, passages, queries)
            self.report.warnings.extend(notices)
            if len(table):
                qrels[split] = table
            else:
                self.warn(f"qrels {split!r} hold no judgement of this collection and were left out")
        self._spaces(passages, "passage")
        self._spaces(queries, "query")
        if not len(passages) and len(queries):
            self.warn(
                "this holds questions only: ask them over another collection's passages by importing with "
                "passages=NAME in the mapping, or with questions.over(collection)"
            )
        elif not qrels and len(queries):
            self.warn("there are no judgements: you can search and measure by answer strings, but not by qrels")
        self._default_split(qrels)
        collection = Collection(name, passages, queries, qrels, self.tables, self.meta)
        for rows in (self.passages, self.queries):
            if rows.folder is not None:
                weakref.finalize(collection, shutil.rmtree, str(rows.folder), ignore_errors=True)
                rows.folder = None  # the collection's now
        counts = {"passages": len(passages), "queries": len(queries), "qrels": sum(len(t) for t in qrels.values())}
        self.report.counts = counts | {f"qrels.{s}": len(t) for s, t in qrels.items()}
        return collection

    def _spaces(self, table: pa.Table, what: str) -> None:
        blank = pc.match_substring_regex(table.column("id"), r"[\s\p{Z}]")
        n = pc.sum(blank).as_py() or 0
        if n:
            self.warn(
                f"{n:,} {what} ids hold white space, and a TREC run file cannot hold them: saving a run will be "
                "refused until they are renamed",
                n,
                (repr(i) for i in table.filter(blank).column("id").slice(0, EXAMPLES).to_pylist()),
            )

    def _default_split(self, qrels: Mapping[str, pa.Table]) -> None:
        """`test` where there is one, else `dev`, else the only split."""
        if "default_split" not in self.meta and "test" not in qrels and "dev" in qrels:
            self.meta["default_split"] = "dev"
