"""What a collection's tables must be: typed columns, ids that stand once, names that can be files, and their hash."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from retrievarium.contracts import InputError

PASSAGES = pa.schema([("id", pa.string()), ("title", pa.string()), ("text", pa.string())])
QUERIES = pa.schema([("id", pa.string()), ("text", pa.string())])
QRELS = pa.schema([("query_id", pa.string()), ("passage_id", pa.string()), ("grade", pa.int32())])
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")
_SLICE = 65_536


def conform(table: pa.Table, schema: pa.Schema, what: str) -> pa.Table:
    """Required columns first, typed; further columns kept. Raises InputError naming the column that is wrong."""
    for column in schema:
        if column.name not in table.column_names:
            raise InputError(f"the {what} table lacks the column '{column.name}'", expected=f"columns {schema.names}")
        index = table.column_names.index(column.name)
        if table.schema.field(index).type != column.type:
            table = table.set_column(index, column.name, table.column(index).cast(column.type))
        if table.column(index).null_count:
            raise InputError(f"the column '{column.name}' of the {what} table has empty cells", fix="fill or drop them")
    rest = [c for c in table.column_names if c not in schema.names]
    return table.select([*schema.names, *rest])


def check_ids(table: pa.Table, what: str) -> None:
    """Raises InputError for an empty id or one that stands twice."""
    ids = table.column("id")
    if pc.any(pc.equal(ids, "")).as_py():
        raise InputError(f"the {what} table has an empty id", field="id", fix="give each row an id of its own")
    if pc.any(pc.match_substring(ids, "\0")).as_py():
        raise InputError(f"an id of the {what} table holds a NUL character", field="id", fix="remove it")
    if pc.count_distinct(ids).as_py() < len(ids):
        counts = pc.value_counts(ids.combine_chunks())
        twice = counts.filter(pc.greater(counts.field("counts"), 1))[0].as_py()
        raise InputError(
            f"the id {twice['values']!r} stands {twice['counts']} times in the {what} table",
            field="id",
            fix="give each row an id of its own",
        )


def check_parts(names: Sequence[str], what: str) -> None:
    """Names of splits and tables become file names. Raises InputError."""
    for name in names:
        if not _PART.fullmatch(name):
            raise InputError(
                f"{name!r} cannot name a {what}",
                expected="letters, digits, blanks, '.', '_' and '-', at most 80, starting with a letter or digit",
            )


def feed(table: pa.Table, into: Any) -> None:
    """Feed a table's cells into a hash, column by column, independent of chunks and encodings."""
    for name in table.column_names:
        into.update(f"#{name}:{table.schema.field(name).type}\n".encode())
        for start in range(0, len(table), _SLICE):  # a large, memory-mapped column never becomes Python objects at once
            for cell in table.column(name).slice(start, _SLICE).to_pylist():
                data = cell.encode("utf-8") if isinstance(cell, str) else repr(cell).encode("utf-8")
                into.update(len(data).to_bytes(4, "little") + data)
