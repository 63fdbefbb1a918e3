"""Tevatron JSON lines, both styles.

Whole: `{"query_id", "query", "positive_passages": [{"docid", "title", "text"}], "negative_passages": [...]}`.
By id: `{"query_id", "query_text", "positive_document_ids": [...], "negative_document_ids": [...]}` beside a corpus of
`{"docid", "document_text"}` (or `title`, `text`) lines. Positives are judged 1, negatives go to the table `negatives`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from retrievarium.contracts import InputError
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.fields import id_field, list_field, object_field, text_field, texts_field
from retrievarium.data.formats.peek import first_keys, listed, split_of
from retrievarium.data.formats.reading import Reader


def _questions(path: Path) -> list[Path]:
    wanted = ({"query_id", "positive_passages"}, {"query_id", "positive_document_ids"})
    return [p for p in listed(path, ".jsonl") if any(w <= first_keys(p) for w in wanted)]


def _corpus(path: Path) -> list[Path]:
    return [p for p in listed(path, ".jsonl") if "docid" in first_keys(p) and {"text", "document_text"} & first_keys(p)]


def files(path: Path) -> list[Path]:
    return [*_corpus(path), *_questions(path)]


def sniff(path: Path) -> str | None:
    return None if _questions(path) else 'no lines with "query_id" and "positive_passages" or "positive_document_ids"'


def read(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from Tevatron files."""
    met: dict[str, int] = {}

    def passage(row: Mapping[str, Any], file: Path, line: int, where: str = "", again: bool = False) -> str:
        name = id_field(row, "docid", file, line, where)
        if not again or name not in met:
            met[name] = line
            key = "document_text" if "document_text" in row else "text"
            values = {"title": text_field(row, "title", file, line, where, optional=True)}
            draft.passages.add(line, {"id": name, "text": text_field(row, key, file, line, where), **values})
        return name

    for file in _corpus(path):
        draft.passages.source(file)
        for line, row in reader.json_lines(file):
            passage(row, file, line)
    negatives: list[tuple[str, str]] = []
    questions = _questions(path)
    if not questions:
        raise InputError(
            "there are no Tevatron questions here", path=path, expected="lines with query_id and positives"
        )
    for file in questions:
        split = split_of(file, "train")
        rows = draft.judgements(split)
        for part in (draft.passages, draft.queries, rows):
            part.source(file)
        for line, row in reader.json_lines(file):
            query = id_field(row, "query_id", file, line)
            text = text_field(row, "query" if "query" in row else "query_text", file, line)
            answers = texts_field(row, "answers", file, line)
            draft.queries.add(line, {"id": query, "text": text, "answers": answers or None})
            for sign in ("positive", "negative"):
                found = [
                    passage(
                        object_field(p, file, line, f"{sign}_passages[{i}]"), file, line, f"{sign}_passages[{i}].", True
                    )
                    for i, p in enumerate(list_field(row, f"{sign}_passages", file, line))
                ]
                found += [str(i) for i in list_field(row, f"{sign}_document_ids", file, line)]
                for one in dict.fromkeys(found):
                    if sign == "positive":
                        rows.add(line, {"query_id": query, "passage_id": one, "grade": 1})
                    else:
                        negatives.append((query, one))
    if negatives:
        draft.tables["negatives"] = pa.table(
            {"query_id": [q for q, _ in negatives], "passage_id": [p for _, p in negatives]}
        )
        draft.meta["training_tables"] = [] if "test" in draft.qrels else ["negatives"]
        draft.note(f"{len(negatives):,} negatives are kept in the table 'negatives'; they are not judged 0")
