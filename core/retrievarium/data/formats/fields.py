"""Fields of a record: ids, texts, answers, and which metadata keys become columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.data.formats.reading import kind_of


def id_field(row: Mapping[str, Any], name: str, path: Path, line: int | None, where: str = "") -> str:
    """An id: a text that is not blank, or a whole number. Raises InputError."""
    value = row.get(name)
    if type(value) is str and value and not value.isspace() and "\0" not in value:
        return value
    if type(value) is int:
        return str(value)
    if name not in row:
        what = "the field is missing"
    elif isinstance(value, str):
        what = "the id holds a NUL character" if "\0" in value else "the id is empty"
    else:
        what = f"the id is {kind_of(value)}"
    raise InputError(
        what,
        path=path,
        line=line,
        field=where + name,
        expected="a text of at least one character",
        fix="give each record an id of its own",
    )


def text_field(
    row: Mapping[str, Any], name: str, path: Path, line: int | None, where: str = "", *, optional: bool = False
) -> str:
    """A text; empty ones pass (the preflight counts them). `optional` turns a missing or null one into ""."""
    value = row.get(name)
    if type(value) is str:
        return value
    if optional and value is None:
        return ""
    raise InputError(
        "the field is missing" if name not in row else f"the field holds {kind_of(value)}",
        path=path,
        line=line,
        field=where + name,
        expected="a text",
        fix="add it, or map the column that holds the text" if name not in row else "write it as a text in quotes",
    )


def list_field(row: Mapping[str, Any], name: str, path: Path, line: int | None, where: str = "") -> list[Any]:
    """A list; a missing or null one is empty. Raises InputError."""
    value = row.get(name)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise InputError(f"the field holds {kind_of(value)}", path=path, line=line, field=where + name, expected="a list")


def object_field(value: Any, path: Path, line: int | None, where: str) -> Mapping[str, Any]:
    """An object. Raises InputError."""
    if isinstance(value, dict):
        return value
    raise InputError(f"this is {kind_of(value)}", path=path, line=line, field=where, expected="an object {...}")


def texts_field(row: Mapping[str, Any], name: str, path: Path, line: int | None, where: str = "") -> list[str]:
    """Texts, each once, in order: a list of texts or numbers, or one text alone."""
    value = row.get(name)
    texts = as_texts(value)
    if texts is None and value not in (None, "", []):
        raise InputError(
            f"the field holds {kind_of(value)}" + (" with more than texts in it" if isinstance(value, list) else ""),
            path=path,
            line=line,
            field=where + name,
            expected="a list of texts",
        )
    return texts or []


def grade_of(value: Any, path: Path, line: int | None, field: str = "score") -> int:
    """A grade: a whole number that fits 32 bits, perhaps written `1.0`. Raises InputError."""
    number: float | None = None
    if type(value) in (int, float):
        number = value
    elif isinstance(value, str):
        try:
            number = int(value)
        except ValueError:
            try:
                number = float(value)
            except ValueError:
                number = None
    if number is None or number != number or abs(number) >= 2**31 or int(number) != number:
        raise InputError(
            f"{value!r:.60} is no grade",
            path=path,
            line=line,
            field=field,
            expected="a whole number (0 not relevant, 1 or more relevant)",
        )
    return int(number)


# -- metadata


def as_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def as_texts(value: Any) -> list[str] | None:
    if isinstance(value, str):
        return [value] if value else None
    if not isinstance(value, list) or not value:
        return None
    if not all(type(v) in (str, int, float) for v in value):
        return None
    return list(dict.fromkeys(str(v) for v in value))


def as_count(value: Any) -> int | None:
    if type(value) is float and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.lstrip("-").isascii() and value.lstrip("-").isdigit() and len(value) < 19:
        value = int(value)
    return value if type(value) is int and abs(value) < 2**63 else None


QUERY_COLUMNS = {
    "answers": (("answers", "answer"), as_texts),
    "entity": (("entity",), as_text),
    "relation": (("relation",), as_text),
    "popularity": (("popularity", "s_pop"), as_count),
    "kind": (("kind", "type"), as_text),
    "language": (("language", "lang"), as_text),
    "split": (("split",), as_text),
}
"""Query columns, the metadata keys they are read from, and what a value must be."""

PASSAGE_COLUMNS = {
    "document": (("document", "article"), as_text),
    "language": (("language", "lang"), as_text),
    "entities": (("entities", "entity"), as_texts),
}
"""Passage columns, the metadata keys they are read from, and what a value must be."""


def lift(metadata: dict[str, Any], columns: Mapping[str, tuple[tuple[str, ...], Any]]) -> dict[str, Any]:
    """Column values found in `metadata`; what has no column, or not its type, stays together as JSON in `metadata`."""
    found: dict[str, Any] = {}
    rest = metadata
    for column, (keys, convert) in columns.items():
        for key in keys:
            if key in metadata and (value := convert(metadata[key])) is not None:
                found[column] = value
                rest = {k: v for k, v in rest.items() if k != key}
                break
    if rest:
        found["metadata"] = as_json(rest)
    return found


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), sort_keys=True, default=str)
