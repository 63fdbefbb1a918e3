"""One passage edited: every retriever as it would be if the collection held the new text, without building it anew.

Only the edited passage is encoded or counted again; everything else is shared. The results are those of retrievers
built from scratch over the edited collection (tested), with one exception: an approximate index is searched exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retrievarium.contracts import InputError, QueryBatch
from retrievarium.data import Collection
from retrievarium.retrievers import (
    BM25,
    BaseRetriever,
    Cascade,
    Cut,
    Dense,
    Feedback,
    HyDE,
    LateInteraction,
    LinearFusion,
    RankFusion,
    Rerank,
    Sparse,
)

if TYPE_CHECKING:
    from retrievarium.encoders import MultiVectors

Made = TypeVar("Made", bound=BaseRetriever)


@dataclass(frozen=True)
class Edit:
    """Another title and text for one passage."""

    passage: str
    title: str
    text: str


def edited_collection(collection: Collection, edit: Edit) -> Collection:
    """The collection with one passage's title and text replaced; nothing is copied but that row."""
    table, row = collection.passages.table, collection.passages.row_of[edit.passage]
    one = table.slice(row, 1)
    for name, value in (("title", edit.title), ("text", edit.text)):
        at = one.schema.get_field_index(name)
        one = one.set_column(at, one.schema.field(at), pa.array([value], one.schema.field(at).type))
    passages = pa.concat_tables([table.slice(0, row), one, table.slice(row + 1)])
    return Collection(
        collection.name,
        passages,
        collection.all_queries.table,
        {s: collection.split_named(s).qrels.table for s in collection.splits},
        collection.tables,
        collection.meta,
        fingerprint=f"{collection.fingerprint}, {edit.passage} edited",
    )


def edited(retrievers: Mapping[str, Any], collection: Collection, edit: Edit) -> dict[str, BaseRetriever]:
    """Each retriever over the edited collection; one that is a part of several is made once.

    Raises InputError for an imported run, whose lists nobody can make again, and for a stranger's retriever.
    """
    there = edited_collection(collection, edit)
    known: dict[int, BaseRetriever] = {}

    def make(retriever: Any) -> Any:
        if id(retriever) not in known:
            known[id(retriever)] = _made(retriever, there, edit, make)
        return known[id(retriever)]

    return {name: make(r) for name, r in retrievers.items()}


def _made(retriever: Any, there: Collection, edit: Edit, make: Callable[[Any], Any]) -> BaseRetriever:
    told = there.passages.text_of(edit.passage)
    row = there.passages.row_of[edit.passage]
    name = getattr(retriever, "name", "")
    if isinstance(retriever, BM25):
        return _EditedBM25(retriever, there, row)
    if isinstance(retriever, Dense):
        return _EditedDense(retriever, there, row, told)
    if isinstance(retriever, Sparse):
        weights = _replaced(retriever.index.rows(there.passages.ids), row, retriever.encoder.encode_passages([told]))
        return Sparse(there, retriever.encoder, weights=weights, name=name)
    if isinstance(retriever, LateInteraction):
        vectors = _regrouped(retriever.index.held, row, retriever.encoder.encode_passages([told]))
        return LateInteraction(there, retriever.encoder, vectors=vectors, name=name)
    if isinstance(retriever, Rerank):
        return Rerank(retriever.cross_encoder, there, name)
    if isinstance(retriever, Cut):
        return _named(Cut(make(retriever.inner), retriever.depth), name)
    if isinstance(retriever, Cascade):
        return _named(Cascade(make(retriever.first), make(retriever.second)), name)
    if isinstance(retriever, RankFusion):
        return RankFusion([make(p) for p in retriever.parts], retriever.depth, retriever.constant, name)
    if isinstance(retriever, LinearFusion):
        parts = [(w, make(p)) for w, p in retriever.parts]
        return LinearFusion(parts, retriever.normalisation, retriever.depth, name)
    if isinstance(retriever, Feedback):
        return Feedback(make(retriever.retriever), retriever.refine, retriever.depth, any_depth=True, name=name)
    if isinstance(retriever, HyDE):
        return HyDE(
            make(retriever.dense),
            retriever.generator,
            retriever.n,
            instruction=retriever.instruction,
            temperature=retriever.temperature,
            max_new_tokens=retriever.max_new_tokens,
            include_query=retriever.include_query,
            seed=retriever.seed,
            name=name,
        )
    raise InputError(
        f"{name or retriever!r} holds finished lists, so nobody knows what it would make of another text",
        expected="a retriever of this library",
    )


def _named(retriever: Made, name: str) -> Made:
    retriever.name = name
    return retriever


def _replaced(weights: Any, row: int, new: Any) -> Any:
    from scipy.sparse import vstack

    return vstack([weights[:row], new, weights[row + 1 :]], format="csr")


def _regrouped(held: MultiVectors, row: int, new: MultiVectors) -> MultiVectors:
    from retrievarium.encoders import MultiVectors

    start, stop = int(held.offsets[row]), int(held.offsets[row + 1])
    fresh = new[0].astype(held.values.dtype)
    values = np.concatenate([held.values[:start], fresh, held.values[stop:]])
    counts = held.counts.copy()
    counts[row] = len(fresh)
    return MultiVectors(values, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


class _EditedDense(Dense):
    """The same vectors but one; questions are read as before."""

    def __init__(self, before: Dense, there: Collection, row: int, told: str) -> None:
        vectors = np.array(before.vectors)
        vectors[row] = before.encoder.encode_passages([told])[0]
        super().__init__(there, before.encoder, vectors=vectors, name=before.name)
        self._before = before

    def query_vectors(self, queries: QueryBatch) -> NDArray[np.float32]:
        return self._before.query_vectors(queries)


class _EditedBM25(BM25):
    """BM25 with its statistics counted again: the passage's terms and length, the mean length, who holds each term.

    What the other passages hold is read back from the index: a term's part of a score, over its idf, is
    tf / (tf + k1 (1 - b + b |d| / avg|d|)), and the lengths are known, so tf follows (a whole number).
    """

    def __init__(self, before: BM25, there: Collection, row: int) -> None:
        super().__init__(there, before.k1, before.b, before.analyzer.kind, name=before.name, keep=False)
        self._before, self._row = before, row
        self.__dict__["_ranks"] = before._ranks

    @cached_property
    def _own(self) -> Counter[str]:
        """The edited passage's terms."""
        return Counter(self.analyzer.terms(self.collection.passages.text_of(self.collection.passages.ids[self._row])))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        lengths = self._before.lengths.copy()
        lengths[self._row] = sum(self._own.values())
        return lengths

    def _norms(self, lengths: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """k1 (1 - b + b |d| / avg|d|) of these rows."""
        return self.k1 * (1 - self.b + self.b * lengths[rows] / lengths.mean())

    def postings(self, term: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        rows, values = self._before.postings(term)
        n = len(self.lengths)
        share = values.astype(np.float64) / _idf(n, len(rows))
        counts = np.ones(len(rows))
        if self.k1:
            counts = np.rint(share * self._norms(self._before.lengths, rows) / np.maximum(1 - share, 1e-12))
        others = rows != self._row
        rows, counts = rows[others], counts[others]
        if self._own[term]:
            at = int(np.searchsorted(rows, self._row))
            rows, counts = np.insert(rows, at, self._row), np.insert(counts, at, self._own[term])
        parts = _idf(n, len(rows)) * counts / (counts + self._norms(self.lengths, rows))
        return rows, parts.astype(np.float32)

    def scores(self, text: str) -> NDArray[np.float32]:
        total = np.zeros(len(self.lengths), dtype=np.float32)
        for term in self.analyzer.terms(text):
            rows, values = self.postings(term)
            total[rows] += values
        return total


def _idf(n: int, holders: int) -> float:
    return float(np.log(1 + (n - holders + 0.5) / (holders + 0.5)))
