"""A World as a BEIR folder with its truth tables beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from retrievarium.workspace import atomic_write

if TYPE_CHECKING:
    from retrievarium.data.world.world import World


def _lines(path: Path, table: pa.Table) -> None:
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as out:
        for row in table.to_pylist():
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_world(world: World, folder: Path, arm: str) -> Path:
    """`corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`, `truth/<table>.jsonl`, `world.json`; returns the folder."""
    collection = world.collection(arm)
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    (folder / "truth").mkdir(exist_ok=True)
    passages, queries = collection.passages.table, collection.all_queries.table
    with (
        atomic_write(folder / "corpus.jsonl") as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as out,
    ):
        for row in passages.to_pylist():
            extra = {name: row[name] for name in row if name not in ("id", "title", "text")}
            record = {"_id": row["id"], "title": row["title"], "text": row["text"], "metadata": extra}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    with (
        atomic_write(folder / "queries.jsonl") as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as out,
    ):
        for row in queries.to_pylist():
            extra = {name: row[name] for name in row if name not in ("id", "text")}
            out.write(json.dumps({"_id": row["id"], "text": row["text"], "metadata": extra}, ensure_ascii=False) + "\n")
    for split in collection.splits:
        table = collection.split_named(split).qrels.table
        path = folder / "qrels" / f"{split}.tsv"
        with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as out:
            out.write("query-id\tcorpus-id\tscore\n")
            for row in table.to_pylist():
                out.write(f"{row['query_id']}\t{row['passage_id']}\t{row['grade']}\n")
    for name, table in collection.tables.items():
        _lines(folder / "truth" / f"{name}.jsonl", table)
    with atomic_write(folder / "world.json") as temporary:
        Path(temporary).write_text(json.dumps(dict(collection.meta), indent=1) + "\n", encoding="utf-8")
    return folder
