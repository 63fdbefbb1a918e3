"""The first rows of an uploaded table, and which column is which."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import streamlit as st

from components import page
from components.text import escaped
from components.uploads import LARGEST_MB, tame

_ROWS = 4
_HEAD = 1 << 18  # bytes looked at
_CELL = 120
_NONE = "(none)"
_FIELDS = {
    "passages": (("id", False), ("title", False), ("text", True)),
    "queries": (("id", True), ("text", True), ("answers", False)),
    "qrels": (("query_id", True), ("passage_id", True), ("grade", False)),
}
_GUESSES = {
    "id": ("id", "_id", "docid", "doc_id", "docno", "pid", "qid", "query_id", "passage_id"),
    "title": ("title", "name", "headline"),
    "text": ("text", "body", "content", "passage", "query", "question", "abstract"),
    "answers": ("answers", "answer"),
    "query_id": ("query_id", "query-id", "qid"),
    "passage_id": ("passage_id", "corpus-id", "docid", "doc_id", "pid"),
    "grade": ("grade", "score", "relevance", "rel", "label"),
}


def head(upload: Any) -> tuple[list[str], list[list[str]]] | None:
    """Columns and first rows of a CSV, TSV, JSON-lines or Parquet file; None for a file that is no table."""
    ending = Path(tame(upload.name)).suffix.lower()
    if ending == ".parquet":
        return _parquet(upload)
    text = upload.getvalue()[:_HEAD].decode("utf-8-sig", errors="replace")
    if ending in (".csv", ".tsv"):
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter="\t" if ending == ".tsv" else ","))[: _ROWS + 1]
        except csv.Error:
            return None
        return (rows[0], rows[1:]) if rows else None
    if ending != ".jsonl":
        return None
    found: list[dict[str, Any]] = []
    for line in text.splitlines()[:_ROWS]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            break  # the import says which line is wrong, and why
        if isinstance(row, dict):
            found.append(row)
    columns = list(dict.fromkeys(k for row in found for k in row))
    return (columns, [[str(row.get(c, "")) for c in columns] for row in found]) if found else None


def _parquet(upload: Any) -> tuple[list[str], list[list[str]]] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(io.BytesIO(upload.getvalue()))
        batch = next(opened.iter_batches(batch_size=_ROWS), None)
    except (pa.ArrowInvalid, OSError):
        return None
    if batch is None:
        return None
    rows = batch.to_pylist()
    return batch.schema.names, [[str(row[c]) for c in batch.schema.names] for row in rows]


def _table(columns: list[str], rows: list[list[str]]) -> None:
    heads = "".join(f'<th scope="col"><bdi>{escaped(c)}</bdi></th>' for c in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td dir="auto">{escaped(c[:_CELL])}{"…" if len(c) > _CELL else ""}</td>' for c in row)
        + "</tr>"
        for row in rows
    )
    st.html(
        f'<div class="rv-scroll"><table class="rv-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _choose(part: str, columns: list[str]) -> tuple[dict[str, str], bool]:
    """Selectors for a part's fields; returns the mapping and whether all that is needed is there."""
    prefix = "" if part == "passages" else f"{part}."
    mapping: dict[str, str] = {}
    complete = True
    low = {c.strip().lower(): c for c in columns}
    for place, (field, needed) in zip(st.columns(3), _FIELDS[part], strict=True):
        guess = next((low[g] for g in _GUESSES[field] if g in low), None)
        options = [*columns] if needed else [_NONE, *columns]
        with place:
            picked = st.selectbox(
                f"{part}: {field.replace('_', ' ')}" + ("" if needed else " (optional)"),
                options,
                index=options.index(guess) if guess else (None if needed else 0),
                key=f"map-{part}-{field}-{'|'.join(columns)}",
                placeholder="which column?",
            )
        if picked and picked != _NONE:
            mapping[f"{prefix}{field}"] = picked
        complete = complete and (bool(picked) or not needed)
    return mapping, complete


def mapping_form(main: Any) -> tuple[dict[str, Any] | None, bool, dict[str, Any]]:
    """The form for single files: `(mapping, ready, further uploads by part)`."""
    found = head(main)
    if found is None:
        page.note("No table: the format is found out from the file as it is read.")
        return None, True, {}
    _table(*found)
    mapping, ready = _choose("passages", found[0])
    others: dict[str, Any] = {}
    for part, label in (("queries", "Queries (optional)"), ("qrels", "Judgements (optional)")):
        upload = st.file_uploader(label, type=["csv", "tsv", "jsonl"], key=f"bring-{part}", max_upload_size=LARGEST_MB)
        if upload is None:
            continue
        more = head(upload)
        if more is None:
            page.callout("stop", "This file is no table", upload.name)
            return mapping, False, others
        _table(*more)
        told, complete = _choose(part, more[0])
        mapping |= told
        ready = ready and complete
        others[part] = upload
        mapping[part] = f"{part}{Path(tame(upload.name)).suffix.lower()}"
    return mapping, ready, others
