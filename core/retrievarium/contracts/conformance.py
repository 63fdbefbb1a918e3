"""Public conformance checks: run them on your own part before you bring it in.

Each raises AssertionError with a sentence about what does not hold, and returns nothing when all does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from retrievarium.contracts.order import total_order
from retrievarium.contracts.protocols import Encoder, Index, Retriever
from retrievarium.contracts.queries import as_queries

_TEXTS = ["The river rises in the hills.", "A short one", "", "Ein Fluß, mit Umlauten: äöü", "word " * 400]


def check_encoder(encoder: Any) -> None:
    """Shapes, dtype, finiteness, independence of the batch, repeatability, and a fingerprint of 16 hex digits."""
    assert isinstance(encoder, Encoder), (
        "an encoder needs name, dim, max_length, similarity, fingerprint, encode_queries, encode_passages"
    )
    assert encoder.similarity in ("cosine", "dot"), "similarity must be 'cosine' or 'dot'"
    assert len(encoder.fingerprint) == 16, "fingerprint must be 16 hex digits"
    int(encoder.fingerprint, 16)
    for encode in (encoder.encode_queries, encoder.encode_passages):
        vectors = encode(_TEXTS)
        assert vectors.dtype == np.float32, f"{encode.__name__} must give float32, not {vectors.dtype}"
        assert vectors.shape == (len(_TEXTS), encoder.dim), f"{encode.__name__} must give (n, dim)"
        assert np.isfinite(vectors).all(), f"{encode.__name__} gave a vector that is not finite (empty or long text?)"
        assert encode([]).shape == (0, encoder.dim), f"{encode.__name__}([]) must give (0, dim)"
        alone = np.concatenate([encode([t]) for t in _TEXTS])
        assert np.allclose(alone, vectors, atol=1e-4), "a text's vector depends on the texts beside it"
        assert np.array_equal(encode(_TEXTS), vectors), "encoding twice gave two results"
        if encoder.similarity == "cosine":
            assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3), "cosine encoders give unit vectors"


def check_sparse_encoder(encoder: Any) -> None:
    """For an encoder of term weights: CSR float32 (n, V) with columns rising, no weight below 0, none that is stored as
    0, independence of the batch, repeatability, a name for every term, and a fingerprint of 16 hex digits."""
    wanted = ("name", "dim", "similarity", "fingerprint", "encode_queries", "encode_passages", "pieces")
    missing = [name for name in wanted if not hasattr(encoder, name)]
    assert not missing, f"a sparse encoder needs {', '.join(missing)}"
    assert getattr(encoder, "kind", None) == "lexical", "kind must be 'lexical', so that Sparse knows it"
    assert encoder.similarity == "dot", "similarity must be 'dot'"
    assert len(encoder.fingerprint) == 16, "fingerprint must be 16 hex digits"
    int(encoder.fingerprint, 16)
    for encode in (encoder.encode_queries, encoder.encode_passages):
        weights = encode(_TEXTS)
        assert getattr(weights, "format", None) == "csr", f"{encode.__name__} must give a CSR matrix"
        assert weights.dtype == np.float32, f"{encode.__name__} must give float32, not {weights.dtype}"
        assert weights.shape == (len(_TEXTS), encoder.dim), f"{encode.__name__} must give (n, dim)"
        assert np.isfinite(weights.data).all(), f"{encode.__name__} gave a weight that is not finite"
        assert (weights.data > 0).all(), f"{encode.__name__} gave a weight below 0, or stored one that is 0"
        for row in range(len(_TEXTS)):
            columns = weights.indices[weights.indptr[row] : weights.indptr[row + 1]]
            assert (np.diff(columns) > 0).all(), "the columns of a row must rise, each once"
        assert encode([]).shape == (0, encoder.dim), f"{encode.__name__}([]) must give (0, dim)"
        for row, text in enumerate(_TEXTS):
            alone = encode([text]).toarray()[0]
            assert np.allclose(alone, weights[row].toarray()[0], atol=1e-4), "weights depend on the texts beside it"
        assert (encode(_TEXTS) != weights).nnz == 0, "encoding twice gave two results"
    names = encoder.pieces([0, encoder.dim - 1])
    assert [type(n) for n in names] == [str, str], "pieces(columns) must name each column"


def check_index(
    make: Callable[[], Any], load: Callable[[Path], Any] | None = None, exact: bool = True, seed: int = 0
) -> None:
    """`make()` gives an empty inner-product index; adding, searching, ties, k beyond the size, saving and loading."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(60, 8)).astype(np.float32)
    vectors[20:30] = vectors[10]  # ten equal vectors: ties
    ids = [f"p{i:02d}" for i in range(60)]
    queries = np.concatenate([rng.normal(size=(4, 8)), vectors[10:11]]).astype(np.float32)
    index = make()
    assert isinstance(index, Index), "an index needs add, search, vectors, save and fingerprint"
    index.add(ids[:25], vectors[:25])
    before = index.fingerprint
    index.add(ids[25:], vectors[25:])
    assert index.fingerprint != before, "adding vectors must change the fingerprint"
    scores, found = index.search(queries, 5)
    assert scores.shape == found.shape == (5, 5), "search must give scores and ids of shape (n, k)"
    assert scores.dtype == np.float32, "scores must be float32"
    assert (np.diff(scores, axis=1) <= 0).all(), "scores must descend"
    if exact:
        truth = queries @ vectors.T
        for row, got in zip(truth, found, strict=True):
            expected = [ids[i] for i in total_order(row, ids)[:5]]
            assert list(got) == expected, f"an exact index must give {expected}, gave {list(got)} (ties: id descending)"
    assert index.search(queries, 1000)[1].shape == (5, 60), "k beyond the size is cut to the size"
    assert np.allclose(index.vectors(["p03", "p01"]), vectors[[3, 1]], atol=1e-6), (
        "vectors(ids) must give back the rows"
    )
    if load is not None:
        with tempfile.TemporaryDirectory() as folder:
            index.save(Path(folder))
            again = load(Path(folder))
            assert again.fingerprint == index.fingerprint, "a loaded index must have the same fingerprint"
            assert np.array_equal(again.search(queries, 5)[1], found), "a loaded index must answer alike"


def check_retriever(retriever: Any, queries: Any, k: int = 10) -> None:
    """One list a query, at most k long, in the total order, the same twice, and independent of the other queries."""
    assert isinstance(retriever, Retriever), "a retriever needs name and search"
    batch = as_queries(queries)
    assert len(batch) >= 2, "give check_retriever at least two queries"
    run = retriever.search(queries, k)
    assert run.query_ids == batch.ids, "a run must hold each query once, in the order given"
    for query, ranking in run:
        assert len(ranking) <= k, f"query {query} has more than k results"
        order = total_order(ranking.scores, list(ranking.ids))
        assert (order == np.arange(len(order))).all(), f"query {query} is not in the total order"
    assert retriever.search(queries, k) == run, "searching twice gave two results"
    one = retriever.search({batch.ids[0]: batch.texts[0]}, k)
    assert one[batch.ids[0]].ids == run[batch.ids[0]].ids, "a query's list depends on the queries beside it"
    shorter = retriever.search(queries, max(1, k // 2))
    for query, ranking in shorter:
        assert ranking.ids == run[query].ids[: len(ranking)], f"query {query}: a smaller k must give a prefix"
