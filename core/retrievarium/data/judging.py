"""Grades that people gave, as judgements of a split; and query logs, which have counts and no judgements."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from retrievarium.contracts import InputError
from retrievarium.data.collection import Collection, qrels_table
from retrievarium.data.tables import check_parts
from retrievarium.workspace import Annotation, content_hash

_MOST_LINES = 1_000_000
_LONGEST = 1_000  # characters of a query
_QUERY_HEADS = ("query", "queries", "text", "q")
_COUNT_HEADS = ("count", "frequency", "freq", "n", "weight")


def grades(rows: Iterable[Annotation], annotator: str | None = None) -> dict[str, dict[str, int]]:
    """`{query: {passage: grade}}` of one person, or of all: the median of the grades, the lower of two middle ones."""
    given: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.kind == "grade" and annotator in (None, row.annotator):
            given.setdefault((row.query, row.passage), []).append(int(row.value))
    told: dict[str, dict[str, int]] = {}
    for (query, passage), values in given.items():
        told.setdefault(query, {})[passage] = sorted(values)[(len(values) - 1) // 2]
    return told


def judged_collection(
    collection: Collection, rows: Iterable[Annotation], split: str = "judged", annotator: str | None = None
) -> Collection:
    """The collection with people's grades as the split `split`, in the place of one that has this name.

    Grades about other texts, or about queries and passages that the collection lacks, are left out. Raises InputError
    where none is left, and for a name that no split can bear.
    """
    check_parts([split], "split")
    own = [row for row in rows if row.collection == collection.text_fingerprint]
    known, passages = collection.all_queries.row_of, collection.passages.row_of
    told = [(q, p, g) for q, by in grades(own, annotator).items() if q in known for p, g in by.items() if p in passages]
    if not told:
        raise InputError(
            "there are no grades for this collection", fix="grade some results on the Judge page, or import annotations"
        )
    kept = {s: collection.split_named(s).qrels.table for s in collection.splits}
    return collection.replace(qrels={**kept, split: qrels_table(told)})


# -- query logs


def read_query_log(path: str | Path) -> dict[str, int]:
    """How often each query was asked, most asked first, from a log.

    One query a line, repeats counted; or a table (`.csv`, `.tsv`) with a column `query` and, where it has one, `count`.
    Case and blanks aside, equal queries are one; the most frequent spelling stands for them.

    Raises
    ------
    InputError with the line for an empty or overlong query, a count that is no whole number above 0, no query at all.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("the log is not UTF-8", path=path.name, fix="save it as UTF-8") from error
    rows = _table(text, path) if path.suffix.lower() in (".csv", ".tsv") else _lines(text)
    spelled: dict[str, Counter[str]] = {}
    for line, query, count in rows:
        told = " ".join(query.split())
        if not told:
            raise InputError("the query is empty", path=path.name, line=line, field="query")
        if len(told) > _LONGEST:
            raise InputError(
                f"a query of {len(told):,} characters", path=path.name, line=line, field="query",
                expected=f"at most {_LONGEST:,}",
            )  # fmt: skip
        if not count.isdecimal() or not 0 < int(count[:15]) < 10**12:
            raise InputError(
                f"{count[:40]!r} is no count", path=path.name, line=line, field="count", expected="1 or more"
            )
        spelled.setdefault(told.casefold(), Counter())[told] += int(count)
        if line > _MOST_LINES:
            raise InputError(
                "the log is too long", path=path.name, line=line, expected=f"at most {_MOST_LINES:,} lines"
            )
    if not spelled:
        raise InputError("the log holds no query", path=path.name)
    counts = {by.most_common(1)[0][0]: sum(by.values()) for by in spelled.values()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _lines(text: str) -> list[tuple[int, str, str]]:
    return [(n, line, "1") for n, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _table(text: str, path: Path) -> list[tuple[int, str, str]]:
    tabs = path.suffix.lower() == ".tsv"
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else ",")
    if tabs:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    rows: list[tuple[int, str, str]] = []
    try:
        head = [h.strip().casefold() for h in next(reader, [])]
        query = next((i for i, h in enumerate(head) if h in _QUERY_HEADS), None)
        count = next((i for i, h in enumerate(head) if h in _COUNT_HEADS), None)
        if query is None:
            raise InputError("no column is called query", path=path.name, line=1, field="query", expected="query,count")
        for cells in reader:
            if not any(c.strip() for c in cells):
                continue
            if len(cells) > len(head):
                raise InputError(
                    f"{len(cells)} cells", path=path.name, line=reader.line_num, expected=f"{len(head)}, as in line 1",
                    fix="put a query that holds the separator into quotation marks",
                )  # fmt: skip
            told = [cells[i] if i is not None and i < len(cells) else "" for i in (query, count)]
            rows.append((reader.line_num, told[0], told[1].strip() if count is not None else "1"))
    except csv.Error as error:
        raise InputError(f"this is no table ({error})", path=path.name, line=reader.line_num) from error
    return rows


def log_collection(collection: Collection, counts: Mapping[str, int], name: str) -> Collection:
    """The queries of a log over a collection's passages: most asked first, a column `count`, no judgements.

    An id is made from the query's words alone, so that two logs over the same passages share the grades of a query that
    both hold, and no others.
    """
    asked: Sequence[tuple[str, int]] = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    queries = pa.table(
        {
            "id": [f"log-{content_hash(' '.join(q.casefold().split()))[:12]}" for q, _ in asked],
            "text": [q for q, _ in asked],
            "count": pa.array([c for _, c in asked], pa.int64()),
        }
    )
    meta = {k: v for k, v in collection.meta.items() if k in ("language", "licence")}
    return Collection(
        name, collection.passages.table, queries, {}, meta={**meta, "source": f"a log over {collection.name}"}
    )


def query_counts(collection: Collection) -> dict[str, int]:
    """How often each query is asked, where the collection says (a column `count`); empty elsewhere."""
    cells = collection.all_queries.column("count") or []
    pairs = zip(collection.all_queries.ids, cells, strict=False)
    return {q: int(c) for q, c in pairs if isinstance(c, int | float) and c > 0}
