"""Writing a collection as tables: passages, queries and qrels.<split> as CSV, TSV, JSON lines or Parquet.

Lists are written as JSON in delimited files. `tables` reads the folder back to the same passages, queries and qrels.
"""

from __future__ import annotations

import csv
import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from retrievarium.contracts import InputError
from retrievarium.data.collection import Collection

KINDS = ("csv", "tsv", "jsonl", "parquet")


def write_tables(collection: Collection, folder: str | Path, kind: str = "jsonl") -> Path:
    """Write a new folder of tables. Raises InputError where it exists or `kind` is unknown."""
    folder = Path(folder)
    if kind not in KINDS:
        raise InputError(f"there is no kind {kind!r}", field="kind", expected=f"one of {list(KINDS)}")
    if folder.exists():
        raise InputError("the folder exists already", path=folder, fix="choose a new one")
    tables = {"passages": collection.passages.table, "queries": collection.all_queries.table}
    tables |= {f"qrels.{s}": collection.split_named(s).qrels.table for s in collection.splits}
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        temporary.mkdir(parents=True)
        for stem, table in tables.items():
            _write(table, temporary / f"{stem}.{kind}", kind)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=4096):
        yield from batch.to_pylist()


def _write(table: pa.Table, path: Path, kind: str) -> None:
    if kind == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, path)
        return
    with path.open("w", encoding="utf-8", newline="") as out:
        if kind == "jsonl":
            for row in _rows(table):
                if row.get("metadata"):
                    row["metadata"] = json.loads(row["metadata"])
                present = {k: v for k, v in row.items() if v is not None}
                out.write(json.dumps(present, ensure_ascii=False) + "\n")
            return
        writer = csv.writer(out, delimiter="\t" if kind == "tsv" else ",", lineterminator="\n")
        writer.writerow(table.column_names)
        for row in _rows(table):
            writer.writerow([json.dumps(v, ensure_ascii=False) if isinstance(v, list) else v for v in row.values()])
