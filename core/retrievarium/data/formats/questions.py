"""Question sets without passages: EntityQuestions, NQ-open, PopQA.

Their files hold questions and answers only. They import as a set of questions, which can be asked over any passages:
`{"passages": NAME_OR_PATH}` in the mapping does so at once, `questions.over(collection)` later. They carry no
judgements; measure by answer strings (`Answer@k`). The file's split stands in the queries' column `split`.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.fields import as_count, as_json, kind_of, object_field, text_field, texts_field
from retrievarium.data.formats.peek import bare, first_keys, head_of, listed, split_of
from retrievarium.data.formats.reading import Reader

_RELATION_FILE = re.compile(r"(P\d+)\.(train|dev|test)\.json(\.gz)?")
_TEMPLATES = "relation_query_templates.json"
_POPQA = ("id", "subj", "prop", "obj", "s_pop", "question", "possible_answers")
_NESTED_LIMIT = 65_536


# -- EntityQuestions (Sciavolino et al., 2021)


def files_entity(path: Path) -> list[Path]:
    """P*.{train,dev,test}.json: the file itself, or all below the folder."""
    if path.is_file():
        return [path] if _RELATION_FILE.fullmatch(path.name) else []
    found = (p for g in ("P*", "*/P*", "*/*/P*") for p in path.glob(g))
    return sorted(p for p in found if _RELATION_FILE.fullmatch(p.name))


def sniff_entity(path: Path) -> str | None:
    return None if files_entity(path) else "no file is named like P17.test.json"


def _templates(path: Path, reader: Reader) -> dict[str, str]:
    """`{"P17": "Which country is [X] located in?"}` where the data set's own file of them lies near."""
    folders = [path, path.parent, *path.parents[1:3]] if path.is_dir() else list(path.parents[:3])
    found = next((f / _TEMPLATES for f in folders if (f / _TEMPLATES).is_file()), None)
    if found is None:
        return {}
    return {k: v for k, v in object_field(reader.json_document(found), found, None, "the document").items() if v}


def _entity_in(question: str, template: str) -> str | None:
    before, mark, after = template.partition("[X]")
    if mark and question.startswith(before) and question.endswith(after):
        return question[len(before) : len(question) - len(after)] or None
    return None


def read_entity(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from EntityQuestions; the relation is the file's, the entity comes from the question templates."""
    templates = _templates(path, reader)
    for file in files_entity(path) or [path]:
        match = _RELATION_FILE.fullmatch(file.name)
        relation, split = (match[1], match[2]) if match else (None, split_of(file, "test"))
        draft.queries.source(file, "question")
        document = reader.json_document(file)
        if not isinstance(document, list):
            raise InputError(f"the document is {kind_of(document)}", path=file, expected="a list [{question, answers}]")
        for n, entry in enumerate(document):
            row = object_field(entry, file, None, f"[{n}]")
            question = text_field(row, "question", file, None, f"[{n}].")
            values = {
                "id": f"{relation or bare(file)}-{split}-{n}",
                "text": question,
                "answers": texts_field(row, "answers", file, None, f"[{n}].") or None,
                "entity": _entity_in(question, templates.get(relation or "", "")),
                "relation": relation,
                "split": split,
            }
            draft.queries.add(n, values)
    if not templates:
        draft.note(f"without {_TEMPLATES} beside the files, the entity of a question is not known")


# -- NQ-open (Lee et al., 2019) as JSON lines, or DPR's `question <tab> ['answer', ...]`


def _is_nq(path: Path) -> bool:
    if bare(path).endswith((".jsonl", ".json")):
        keys = first_keys(path)
        return "question" in keys and bool({"answer", "answers"} & keys) and not {"text", "context", "ctxs"} & keys
    cells = head_of(path).split("\n", 1)[0].rstrip("\r").split("\t")
    return len(cells) == 2 and cells[1].strip().strip('"').startswith("[")


def files_nq(path: Path) -> list[Path]:
    return [p for p in listed(path, ".jsonl", ".json", ".csv", ".tsv") if _is_nq(p)]


def sniff_nq(path: Path) -> str | None:
    return None if files_nq(path) else 'no lines with only "question" and "answer"'


def _listed_answers(text: str, path: Path, line: int, field: str) -> list[str]:
    """A list written as JSON or as Python writes it. Raises InputError."""
    value: Any = None
    if len(text) <= _NESTED_LIMIT:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            try:
                value = ast.literal_eval(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                value = None
    if not isinstance(value, list):
        raise InputError(
            f"{text[:40]!r} is not a list", path=path, line=line, field=field, expected="a list like ['Paris']"
        )
    return texts_field({field: value}, field, path, line)


def read_nq(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from NQ-open files."""
    for file in files_nq(path) or [path]:
        split = split_of(file, "test")
        draft.queries.source(file)
        if bare(file).endswith((".jsonl", ".json")):
            for line, row in reader.json_lines(file):
                key = "answer" if "answer" in row else "answers"
                answers = texts_field(row, key, file, line)
                named = next((row[k] for k in ("id", "example_id") if isinstance(row.get(k), (str, int))), None)
                _add_question(draft, line, str(named or f"{split}-{line}"), row, file, answers, split)
            continue
        for line, cells in reader.records(file, "\t"):
            if len(cells) != 2:
                raise InputError(
                    f"the line has {len(cells)} columns", path=file, line=line, expected="question and answers"
                )
            answers = _listed_answers(cells[1], file, line, "answers")
            _add_question(draft, line, f"{split}-{line}", {"question": cells[0]}, file, answers, split)


def _add_question(
    draft: Draft, line: int, name: str, row: Mapping[str, Any], path: Path, answers: list[str], split: str
) -> None:
    text = text_field(row, "question", path, line)
    draft.queries.add(line, {"id": name, "text": text, "answers": answers or None, "split": split})


# -- PopQA (Mallen et al., 2023)


def _is_popqa(path: Path) -> bool:
    header = head_of(path).split("\n", 1)[0].rstrip("\r").split("\t")
    return set(_POPQA) <= set(header)


def files_popqa(path: Path) -> list[Path]:
    return [p for p in listed(path, ".tsv") if _is_popqa(p)]


def sniff_popqa(path: Path) -> str | None:
    return None if files_popqa(path) else f"no TSV with the columns {', '.join(_POPQA)}"


def read_popqa(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from PopQA: `entity` is the subject, `popularity` its monthly page views `s_pop`."""
    for file in files_popqa(path) or [path]:
        split = split_of(file, "test")
        draft.queries.source(file)
        header: list[str] = []
        for line, cells in reader.records(file, "\t"):
            if not header:
                header = cells
                if missing := [c for c in _POPQA if c not in header]:
                    raise InputError(
                        f"the header lacks {missing}", path=file, line=line, expected=f"columns {', '.join(_POPQA)}"
                    )
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"the line has {len(cells)} columns", path=file, line=line, expected=f"{len(header)} as in line 1"
                )
            row: dict[str, Any] = dict(zip(header, cells, strict=True))
            popularity = as_count(row["s_pop"])
            if popularity is None:
                raise InputError(
                    f"{row['s_pop']!r:.40} is not a number", path=file, line=line, field="s_pop", expected="page views"
                )
            rest = {k: v for k, v in row.items() if k not in ("id", "question", "possible_answers", "subj", "s_pop")}
            draft.queries.add(
                line,
                {
                    "id": f"popqa-{row['id']}",
                    "text": text_field(row, "question", file, line),
                    "answers": _listed_answers(row["possible_answers"], file, line, "possible_answers") or None,
                    "entity": row["subj"] or None,
                    "relation": rest.pop("prop") or None,
                    "popularity": popularity,
                    "split": split,
                    "metadata": as_json(rest),
                },
            )
