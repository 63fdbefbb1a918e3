"""The public checks accept a right part and name what is wrong with a wrong one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from retrievarium.contracts import (
    Run,
    as_queries,
    check_encoder,
    check_index,
    check_retriever,
    check_sparse_encoder,
    total_order,
)


class Encoder:
    name, dim, max_length, similarity, fingerprint = "letters", 8, 16, "cosine", "0123456789abcdef"

    def encode_queries(self, texts: Sequence[str], progress: Any = None) -> np.ndarray:
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(out, texts, strict=True):
            row[0] = 1
            for c in text:
                row[ord(c) % self.dim] += 1
            row /= np.linalg.norm(row)
        return out

    encode_passages = encode_queries


def spoiled(base: type, **members: Any) -> Any:
    return type("Spoiled", (base,), members)()


def test_a_right_encoder_passes() -> None:
    check_encoder(Encoder())


def changing(self: Encoder, texts: Sequence[str], progress: Any = None) -> np.ndarray:
    self.calls = getattr(self, "calls", 0) + 1  # type: ignore[attr-defined]
    return Encoder.encode_queries(self, texts) * np.float32(1 + self.calls * 1e-6)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"similarity": "l2"}, "similarity must be"),
        ({"fingerprint": "abc"}, "16 hex"),
        ({"dim": 9, "encode_queries": lambda s, t, progress=None: np.ones((len(t), 8), np.float32)}, r"\(n, dim\)"),
        ({"encode_queries": lambda s, t, progress=None: np.ones((len(t), 8))}, "float32"),
        ({"encode_queries": lambda s, t, progress=None: np.full((len(t), 8), np.nan, np.float32)}, "not finite"),
        ({"encode_queries": lambda s, t, progress=None: np.full((len(t), 8), len(t), np.float32)}, "beside it"),
        ({"encode_queries": lambda s, t, progress=None: np.ones((len(t), 8), np.float32)}, "unit vectors"),
        ({"encode_queries": changing}, "two results"),
    ],
)
def test_wrong_encoders(members: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_encoder(spoiled(Encoder, **members))


class Letters:
    """A text is its letters, counted."""

    name, dim, similarity, kind, fingerprint = "letters", 300, "dot", "lexical", "0123456789abcdef"

    def encode_queries(self, texts: Sequence[str], progress: Any = None) -> Any:
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(out, texts, strict=True):
            for c in text:
                row[ord(c) % self.dim] += 1
        return csr_matrix(out)

    encode_passages = encode_queries

    def pieces(self, columns: Sequence[int]) -> list[str]:
        return [chr(c) for c in columns]


def test_a_right_sparse_encoder_passes() -> None:
    check_sparse_encoder(Letters())


def spoiling(change: Callable[[Any], Any]) -> Any:
    return lambda self, texts, progress=None: change(Letters.encode_queries(self, texts))


def with_a_zero(weights: Any) -> Any:
    if weights.nnz:
        weights.data[0] = 0
    return weights


def counted(self: Any, texts: Sequence[str], progress: Any = None) -> Any:
    self.calls = getattr(self, "calls", 0) + 1
    return Letters.encode_queries(self, texts) * np.float32(1 + self.calls * 1e-6)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"kind": "dense"}, "kind must be"),
        ({"similarity": "cosine"}, "must be 'dot'"),
        ({"fingerprint": "zz"}, "16 hex"),
        ({"pieces": lambda self, columns: [1, 2]}, "name each column"),
        ({"encode_queries": spoiling(lambda w: w.toarray())}, "CSR"),
        ({"encode_queries": spoiling(csc_matrix)}, "CSR"),
        ({"encode_queries": spoiling(lambda w: w.astype(np.float64))}, "float32"),
        ({"encode_queries": spoiling(lambda w: w[:, :20])}, r"\(n, dim\)"),
        ({"encode_queries": spoiling(lambda w: w * np.float32("nan"))}, "not finite"),
        ({"encode_queries": spoiling(lambda w: -w)}, "below 0"),
        ({"encode_queries": spoiling(with_a_zero)}, "stored one"),
        ({"encode_queries": spoiling(lambda w: w * np.float32(w.shape[0]))}, "beside it"),
        ({"encode_queries": counted}, "two results"),
    ],
)
def test_wrong_sparse_encoders(members: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_sparse_encoder(spoiled(Letters, **members))


def test_no_encoder_at_all() -> None:
    with pytest.raises(AssertionError, match="an encoder needs"):
        check_encoder(object())


class Index:
    def __init__(self) -> None:
        self.ids: list[str] = []
        self.rows = np.empty((0, 8), dtype=np.float32)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256("".join(self.ids).encode() + self.rows.tobytes()).hexdigest()[:16]

    def add(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        self.ids += ids
        self.rows = np.concatenate([self.rows, vectors])

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        scores = queries @ self.rows.T
        order = np.stack([total_order(row, self.ids)[:k] for row in scores])
        return np.take_along_axis(scores, order, 1), np.array(self.ids, dtype=object)[order]

    def vectors(self, ids: Sequence[str]) -> np.ndarray:
        return self.rows[[self.ids.index(i) for i in ids]]

    def save(self, folder: Path) -> None:
        np.savez(folder / "index.npz", rows=self.rows, ids=np.array(self.ids))

    @classmethod
    def load(cls, folder: Path) -> Index:
        index, saved = cls(), np.load(folder / "index.npz")
        index.add(saved["ids"].tolist(), saved["rows"])
        return index


def by_lowest_id(self: Index, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    scores = queries @ self.rows.T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, 1), np.array(self.ids, dtype=object)[order]


def test_indexes() -> None:
    check_index(Index, Index.load)
    check_index(Index)
    with pytest.raises(AssertionError, match="id descending"):
        check_index(type("Wrong", (Index,), {"search": by_lowest_id}))
    with pytest.raises(AssertionError, match="must change the fingerprint"):
        check_index(type("Wrong", (Index,), {"fingerprint": "same"}))
    with pytest.raises(AssertionError, match="same fingerprint"):
        check_index(Index, lambda folder: Index())


class Retriever:
    name = "lengths"
    documents = ("a", "bb", "cc", "ddd")

    def search(self, queries: Any, k: int = 100) -> Run:
        batch = as_queries(queries)
        full = {
            q: {d: float(len(d) == len(t)) for d in self.documents} for q, t in zip(batch.ids, batch.texts, strict=True)
        }
        return Run.from_dict(full).top(k)


def _wrong(change: Callable[[Run], Run]) -> Any:
    return spoiled(Retriever, search=lambda self, queries, k=100: change(Retriever.search(self, queries, k)))


def test_retrievers() -> None:
    queries = {"x": "aa", "y": "bbb"}
    check_retriever(Retriever(), queries, k=3)
    with pytest.raises(AssertionError, match="each query once"):
        check_retriever(_wrong(lambda run: run.select(list(run.query_ids)[::-1])), queries)
    with pytest.raises(AssertionError, match="total order"):
        check_retriever(
            _wrong(
                lambda run: Run(
                    run.query_ids, run.offsets, run.doc_ids[::-1].copy(), run.scores[::-1].copy(), ordered=True
                )
            ),
            queries,
        )
    with pytest.raises(AssertionError, match="at least two"):
        check_retriever(Retriever(), "one")
    every = spoiled(Retriever, search=lambda self, queries, k=100: Retriever.search(self, queries, 100))
    with pytest.raises(AssertionError, match="more than k"):
        check_retriever(every, queries, k=2)
