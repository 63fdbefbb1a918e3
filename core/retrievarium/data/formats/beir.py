"""BEIR folders: corpus.jsonl, queries.jsonl, qrels/<split>.tsv, each plain or gzipped."""

from __future__ import annotations

import gzip
import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError, MissingError
from retrievarium.data.collection import Collection
from retrievarium.data.formats.draft import Draft, Rows
from retrievarium.data.formats.fields import (
    PASSAGE_COLUMNS,
    QUERY_COLUMNS,
    as_json,
    grade_of,
    id_field,
    kind_of,
    lift,
    text_field,
)
from retrievarium.data.formats.peek import first_keys
from retrievarium.data.formats.reading import Reader

_OTHER_IDS = ("docid", "doc_id", "id")
_HEADER = ("query-id", "corpus-id", "score")


def _file(folder: Path, stem: str) -> Path | None:
    return next((p for e in (".jsonl", ".jsonl.gz") if (p := folder / f"{stem}{e}").is_file()), None)


def _qrels_files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted((folder / "qrels").glob("*.tsv*")):
        split = path.name.removesuffix(".gz").removesuffix(".tsv")
        if not path.name.endswith((".tsv", ".tsv.gz")) or split in found:
            continue
        found[split] = path
    return dict(sorted(found.items(), key=lambda item: (item[0] != "test", item[0])))


def files(path: Path) -> list[Path]:
    """Every file an import would read."""
    return [p for p in (_file(path, "corpus"), _file(path, "queries"), *_qrels_files(path).values()) if p]


def sniff(path: Path) -> str | None:
    """None where this is a BEIR folder, else why not."""
    if not path.is_dir():
        return "it is not a folder"
    corpus = _file(path, "corpus")
    if corpus is None:
        return "the folder has no corpus.jsonl"
    keys = first_keys(corpus)
    other = next((k for k in _OTHER_IDS if k in keys and "_id" not in keys), None)
    return f"corpus.jsonl calls its ids {other!r}, not '_id'" if other else None


def _extras(row: dict[str, Any], path: Path, line: int) -> dict[str, Any]:
    """The metadata object together with any further keys of the record."""
    metadata = row.get("metadata")
    if metadata is None:
        metadata = {}
    elif not isinstance(metadata, dict):
        raise InputError(
            f"the field holds {kind_of(metadata)}", path=path, line=line, field="metadata", expected="an object {...}"
        )
    if len(row) > 4 or any(k not in ("_id", "title", "text", "metadata") for k in row):
        metadata = {**{k: v for k, v in row.items() if k not in ("_id", "title", "text", "metadata")}, **metadata}
    return metadata


def read(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from a BEIR folder. Every file in qrels/ becomes a split named by its stem."""
    corpus = _file(path, "corpus")
    if corpus is None:
        raise MissingError("the folder has no corpus.jsonl", path=path, expected="a BEIR folder")
    draft.passages.source(corpus)
    for line, row in reader.json_lines(corpus):
        values = {
            "id": id_field(row, "_id", corpus, line),
            "title": text_field(row, "title", corpus, line, optional=True),
            "text": text_field(row, "text", corpus, line),
        }
        if extras := _extras(row, corpus, line):
            values |= lift(extras, PASSAGE_COLUMNS)
        draft.passages.add(line, values)
    queries = _file(path, "queries")
    if queries is None:
        draft.warn("the folder has no queries.jsonl: you can ask questions of your own")
    else:
        draft.queries.source(queries)
        for line, row in reader.json_lines(queries):
            values = {"id": id_field(row, "_id", queries, line), "text": text_field(row, "text", queries, line)}
            if extras := _extras(row, queries, line):
                values |= lift(extras, QUERY_COLUMNS)
            draft.queries.add(line, values)
    for split, qrels in _qrels_files(path).items():
        read_qrels(qrels, draft.judgements(split), reader)


def read_qrels(path: Path, rows: Rows, reader: Reader) -> None:
    """A BEIR qrels file: three tab-separated columns, with or without the header."""
    rows.source(path)
    for line, text in reader.lines(path):
        if not text or text.isspace():
            continue
        cells = text.split("\t")
        if line == 1 and len(cells) == 3 and not _is_number(cells[2]):
            continue  # the header
        if len(cells) != 3:
            blanks = " They are split by blanks, not tabs." if len(text.split()) == 3 else ""
            trec = " This looks like a TREC qrels line." if len(text.split()) == 4 else ""
            raise InputError(
                f"the line has {len(cells)} columns.{blanks}{trec}",
                path=path,
                line=line,
                expected="three columns split by tabs: " + ", ".join(_HEADER),
                fix="write query id, passage id and grade, split by tabs",
            )
        pair = {"query-id": cells[0], "corpus-id": cells[1]}
        rows.add(
            line,
            {
                "query_id": id_field(pair, "query-id", path, line),
                "passage_id": id_field(pair, "corpus-id", path, line),
                "grade": grade_of(cells[2].strip(), path, line),
            },
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _record(row: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    raw = row.pop("metadata", None)
    more = {k: v for k, v in row.items() if k not in known and v is not None}
    metadata = {**(json.loads(raw) if raw else {}), **more}
    return {"_id": row["id"], **{k: row[k] for k in known if k != "id"}, "metadata": metadata}


def write_beir(collection: Collection, folder: str | Path, gz: bool = False) -> Path:
    """Write a BEIR folder; columns without a place in the format go into `metadata`, where `read` finds them again.

    Raises InputError where `folder` exists, and where an id holds a tab or line end, which qrels cannot hold.
    """
    folder = Path(folder)
    if folder.exists():
        raise InputError("the folder exists already", path=folder, fix="choose a new one")
    ids = (*collection.passages.ids, *collection.all_queries.ids)
    bad = next((i for i in ids if any(c in i for c in "\t\r\n")), None)
    if bad is not None:
        raise InputError(f"the id {bad!r} holds a tab or a line end, and BEIR qrels cannot hold it", field="id")
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    end = ".gz" if gz else ""

    def out(path: Path) -> Any:
        return (
            gzip.open(path, "wt", encoding="utf-8", newline="\n")
            if gz
            else path.open("w", encoding="utf-8", newline="\n")
        )

    try:
        (temporary / "qrels").mkdir(parents=True)
        for stem, table, known in (
            ("corpus", collection.passages.table, ("id", "title", "text")),
            ("queries", collection.all_queries.table, ("id", "text")),
        ):
            with out(temporary / f"{stem}.jsonl{end}") as sink:
                for batch in table.to_batches(max_chunksize=4096):
                    sink.writelines(as_line(_record(row, known)) for row in batch.to_pylist())
        for split in collection.splits:
            with out(temporary / "qrels" / f"{split}.tsv{end}") as sink:
                sink.write("\t".join(_HEADER) + "\n")
                for row in collection.split_named(split).qrels.table.to_pylist():
                    sink.write(f"{row['query_id']}\t{row['passage_id']}\t{row['grade']}\n")
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def as_line(record: Mapping[str, Any]) -> str:
    """One JSON line, keys in the order given, metadata sorted."""
    head = {k: v for k, v in record.items() if k != "metadata"}
    text = json.dumps(head, ensure_ascii=False)
    if metadata := record.get("metadata"):
        text = f'{text[:-1]}, "metadata": {as_json(metadata)}}}'
    return text + "\n"
