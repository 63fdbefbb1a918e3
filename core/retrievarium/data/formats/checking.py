"""Rows checked once all are there: ids that stand once, judgements that agree and name what exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from retrievarium.data.formats.report import Notice

if TYPE_CHECKING:
    from retrievarium.data.formats.draft import Rows

EXAMPLES = 3
"""Ids named in a notice."""


def check_unique(rows: Rows, table: pa.Table) -> None:
    """Raises InputError naming both places of the first id that stands twice."""
    ids = table.column("id")
    if pc.count_distinct(ids).as_py() == len(ids):
        return
    seen: dict[str, int] = {}
    for row, one in enumerate(ids.to_pylist()):
        if one in seen:
            path, number, unit = rows.place(seen[one])
            other = f" of {path.name}" if path is not None and path != rows.place(row)[0] else ""
            raise rows.error(
                row,
                f"the {rows.what} id {one!r} was already used in {unit} {number}{other}",
                "id",
                expected=f"one {rows.what} an id",
                fix="remove one of the two, or rename it",
            )
        seen[one] = row


def clean_qrels(rows: Rows, split: str, passages: pa.Table, queries: pa.Table) -> tuple[pa.Table, list[Notice]]:
    """Judgements of known pairs, each once. Raises InputError where a pair has two grades."""
    table = rows.table()
    notices: list[Notice] = []
    pairs = pc.binary_join_element_wise(table.column("query_id"), table.column("passage_id"), "\0")
    if pc.count_distinct(pairs).as_py() < len(table):
        first: dict[str, int] = {}
        grades, keep = table.column("grade").to_pylist(), []
        for row, pair in enumerate(pairs.to_pylist()):
            before = first.setdefault(pair, row)
            if before != row and grades[before] != grades[row]:
                query, passage = pair.split("\0")
                raise rows.error(
                    row,
                    f"query {query!r} and passage {passage!r} have grade {grades[row]} here and {grades[before]} in "
                    f"{rows.place(before)[2]} {rows.place(before)[1]}",
                    "score",
                    fix="keep one of the two lines",
                )
            if before == row:
                keep.append(row)
        again = len(table) - len(keep)
        table = table.take(pa.array(keep, type=pa.int64()))
        notices.append(Notice(f"{again:,} rows of qrels {split!r} repeat an earlier one and were dropped", again))
    for column, known, what in (("passage_id", passages, "passage"), ("query_id", queries, "query")):
        there = pc.is_in(table.column(column), value_set=known.column("id").combine_chunks())
        unknown = len(table) - (pc.sum(there).as_py() or 0)
        if unknown:
            ids = table.filter(pc.invert(there)).column(column).unique()
            plural = "passages" if what == "passage" else "queries"
            notices.append(
                Notice(
                    f"{unknown:,} rows of qrels {split!r} name {len(ids):,} {plural} that are not in the collection "
                    "and were left out",
                    unknown,
                    tuple(ids.slice(0, EXAMPLES).to_pylist()),
                )
            )
            table = table.filter(there)
    table = table.combine_chunks()
    rows.discard()
    return table, notices
