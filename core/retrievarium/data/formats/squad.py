"""SQuAD JSON (1.1, 2.0, XQuAD and others of its form): every paragraph a passage, relevant to its own questions.

Several files in a folder make several splits. A question marked impossible is kept with `kind` "unanswerable" and no
judgement: its paragraph does not answer it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.fields import id_field, list_field, object_field, text_field
from retrievarium.data.formats.peek import head_of, json_files, split_of
from retrievarium.data.formats.reading import Reader


def _is_squad(path: Path) -> bool:
    head = head_of(path)
    return head.lstrip().startswith("{") and '"paragraphs"' in head and '"context"' in head


def files(path: Path) -> list[Path]:
    """Every file an import would read."""
    return [p for p in json_files(path) if _is_squad(p)]


def sniff(path: Path) -> str | None:
    """None where this is SQuAD JSON, else why not."""
    return None if files(path) else 'no JSON file begins with {"data": [{"paragraphs": [{"context"'


def read(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from one SQuAD file or a folder of them."""
    found = files(path) or ([path] if path.is_file() else [])
    if not found:
        raise InputError("the folder has no SQuAD file", path=path, expected="JSON files in SQuAD's form")
    for file in found:
        split = split_of(file, "test")
        _read_one(file, draft, reader, split, prefix=f"{split}-" if len(found) > 1 else "")


def _read_one(path: Path, draft: Draft, reader: Reader, split: str, prefix: str) -> None:
    document = object_field(reader.json_document(path), path, None, "the document")
    draft.passages.source(path, "paragraph")
    draft.queries.source(path, "question")
    judgements = draft.judgements(split)
    judgements.source(path, "question")
    if "data" not in document:
        raise InputError("the field is missing", path=path, field="data", expected='{"data": [{"paragraphs": ...}]}')
    paragraphs = questions = impossible = 0
    for a, article in enumerate(list_field(document, "data", path, None)):
        at = f"data[{a}]."
        article = object_field(article, path, None, at[:-1])
        title = text_field(article, "title", path, None, at, optional=True).replace("_", " ")
        for p, paragraph in enumerate(list_field(article, "paragraphs", path, None, at)):
            within = f"{at}paragraphs[{p}]."
            paragraph = object_field(paragraph, path, None, within[:-1])
            passage = f"{prefix}{a:03d}-{p:03d}"
            text = text_field(paragraph, "context", path, None, within)
            paragraphs += 1
            row: dict[str, Any] = {"id": passage, "title": title, "text": text, "document": title or None}
            draft.passages.add(paragraphs, row)
            for q, question in enumerate(list_field(paragraph, "qas", path, None, within)):
                here = f"{within}qas[{q}]."
                question = object_field(question, path, None, here[:-1])
                questions += 1
                query = id_field(question, "id", path, None, here)
                answers = [
                    text_field(object_field(x, path, None, f"{here}answers"), "text", path, None, f"{here}answers[].")
                    for x in list_field(question, "answers", path, None, here)
                ]
                values = {
                    "id": query,
                    "text": text_field(question, "question", path, None, here).strip(),
                    "answers": list(dict.fromkeys(answers)) or None,
                    "entity": title or None,
                }
                if question.get("is_impossible"):
                    impossible += 1
                    draft.queries.add(questions, values | {"kind": "unanswerable", "answers": None})
                    continue
                draft.queries.add(questions, values)
                judgements.add(questions, {"query_id": query, "passage_id": passage, "grade": 1})
    if impossible:
        draft.note(
            f"{impossible:,} questions of {path.name} have no answer in their paragraph; they carry no judgement"
        )
