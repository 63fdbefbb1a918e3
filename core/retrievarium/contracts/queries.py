"""Anything a person may call queries, as aligned ids and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retrievarium.contracts.errors import InputError


@dataclass(frozen=True)
class QueryBatch:
    """Aligned query ids and texts, each `(n,)`."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


def as_queries(queries: Any) -> QueryBatch:
    """A `QueryBatch` from a text, a list of texts (ids q1, q2, ...), a mapping id -> text, or `.ids` and `.texts`."""
    if isinstance(queries, QueryBatch):
        return queries
    if isinstance(queries, str):
        return QueryBatch(("q1",), (queries,))
    if hasattr(queries, "ids") and hasattr(queries, "texts"):
        batch = QueryBatch(tuple(queries.ids), tuple(queries.texts))
    elif isinstance(queries, Mapping):
        batch = QueryBatch(tuple(str(q) for q in queries), tuple(queries.values()))
    elif isinstance(queries, Sequence):
        batch = QueryBatch(tuple(f"q{i + 1}" for i in range(len(queries))), tuple(queries))
    else:
        raise InputError(
            f"cannot read queries from a {type(queries).__name__}",
            expected="a text, a list of texts, a mapping from id to text, or collection.queries",
        )
    if len(batch.ids) != len(batch.texts):
        raise InputError(f"there are {len(batch.ids)} query ids and {len(batch.texts)} texts", expected="one id a text")
    for text in batch.texts:
        if not isinstance(text, str):
            raise InputError(f"a query is a {type(text).__name__}, not a text", fix="pass each query as a string")
    if len(set(batch.ids)) != len(batch.ids):
        raise InputError("two queries bear the same id", fix="give each query an id of its own")
    return batch
