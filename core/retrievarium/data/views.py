"""Views over a collection's tables: passages, queries, qrels, splits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retrievarium.contracts import InputError, MissingError


def join_text(title: str, text: str) -> str:
    """A document's text: title and text joined by a blank."""
    return f"{title} {text}".strip()


@dataclass(frozen=True)
class Passage:
    id: str
    title: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def joined(self) -> str:
        return join_text(self.title, self.text)


@dataclass(frozen=True)
class Query:
    id: str
    text: str
    answers: tuple[str, ...] = ()
    entity: str | None = None
    relation: str | None = None
    popularity: int | None = None
    kind: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class _Rows:
    """Rows of a table with an `id` column, found by id."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        return self.table.num_rows

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.table.column("id").to_pylist())

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        return {i: n for n, i in enumerate(self.ids)}

    def __contains__(self, item_id: object) -> bool:
        return item_id in self.row_of

    def _row(self, item_id: str, what: str) -> dict[str, Any]:
        row = self.row_of.get(item_id)
        if row is None:
            raise MissingError(
                f"there is no {what} {item_id!r} here",
                fix=f"use one of the {len(self)} ids of this {what} table",
            )
        return self.table.slice(row, 1).to_pylist()[0]

    def column(self, name: str) -> list[Any] | None:
        """A column as a list, or None where the collection lacks it."""
        return self.table.column(name).to_pylist() if name in self.table.column_names else None


class Passages(_Rows):
    """Passages as aligned `ids`, `titles`, `texts`, each `(n,)`."""

    @cached_property
    def titles(self) -> tuple[str, ...]:
        return tuple(self.table.column("title").to_pylist())

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(self.table.column("text").to_pylist())

    def require(self) -> None:
        """Raises InputError where there are no passages, only questions."""
        if not len(self):
            raise InputError(
                "the collection holds questions only; there is nothing to search",
                fix="ask them over another collection's passages: questions.over(load_collection(NAME)), "
                "or import them with passages=NAME in the mapping",
            )

    @property
    def joined(self) -> list[str]:
        """Title and text joined, `(n,)`: what is indexed. Raises InputError where there are no passages."""
        self.require()
        return [join_text(a, b) for a, b in zip(self.titles, self.texts, strict=True)]

    def __getitem__(self, passage_id: str) -> Passage:
        row = self._row(passage_id, "passage")
        return Passage(row.pop("id"), row.pop("title"), row.pop("text"), row)

    def text_of(self, passage_id: str) -> str:
        return self[passage_id].joined

    def __iter__(self) -> Iterator[Passage]:
        return (self[i] for i in self.ids)


class Queries(_Rows):
    """Queries as aligned `ids` and `texts`, each `(n,)`."""

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(self.table.column("text").to_pylist())

    @property
    def asked(self) -> dict[str, str]:
        """Text by query id, as retrievers and miners take it."""
        return dict(zip(self.ids, self.texts, strict=True))

    def __getitem__(self, query_id: str) -> Query:
        row = self._row(query_id, "query")
        raw = row.get("metadata")
        return Query(
            row["id"],
            row["text"],
            tuple(row.get("answers") or ()),
            row.get("entity"),
            row.get("relation"),
            row.get("popularity"),
            row.get("kind"),
            json.loads(raw) if raw else {},
        )

    def __iter__(self) -> Iterator[Query]:
        return (self[i] for i in self.ids)

    def select(self, ids: Sequence[str]) -> Queries:
        """These queries, in this order."""
        rows = [self.row_of[i] for i in ids if i in self.row_of]
        if len(rows) != len(ids):
            missing = next(i for i in ids if i not in self.row_of)
            raise MissingError(f"there is no query {missing!r} here")
        return Queries(self.table.take(pa.array(rows, type=pa.int64())))

    @cached_property
    def answers(self) -> Mapping[str, tuple[str, ...]]:
        """Answer strings by query id, for queries that have some."""
        column = self.column("answers") or []
        return {i: tuple(a) for i, a in zip(self.ids, column, strict=False) if a}


class Qrels:
    """Relevance judgements of one split: `query_id`, `passage_id`, `grade`. An unjudged pair is absent, not 0."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        return self.table.num_rows

    @cached_property
    def _by_query(self) -> dict[str, dict[str, int]]:
        lists: dict[str, dict[str, int]] = {}
        columns = (self.table.column(c).to_pylist() for c in ("query_id", "passage_id", "grade"))
        for query, passage, grade in zip(*columns, strict=True):
            lists.setdefault(query, {})[passage] = grade
        return lists

    @property
    def query_ids(self) -> tuple[str, ...]:
        """Queries with at least one judgement, in the order of the file."""
        return tuple(self._by_query)

    def __contains__(self, query_id: object) -> bool:
        return query_id in self._by_query

    def judged(self, query_id: str) -> Mapping[str, int]:
        """Grades by passage id, 0 included; empty for a query without judgements."""
        return self._by_query.get(query_id, {})

    def relevant(self, query_id: str) -> Mapping[str, int]:
        """Grades above 0 by passage id."""
        return {p: g for p, g in self.judged(query_id).items() if g > 0}

    def to_dict(self) -> dict[str, dict[str, int]]:
        """`{query id: {passage id: grade}}`."""
        return {q: dict(judged) for q, judged in self._by_query.items()}

    def select(self, query_ids: Sequence[str]) -> Qrels:
        mask = pc.is_in(self.table.column("query_id"), value_set=pa.array(list(query_ids), type=pa.string()))
        return Qrels(self.table.filter(mask))


@dataclass(frozen=True)
class Split:
    """Queries of one split with their judgements."""

    name: str
    queries: Queries
    qrels: Qrels

    def __len__(self) -> int:
        return len(self.queries)


def rows_in(queries: pa.Table, query_ids: Sequence[str]) -> pa.Table:
    """The rows of `queries` whose id is among `query_ids`, in the table's order."""
    return queries.filter(pc.is_in(queries.column("id"), value_set=pa.array(list(query_ids), type=pa.string())))


def seeded_order(n: int, seed: int) -> np.ndarray:
    """A permutation `(n,)` that depends on the seed alone."""
    return np.random.default_rng(seed).permutation(n)
