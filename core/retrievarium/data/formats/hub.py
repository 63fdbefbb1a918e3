"""Hugging Face data sets, `hf:owner/name` or `hf:folder`: the package `datasets` (extra `hub`), never a loading script.

Layouts: configs `corpus`, `queries` and judgements in `default` (or `qrels`), or judgements in a second data set
`owner/name-qrels`; questions with their `context` (as SQuAD has them); or one table of passages, by column mapping.
Mapping: `{"qrels": "owner/name"}` names the judgements' data set, `{"id": ..., "text": ...}` maps columns,
`{"config": ..., "split": ...}` chooses among several.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.fields import (
    PASSAGE_COLUMNS,
    QUERY_COLUMNS,
    as_texts,
    grade_of,
    id_field,
    lift,
    text_field,
)
from retrievarium.data.formats.reading import Reader

_IDS = ("_id", "id", "docid", "doc_id", "query_id", "pid", "qid", "corpus-id", "query-id")
_TEXTS = ("text", "body", "content", "contents", "passage", "query", "question")
_QRELS = ("query-id", "corpus-id", "score")
_DEV = {"validation": "dev", "valid": "dev"}
_JUDGEMENTS = ("default", "qrels")


def sniff(source: Any) -> str | None:
    return "it is not a hf: id"


def files(source: Any) -> list[Path]:
    return []


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise InputError(
            "reading Hugging Face data sets needs the package 'datasets'", fix='pip install "retrievarium[hub]"'
        ) from error
    return datasets


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _load(datasets: Any, name: str, config: str | None) -> Mapping[str, Any]:
    try:
        loaded = datasets.load_dataset(name, config) if config else datasets.load_dataset(name)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the data set {name!r} (config {config or 'default'}) cannot be loaded: {_reason(error)}",
            path=f"hf:{name}",
            expected="the id of a data set in plain files (no loading script), and a connection or a filled cache",
            fix="check the id and the connection, or download the files and import the folder",
        ) from error
    return loaded if isinstance(loaded, Mapping) else {"all": loaded}


def _configs(datasets: Any, name: str) -> list[str]:
    try:
        return list(datasets.get_dataset_config_names(name))
    except (OSError, ValueError) as error:
        raise InputError(
            f"the data set {name!r} cannot be found: {_reason(error)}",
            path=f"hf:{name}",
            fix="check the id and the connection",
        ) from error


def _rows(table: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    for batch in table.iter(batch_size=1000):
        names = list(batch)
        for cells in zip(*(batch[n] for n in names), strict=True):
            number += 1
            yield number, dict(zip(names, cells, strict=True))


def read(source: str, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from a data set."""
    datasets = _library()
    configs = _configs(datasets, source)
    if "corpus" in configs:
        for part, rows, known in (
            ("corpus", draft.passages, PASSAGE_COLUMNS),
            ("queries", draft.queries, QUERY_COLUMNS),
        ):
            if part not in configs:
                continue
            for split, table in _load(datasets, source, part).items():
                where = Path(f"hf:{source}/{part}/{split}")
                rows.source(where, "row")
                for number, row in _rows(table):
                    rows.add(number, _record(row, mapping, where, number, known, part == "corpus"))
        _judgements(datasets, source, configs, draft, mapping)
        return
    wanted = mapping.get("config", configs[0] if len(configs) == 1 or "default" not in configs else "default")
    if wanted not in configs:
        raise InputError(f"there is no config {wanted!r}", path=f"hf:{source}", expected=f"one of {configs}")
    loaded = _load(datasets, source, wanted)
    if "split" in mapping and mapping["split"] not in loaded:
        raise InputError(f"there is no split {mapping['split']!r}", path=f"hf:{source}", expected=f"one of {[*loaded]}")
    met: dict[str, str] = {}
    for split, table in loaded.items():
        if mapping.get("split", split) != split:
            continue
        where = Path(f"hf:{source}/{split}")
        if {"context", "question"} <= set(table.column_names):
            _contexts(table, where, _DEV.get(split, split), draft, met)
        else:
            draft.passages.source(where, "row")
            for number, row in _rows(table):
                draft.passages.add(number, _record(row, mapping, where, number, PASSAGE_COLUMNS, True))


def _record(
    row: dict[str, Any], mapping: Mapping[str, Any], where: Path, number: int, known: Any, passage: bool
) -> dict[str, Any]:
    def column(field: str, guesses: tuple[str, ...]) -> str:
        if field in mapping:
            return str(mapping[field])
        found = next((g for g in guesses if g in row), None)
        if found is None:
            raise InputError(
                f"it is not clear which column is the {field}",
                path=where,
                field=field,
                expected=f"one of {list(guesses)}; there are {list(row)}",
                fix=f"map it: mapping={{{field!r}: COLUMN}}",
            )
        return found

    id_column, text_column = column("id", _IDS), column("text", _TEXTS)
    values = {"id": id_field(row, id_column, where, number), "text": text_field(row, text_column, where, number)}
    taken = {id_column, text_column}
    if passage:
        title = str(mapping.get("title", "title"))
        values["title"] = text_field(row, title, where, number, optional=True)
        taken.add(title)
    rest = {k: v for k, v in row.items() if k not in taken and v is not None}
    if isinstance(inner := rest.get("metadata"), dict):
        rest = {
            **{k: v for k, v in rest.items() if k != "metadata"},
            **{k: v for k, v in inner.items() if v is not None},
        }
    return values | (lift(rest, known) if rest else {})


def _judgements(datasets: Any, source: str, configs: list[str], draft: Draft, mapping: Mapping[str, Any]) -> None:
    if "qrels" in mapping:
        name, config = str(mapping["qrels"]), None
    elif (inside := next((c for c in _JUDGEMENTS if c in configs), None)) is not None:
        name, config = source, inside
    else:
        name, config = f"{source}-qrels", None
    try:
        loaded = _load(datasets, name, config)
    except InputError as error:
        if "qrels" in mapping or config is not None:
            raise
        draft.warn(f"no judgements were found: neither a config 'default' nor {name!r} ({error.what[:80]})")
        return
    for split, table in loaded.items():
        where = Path(f"hf:{name}/{split}")
        if missing := [c for c in _QRELS if c not in table.column_names]:
            raise InputError(
                f"the judgements lack the column {missing[0]!r}", path=where, expected=f"columns {list(_QRELS)}"
            )
        rows = draft.judgements(_DEV.get(split, split))
        rows.source(where, "row")
        for number, row in _rows(table):
            query, passage = (id_field(row, c, where, number) for c in _QRELS[:2])
            grade = grade_of(row["score"], where, number)
            rows.add(number, {"query_id": query, "passage_id": passage, "grade": grade})


def _contexts(table: Any, where: Path, split: str, draft: Draft, met: dict[str, str]) -> None:
    """Questions with the context they were asked about, as SQuAD has them; equal contexts are one passage."""
    for rows in (draft.passages, draft.queries, draft.judgements(split)):
        rows.source(where, "row")
    for number, row in _rows(table):
        title = text_field(row, "title", where, number, optional=True).replace("_", " ")
        text = text_field(row, "context", where, number)
        key = hashlib.sha256(f"{title}\0{text}".encode("utf-8", errors="surrogatepass")).hexdigest()[:16]
        if key not in met:
            met[key] = f"p{len(met):05d}"
            draft.passages.add(number, {"id": met[key], "title": title, "text": text, "document": title or None})
        answers = row.get("answers")
        found = as_texts(answers.get("text") if isinstance(answers, dict) else answers)
        query = id_field(row, "id", where, number) if "id" in row else f"{split}-{number}"
        values = {"id": query, "text": text_field(row, "question", where, number), "answers": found}
        draft.queries.add(number, values | {"entity": title or None})
        if found or not isinstance(answers, dict):
            draft.judgements(split).add(number, {"query_id": query, "passage_id": met[key], "grade": 1})
