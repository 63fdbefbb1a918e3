"""Tables: CSV, TSV, JSON lines and Parquet, with a column mapping.

One file holds passages; queries and qrels are further files, found in a folder by their names or named in the mapping.
The mapping, all of it optional:

    id, title, text, NAME     the passages' columns; any further NAME becomes a column of that name
    queries                   file of the queries; queries.id, queries.text, queries.answers, ... their columns
    qrels                     file of the judgements; qrels.query_id, qrels.passage_id, qrels.grade their columns
    delimiter, quotes         for delimited text: the delimiter, and False to read quotation marks as text
    header                    False: the file has no header, and columns are called "1", "2", ...

Columns that are not mapped are found by common names; what is left over is kept as JSON in `metadata`. Without an id
column, rows are numbered. Nested mappings, `{"queries": {"file": ..., "text": ...}}`, say the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from retrievarium.contracts import InputError
from retrievarium.data.formats.draft import Draft, Rows
from retrievarium.data.formats.fields import PASSAGE_COLUMNS, QUERY_COLUMNS, grade_of, id_field, lift, text_field
from retrievarium.data.formats.peek import bare, listed
from retrievarium.data.formats.reading import Reader

_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_GUESSES = {
    "passages": {
        "id": ("id", "_id", "docid", "doc_id", "docno", "pid", "passage_id", "document_id"),
        "title": ("title", "name", "headline", "heading"),
        "text": ("text", "body", "content", "contents", "passage", "abstract", "context", "description"),
    },
    "queries": {
        "id": ("id", "_id", "qid", "query_id", "question_id", "query-id"),
        "text": ("text", "query", "question", "title"),
    },
    "qrels": {
        "query_id": ("query_id", "query-id", "qid", "query", "topic"),
        "passage_id": ("passage_id", "corpus-id", "docid", "doc_id", "docno", "pid", "document_id", "corpus_id"),
        "grade": ("grade", "score", "relevance", "rel", "label", "judgement"),
    },
}
_NAMES = {"passages": ("passages", "corpus", "documents", "docs", "collection"), "queries": ("queries", "questions")}
_SETTINGS = ("delimiter", "quotes", "header")
_OPTIONAL = {"passages": ("title",), "queries": (), "qrels": ("grade",)}


def _named(path: Path, part: str) -> list[Path]:
    names = _NAMES.get(part, (part,))
    return [p for p in listed(path, *_ENDINGS) if bare(p).split(".")[0] in names]


def _qrels(path: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for p in listed(path, *_ENDINGS):
        words = bare(p).replace("-", ".").replace("_", ".").split(".")
        if words[0] == "qrels":
            found[".".join(words[1:-1]) or "test"] = p
    return found


def files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [*_named(path, "passages")[:1], *_named(path, "queries")[:1], *_qrels(path).values()]


def sniff(path: Path) -> str | None:
    """None where this is a table file or a folder with one called passages, corpus, documents or docs."""
    if path.is_dir():
        return (
            None if _named(path, "passages") else "no file is called passages, corpus or documents with a table ending"
        )
    return None if bare(path).endswith(_ENDINGS) else f"its name does not end in {', '.join(_ENDINGS)}"


def _flat(mapping: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            flat |= {(key if k == "file" else f"{key}.{k}"): v for k, v in value.items()}
        else:
            flat[key] = value
    return flat


def _columns_of(flat: Mapping[str, Any], part: str) -> dict[str, str]:
    if part == "passages":
        skip = ("queries", "qrels", *_SETTINGS)
        return {k: str(v) for k, v in flat.items() if "." not in k and k not in skip}
    return {k.split(".", 1)[1]: str(v) for k, v in flat.items() if k.startswith(f"{part}.")}


def read(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from table files."""
    flat = _flat(mapping)
    main = path if path.is_file() else next(iter(_named(path, "passages")), None)
    if main is None:
        raise InputError(
            "the folder has no table of passages",
            path=path,
            expected=f"a file called passages, corpus or documents, ending in {', '.join(_ENDINGS)}",
        )
    folder = main.parent

    def beside(name: Any) -> Path:
        return Path(name) if Path(name).is_absolute() or not (folder / name).exists() else folder / name

    _fill(main, draft.passages, "passages", reader, flat, draft)
    queries = beside(flat["queries"]) if "queries" in flat else None
    if queries is None and path.is_dir():
        queries = next(iter(_named(path, "queries")), None)
    if queries is not None:
        _fill(queries, draft.queries, "queries", reader, flat, draft)
    qrels = {"test": beside(flat["qrels"])} if "qrels" in flat else _qrels(path) if path.is_dir() else {}
    for split, file in qrels.items():
        _fill(file, draft.judgements(split), "qrels", reader, flat, draft)


def _choose(
    part: str, wanted: Mapping[str, str], have: tuple[str, ...], path: Path, line: int | None
) -> tuple[dict[str, str], bool]:
    """Column by field, and whether rows must be numbered. Raises InputError naming a column that is not there."""
    low = {name.strip().lower(): name for name in reversed(have)}
    chosen: dict[str, str] = {}
    for field, column in wanted.items():
        if column not in have:
            raise InputError(
                f"there is no column {column!r}",
                path=path,
                line=line,
                field=column,
                expected=f"one of {list(have)}",
                fix=f"map '{field}' to one of them",
            )
        chosen[field] = column
    for field, names in _GUESSES[part].items():
        if field not in chosen:
            free = (low[n] for n in names if n in low and low[n] not in chosen.values())
            if (guess := next(free, None)) is not None:
                chosen[field] = guess
    numbered = "id" in _GUESSES[part] and "id" not in chosen
    missing = [f for f in _GUESSES[part] if f not in chosen and f not in ("id", *_OPTIONAL[part])]
    if missing:
        raise InputError(
            f"it is not clear which column is the {missing[0]}",
            path=path,
            line=line,
            field=missing[0],
            expected=f"a column called {', '.join(_GUESSES[part][missing[0]][:4])}, ...; there are {list(have)}",
            fix=f"map it: mapping={{{missing[0]!r}: COLUMN}} (--column {missing[0]}=COLUMN)",
        )
    return chosen, numbered


def _fill(path: Path, rows: Rows, part: str, reader: Reader, flat: Mapping[str, Any], draft: Draft) -> None:
    wanted = _columns_of(flat, part)
    unit = "row" if bare(path).endswith(".parquet") else "line"
    rows.source(path, unit)
    rows.more(name for name in wanted if part != "qrels")
    known = PASSAGE_COLUMNS if part == "passages" else QUERY_COLUMNS
    chosen, numbered, keys_before = dict[str, str](), False, tuple[str, ...]()
    for n, (line, row) in enumerate(_rows(path, reader, flat)):
        keys = tuple(row)
        if n == 0:
            chosen, numbered = _choose(part, wanted, keys, path, line)
        elif keys != keys_before:  # JSON lines may leave optional fields out
            here = {f: c for f, c in wanted.items() if c in row or f in _GUESSES[part]}
            chosen, without_id = _choose(part, here, keys, path, line)
            if without_id and not numbered:
                chosen["id"] = "id"
        keys_before = keys
        taken = {field: row.get(column) for field, column in chosen.items()}
        if part == "qrels":
            grade = 1 if taken.get("grade") is None else grade_of(taken["grade"], path, line, chosen["grade"])
            ids = {f: id_field({chosen[f]: taken[f]}, chosen[f], path, line) for f in ("query_id", "passage_id")}
            rows.add(line, ids | {"grade": grade})
            continue
        values: dict[str, Any] = {
            "id": str(n + 1) if numbered else id_field(row, chosen["id"], path, line),
            "text": text_field(row, chosen["text"], path, line),
        }
        if part == "passages":
            values["title"] = text_field(row, chosen["title"], path, line, optional=True) if "title" in chosen else ""
        extras = {k: v for k, v in row.items() if k not in chosen.values() and v is not None and v != ""}
        extras |= {f: v for f, v in taken.items() if f in known and v is not None and v != ""}
        if isinstance(extras.get("metadata"), str | dict):
            extras = _opened(extras.pop("metadata"), path, line) | extras
        for field, (aliases, _) in known.items():  # a list in a delimited file is written as JSON
            for key in (field, *aliases):
                cell = extras.get(key)
                if field in ("answers", "entities") and isinstance(cell, str) and cell.startswith("["):
                    extras[key] = _json_list(cell)
        values |= lift(extras, known) if extras else {}
        custom = (f for f in wanted if f in taken and f not in known and f not in values)
        rows.add(line, values | {f: _cell(taken[f]) for f in custom})
    if numbered:
        draft.note(f"{path.name} has no id column; its rows are numbered from 1")


def _cell(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json_list(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _opened(metadata: str | dict[str, Any], path: Path, line: int) -> dict[str, Any]:
    if isinstance(metadata, dict):
        return metadata
    try:
        value = json.loads(metadata)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"metadata": metadata}


def _rows(path: Path, reader: Reader, flat: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of one file as mappings, with their line (or row) from 1."""
    if not path.is_file():
        raise InputError("there is no such file", path=path, fix="check the mapping")
    name = bare(path)
    if name.endswith((".jsonl", ".ndjson")):
        yield from reader.json_lines(path)
    elif name.endswith(".parquet"):
        yield from _parquet(path)
    else:
        yield from _delimited(path, reader, flat)


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=2048):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0][:120]
        raise InputError(f"this is not a Parquet file we can read ({reason})", path=path) from error


def _delimited(path: Path, reader: Reader, flat: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    quotes = str(flat.get("quotes", True)).lower() not in ("false", "0", "no")
    header = str(flat.get("header", True)).lower() not in ("false", "0", "no")
    delimiter = str(flat.get("delimiter", "")) or _delimiter(path, reader)
    names: list[str] = []
    for line, cells in reader.records(path, delimiter, quotes):
        if not names:
            names = [c.strip() for c in cells] if header else [str(i + 1) for i in range(len(cells))]
            if len(set(names)) != len(names):
                twice = next(n for n in names if names.count(n) > 1)
                raise InputError(f"the header names {twice!r} twice", path=path, line=line, field=twice)
            if header:
                continue
        if len(cells) != len(names):
            raise InputError(
                f"the line has {len(cells)} columns",
                path=path,
                line=line,
                expected=f"{len(names)} columns: {', '.join(names)}",
                fix="quote fields that hold the delimiter or a line end, or name the delimiter",
            )
        yield line, dict(zip(names, cells, strict=True))


def _delimiter(path: Path, reader: Reader) -> str:
    """A tab in a .tsv; otherwise whichever of , ; tab | the first line has most of."""
    if bare(path).endswith(".tsv"):
        return "\t"
    first = next((text for _, text in Reader(reader.encoding, reader.limits).lines(path)), "")
    return max(",;\t|", key=first.count)
