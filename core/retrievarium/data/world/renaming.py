"""Bijective renaming of name tokens in a collection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from retrievarium.contracts import InputError
from retrievarium.data.collection import Collection

_WORD = re.compile(r"\w+")


def _renamed(value: Any, mapping: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _WORD.sub(lambda match: _one(match.group(), mapping), value)
    if isinstance(value, list):
        return [_renamed(item, mapping) for item in value]
    return value


def _one(word: str, mapping: Mapping[str, str]) -> str:
    new = mapping.get(word.lower())
    if new is None:
        return word
    return new.capitalize() if word[:1].isupper() else new


def _table(table: pa.Table, mapping: Mapping[str, str]) -> pa.Table:
    columns = []
    for field in table.schema:
        column = table.column(field.name)
        textual = pa.types.is_string(field.type) or field.type == pa.list_(pa.string())
        if textual:
            column = pa.array([_renamed(v, mapping) for v in column.to_pylist()], type=field.type)
        columns.append(column)
    return pa.table(columns, schema=table.schema)


def rename_collection(collection: Collection, mapping: Mapping[str, str]) -> Collection:
    """Replace tokens one for one; capital letters follow the old word.

    Raises
    ------
    InputError
        When two tokens get one new name, or a new name stands in the collection without being renamed itself.
    """
    lower = {old.lower(): new.lower() for old, new in mapping.items()}
    if len(set(lower.values())) < len(lower):
        raise InputError("two tokens get the same new name", field="mapping", expected="a one-to-one mapping")
    present: set[str] = set()
    for text in (*collection.passages.joined, *collection.all_queries.texts):
        present.update(word.lower() for word in _WORD.findall(text))
    clash = sorted(new for new in lower.values() if new in present and new not in lower)
    if clash:
        raise InputError(f"{clash[0]!r} already stands in the collection", field="mapping", expected="unused names")
    splits = {name: collection.split_named(name).qrels.table for name in collection.splits}
    return Collection(
        f"{collection.name}-renamed",
        _table(collection.passages.table, lower),
        _table(collection.all_queries.table, lower),
        splits,
        tables={name: _table(table, lower) for name, table in collection.tables.items()},
        meta=collection.meta,
    )
