"""Exact search against a full sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrievarium.contracts import InputError, MissingError, check_index, total_order
from retrievarium.indexes import FlatIndex, load_index, store


def full_sort(scores, ids, k):
    return [[ids[i] for i in total_order(row, ids)[:k]] for row in scores]


def reference(queries, vectors, metric):
    q, p = queries.astype(np.float64), vectors.astype(np.float64)
    if metric == "ip":
        return q @ p.T
    if metric == "cosine":
        return (q / np.linalg.norm(q, axis=1, keepdims=True)) @ (p / np.linalg.norm(p, axis=1, keepdims=True)).T
    return -((q[:, None, :] - p[None, :, :]) ** 2).sum(-1)


def test_conforms():
    check_index(FlatIndex, FlatIndex.load)


@pytest.mark.works_when("dpr", 4)
def test_equals_argsort_of_all_scores_ties_included(rng):
    """Whole numbers, so that many scores tie exactly and any other order of addition gives the same sums."""
    vectors = rng.integers(-2, 3, size=(500, 4)).astype(np.float32)
    queries = rng.integers(-2, 3, size=(30, 4)).astype(np.float32)
    ids = [f"d{i}" for i in rng.permutation(500)]
    truth = queries @ vectors.T
    index = FlatIndex()
    index.add(ids, vectors)
    for k in (1, 7, 100, 500):
        scores, found = index.search(queries, k)
        assert found.tolist() == full_sort(truth, ids, k)
        np.testing.assert_array_equal(scores, -np.sort(-truth, axis=1)[:, :k])
    assert any(len(set(row)) < 100 for row in truth), "the case must hold ties"
    borders = [np.sort(row)[::-1] for row in truth]
    assert any(b[6] == b[7] for b in borders), "and ties at the cut"


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_metrics(metric, vectors, queries, ids):
    index = FlatIndex(metric)
    index.add(ids, vectors)
    truth = reference(queries, vectors, metric)
    scores, found = index.search(queries, 10)
    assert found.tolist() == full_sort(truth, ids, 10)
    np.testing.assert_allclose(scores, -np.sort(-truth, axis=1)[:, :10], rtol=1e-6, atol=1e-6)


@given(
    parts=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    block=st.integers(1, 50),
    k=st.integers(1, 60),
    seed=st.integers(0, 100),
)
@settings(max_examples=40, deadline=None)
def test_neither_parts_nor_blocks_change_the_answer(parts, block, k, seed):
    rng = np.random.default_rng(seed)
    n = sum(parts)
    vectors = rng.normal(size=(n, 3)).astype(np.float32)
    vectors[rng.integers(0, n, n // 2)] = vectors[0]
    ids = [f"d{i}" for i in range(n)]
    queries = np.concatenate([rng.normal(size=(3, 3)), vectors[:1]]).astype(np.float32)
    whole = FlatIndex()
    whole.add(ids, vectors)
    expected = whole.search(queries, k)
    before = store.ROWS
    store.ROWS = block
    try:
        pieces = FlatIndex()
        start = 0
        for size in parts:
            pieces.add(ids[start : start + size], vectors[start : start + size])
            start += size
        scores, found = pieces.search(queries, k)
    finally:
        store.ROWS = before
    np.testing.assert_array_equal(scores, expected[0])
    np.testing.assert_array_equal(found, expected[1])
    assert pieces.fingerprint == whole.fingerprint


def test_a_query_does_not_depend_on_its_neighbours(vectors, queries, ids):
    index = FlatIndex()
    index.add(ids, vectors)
    scores, found = index.search(queries, 20)
    for i in range(len(queries)):
        one_scores, one_found = index.search(queries[i : i + 1], 20)
        np.testing.assert_array_equal(one_scores[0], scores[i])
        np.testing.assert_array_equal(one_found[0], found[i])


def test_half_precision_on_disk_stays_there(tmp_path, vectors, queries, ids):
    path = tmp_path / "v.npy"
    np.save(path, vectors.astype(np.float16))
    mapped = np.load(path, mmap_mode="r")
    index = FlatIndex("cosine")
    index.add(ids, mapped)
    assert index._store.parts[0] is mapped
    truth = reference(queries, vectors.astype(np.float16), "cosine")
    assert index.search(queries, 10)[1].tolist() == full_sort(truth, ids, 10)
    index.save(tmp_path / "index")
    again = load_index(tmp_path / "index")
    assert isinstance(again, FlatIndex)
    assert isinstance(again._store.parts[0], np.memmap)
    assert again._store.parts[0].dtype == np.float16
    assert again.fingerprint == index.fingerprint
    np.testing.assert_array_equal(again.search(queries, 10)[0], index.search(queries, 10)[0])


def test_a_zero_vector_scores_zero_by_cosine():
    index = FlatIndex("cosine")
    index.add(["a", "b"], np.array([[0, 0], [1, 0]], dtype=np.float32))
    scores, found = index.search(np.array([[2, 0]], dtype=np.float32), 2)
    assert found[0].tolist() == ["b", "a"]
    assert scores[0].tolist() == [1, 0]


def test_a_damaged_file_is_not_read(tmp_path, vectors, ids):
    index = FlatIndex()
    index.add(ids, vectors)
    index.save(tmp_path)
    data = bytearray((tmp_path / "vectors.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "vectors.npy").write_bytes(bytes(data))
    with pytest.raises(InputError, match="damaged"):
        FlatIndex.load(tmp_path)


def test_refusals(vectors, ids, tmp_path):
    with pytest.raises(InputError, match="no metric"):
        FlatIndex("dot product")
    index = FlatIndex()
    with pytest.raises(InputError, match="the index is empty"):
        index.search(vectors[:1], 3)
    index.add(ids, vectors)
    with pytest.raises(InputError, match="given twice"):
        index.add(ids[:1], vectors[:1])
    with pytest.raises(InputError, match="given twice"):
        FlatIndex().add(["a", "a"], vectors[:2])
    with pytest.raises(InputError, match="3 dimensions"):
        index.add(["new"], vectors[:1, :3])
    with pytest.raises(InputError, match="2 ids and vectors of shape"):
        index.add(["x", "y"], vectors[:1])
    with pytest.raises(InputError, match="not finite"):
        index.add(["nan"], np.full((1, 12), np.nan, dtype=np.float32))
    with pytest.raises(InputError, match="queries of shape"):
        index.search(vectors[:1, :3], 3)
    with pytest.raises(InputError, match="k is 0"):
        index.search(vectors[:1], 0)
    with pytest.raises(MissingError, match="no vector 'zz'"):
        index.vectors(["zz"])
    with pytest.raises(InputError, match="no index here"):
        load_index(tmp_path / "nothing")
    assert len(index) == 1000, "a refused part leaves nothing behind"
