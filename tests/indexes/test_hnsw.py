"""The lift, and the graph that needs it."""

from __future__ import annotations

import numpy as np
import pytest

from retrievarium.contracts import InputError, check_index
from retrievarium.indexes import (
    FlatIndex,
    HNSWIndex,
    lift_passages,
    lift_queries,
    load_index,
    make_index,
    recall_against_exact,
)


def distances(queries, passages):
    return ((queries[:, None, :].astype(np.float64) - passages[None, :, :].astype(np.float64)) ** 2).sum(-1)


@pytest.mark.works_when("dpr", 3)
def test_lifted_distances_order_like_inner_products(vectors, queries):
    inner = queries.astype(np.float64) @ vectors.astype(np.float64).T
    lifted, phi = lift_passages(vectors)
    assert np.ptp(np.linalg.norm(vectors, axis=1)) > 1, "norms must be unequal"
    assert phi == pytest.approx((vectors.astype(np.float64) ** 2).sum(1).max())
    far = distances(lift_queries(queries), lifted)
    np.testing.assert_array_equal(np.argsort(far, axis=1), np.argsort(-inner, axis=1))
    plain = np.argsort(distances(queries, vectors), axis=1)
    assert (plain != np.argsort(-inner, axis=1)).any(), "without the lift the order is another one"


@pytest.mark.works_when("dpr", 3)
def test_the_lift_by_hand():
    lifted, phi = lift_passages(np.array([[3, 0], [0, 4]], dtype=np.float32))
    assert phi == 16
    np.testing.assert_allclose(lifted, [[3, 0, np.sqrt(7)], [0, 4, 0]], rtol=1e-6)
    np.testing.assert_array_equal(lift_queries(np.array([[1, 2]])), [[1, 2, 0]])
    with pytest.raises(InputError, match="phi at least the largest squared norm"):
        lift_passages(np.array([[3.0, 0]]), phi=8)


@pytest.mark.parametrize("make", [HNSWIndex, lambda: HNSWIndex(lift=None)])
def test_conforms(make):
    check_index(make, HNSWIndex.load)


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_finds_nearly_all_and_scores_exactly(metric, vectors, queries, ids):
    flat, graph = FlatIndex(metric), HNSWIndex(metric, ef_search=200)
    for index in (flat, graph):
        index.add(ids, vectors)
    assert recall_against_exact(graph, flat, queries, 10).mean() > 0.95
    scores, found = graph.search(queries, 10)
    exact_scores, exact_found = flat.search(queries, 10)
    same = (found == exact_found).all(axis=1)
    assert same.any()
    np.testing.assert_array_equal(scores[same], exact_scores[same])
    assert (np.diff(scores, axis=1) <= 0).all()


def test_the_graph_is_asked(vectors, queries, ids, monkeypatch):
    """Else recall would be perfect for the wrong reason."""
    monkeypatch.setattr("retrievarium.indexes.approximate.exact", lambda *a: pytest.fail("fell back to exact search"))
    graph = HNSWIndex()
    graph.add(ids, vectors)
    graph.search(queries, 10)


def test_many_equal_vectors_are_ordered_by_id(vectors, ids):
    vectors[100:400] = vectors[100]
    flat, graph = FlatIndex(), HNSWIndex()
    for index in (flat, graph):
        index.add(ids, vectors)
    query = vectors[100:101]
    np.testing.assert_array_equal(graph.search(query, 5)[1], flat.search(query, 5)[1])


def test_built_twice_it_is_the_same_and_faiss_keeps_its_threads(vectors, queries, ids):
    import faiss

    before = faiss.omp_get_max_threads()
    answers = []
    for _ in range(2):
        graph = HNSWIndex(m=8, ef_construction=20, ef_search=10)
        graph.add(ids[:600], vectors[:600])
        graph.search(queries, 3)
        graph.add(ids[600:], vectors[600:])  # phi changes: the graph is built again
        answers.append(graph.search(queries, 10))
    for a, b in zip(*answers, strict=True):
        np.testing.assert_array_equal(a, b)
    assert faiss.omp_get_max_threads() == before


def test_saved_and_loaded_with_its_checksum(tmp_path, vectors, queries, ids, monkeypatch):
    graph = HNSWIndex(m=16)
    graph.add(ids, vectors)
    graph.save(tmp_path)
    again = load_index(tmp_path)
    assert isinstance(again, HNSWIndex)
    assert again.settings == graph.settings
    assert again.fingerprint == graph.fingerprint
    for a, b in zip(again.search(queries, 10), graph.search(queries, 10), strict=True):
        np.testing.assert_array_equal(a, b)
    data = bytearray((tmp_path / "graph.faiss").read_bytes())
    data[50] ^= 1
    (tmp_path / "graph.faiss").write_bytes(bytes(data))
    monkeypatch.setattr("faiss.read_index", lambda *a: pytest.fail("faiss read a damaged file"))
    with pytest.raises(InputError, match=r"graph\.faiss: the index is damaged"):
        HNSWIndex.load(tmp_path)


def test_factory():
    assert isinstance(make_index("Flat", "dot"), FlatIndex)
    graph = make_index("HNSW16,100,50", "cosine")
    assert isinstance(graph, HNSWIndex)
    assert (graph.m, graph.ef_construction, graph.ef_search, graph.metric) == (16, 100, 50, "cosine")
    assert make_index("HNSW32").lift == "ip->l2"  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="no index 'IVF64,PQ16'"):
        make_index("IVF64,PQ16")
    with pytest.raises(InputError, match="no metric 'euclid'"):
        make_index("Flat", "euclid")
    with pytest.raises(InputError, match="no lift"):
        HNSWIndex(lift="l2->ip")
    with pytest.raises(InputError, match="m=1"):
        HNSWIndex(m=1)
