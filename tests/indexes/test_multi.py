"""Rows in groups against the largest of all products."""

from __future__ import annotations

import numpy as np
import pytest

from retrievarium.contracts import InputError, MissingError, check_index, total_order
from retrievarium.encoders import MultiVectors
from retrievarium.indexes import FlatIndex, MultiVectorIndex, index_fingerprint, load_index, max_sim, store


@pytest.fixture
def groups(rng):
    """60 passages with 1 to 5 vectors of 6 dimensions; some share one."""
    rows = [rng.normal(size=(rng.integers(1, 6), 6)).astype(np.float32) for _ in range(60)]
    for other in (10, 20, 30):
        rows[other] = rows[3]
    return MultiVectors.of(rows)


@pytest.fixture
def names():
    return [f"d{i}" for i in range(60)]


def by_hand(query, groups):
    return np.array([sum(max(float(a @ b) for b in p) for a in query) for p in groups.take(range(60))])


def made(groups, names, **settings):
    index = MultiVectorIndex(**settings)
    index.add(names[:25], groups.take(range(25)))
    index.add(names[25:], groups.take(range(25, 60)))
    return index


@pytest.mark.parametrize("rows", [None, "Flat", "HNSW8", "IVF4,4"])
def test_conforms(rows):
    check_index(lambda: MultiVectorIndex(rows), MultiVectorIndex.load, exact=rows in (None, "Flat"))


def test_max_sim_by_hand(groups, rng):
    query = rng.normal(size=(4, 6)).astype(np.float32)
    np.testing.assert_allclose(max_sim(query, groups), by_hand(query, groups), rtol=1e-5)


@pytest.mark.works_when("me-bert", 3)
@pytest.mark.parametrize("rows", [None, "Flat"])
def test_rows_in_groups_give_the_top_k_of_the_full_maximum(groups, names, rng, rows):
    """For every k, with passages that tie, and whatever the blocks."""
    queries = np.concatenate([rng.normal(size=(6, 6)), groups[3][:1]]).astype(np.float32)
    index = made(groups, names, rows=rows)
    truth = [by_hand(q[None], groups).astype(np.float32) for q in queries]
    for block in (store.ROWS, 7):
        before, store.ROWS = store.ROWS, block
        try:
            for k in (1, 2, 5, 17, 59, 60):
                found = index.search(queries, k)[1]
                for row, line in zip(truth, found, strict=True):
                    assert line.tolist() == [names[i] for i in total_order(np.round(row, 5), names)[:k]]
        finally:
            store.ROWS = before


@pytest.mark.works_when("me-bert", 3)
def test_k_rows_alone_are_too_few():
    """One passage holds the three best rows: three rows are one passage, 3 * 3 rows are enough."""
    groups = MultiVectors.of([np.array(v, dtype=np.float32) for v in ([[9], [8], [7]], [[1]], [[2]])])
    query = np.array([[1]], dtype=np.float32)
    flat = FlatIndex()
    flat.add([str(i) for i in range(5)], groups.values)
    owner = np.repeat(np.arange(3), groups.counts)
    assert {int(owner[int(r)]) for r in flat.search(query, 3)[1][0]} == {0}
    assert {int(owner[int(r)]) for r in flat.search(query, 9)[1][0]} == {0, 1, 2}
    index = MultiVectorIndex(rows="Flat")
    index.add(["a", "b", "c"], groups)
    assert index.search(query, 3)[1][0].tolist() == ["a", "c", "b"]


@pytest.mark.works_when("me-bert", 2)
def test_absent_vectors_take_no_part():
    """All real products are negative: the score is the largest of them, not the 0 of an absent vector."""
    vectors = np.zeros((2, 3, 2), dtype=np.float32)
    vectors[0, :2], vectors[1, 0] = [[-1, 0], [-3, 0]], [-2, 0]
    there = np.array([[True, True, False], [True, False, False]])
    index = MultiVectorIndex()
    index.add(["a", "b"], MultiVectors.padded(vectors, there))
    scores, found = index.search(np.array([[1, 0]], dtype=np.float32), 2)
    assert found[0].tolist() == ["a", "b"]
    assert scores[0].tolist() == [-1, -2]
    masked = (vectors @ np.array([1, 0]) * there).max(axis=1)
    assert masked.tolist() == [0, 0], "multiplying by the mask would let 0 win"


@pytest.mark.works_when("me-bert", 1)
def test_one_vector_is_the_inner_product_and_more_never_lower_it(rng, names):
    one, more = (rng.normal(size=(60, 6)).astype(np.float32) for _ in range(2))
    queries = rng.normal(size=(5, 6)).astype(np.float32)
    flat, single, double = FlatIndex(), MultiVectorIndex(), MultiVectorIndex()
    flat.add(names, one)
    single.add(names, one)
    double.add(names, MultiVectors(np.stack([one, more], 1).reshape(120, 6), np.arange(0, 121, 2)))
    for got, expected in zip(single.search(queries, 60), flat.search(queries, 60), strict=True):
        np.testing.assert_array_equal(got, expected)
    for q in queries:
        lower, higher = (i.search(q[None], 60) for i in (single, double))
        before, after = (dict(zip(ids[0], scores[0], strict=True)) for scores, ids in (lower, higher))
        assert all(after[p] >= before[p] for p in names)
        assert any(after[p] > before[p] for p in names)


def test_candidates_of_token_queries_are_scored_exactly(groups, names, rng):
    queries = MultiVectors.of([rng.normal(size=(3, 6)).astype(np.float32) for _ in range(8)])
    exact, near = made(groups, names), made(groups, names, rows="Flat", per_vector=20)
    hits = 0
    for q in range(8):
        one = queries.take([q])
        truth = dict(zip(*(a[0].tolist() for a in exact.search(one, 60)[::-1]), strict=True))
        scores, found = near.search(one, 5)
        assert [truth[i] for i in found[0]] == scores[0].tolist()
        hits += len(set(found[0]) & set(exact.search(one, 5)[1][0]))
    assert hits > 30


def test_saved_memory_mapped_and_checked(groups, names, rng, tmp_path):
    index = made(groups, names, rows="HNSW8", per_vector=9)
    index.save(tmp_path)
    again = load_index(tmp_path)
    assert isinstance(again, MultiVectorIndex)
    assert again.settings == index.settings
    assert isinstance(again._content.values, np.memmap)
    assert again.fingerprint == index.fingerprint
    queries = rng.normal(size=(4, 6)).astype(np.float32)
    np.testing.assert_array_equal(again.search(queries, 7)[1], index.search(queries, 7)[1])
    np.testing.assert_array_equal(again.vectors(["d7", "d2"]), np.concatenate([groups[7], groups[2]]))
    assert again.multi(["d7"]).counts.tolist() == [len(groups[7])]
    data = bytearray((tmp_path / "values.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "values.npy").write_bytes(bytes(data))
    with pytest.raises(InputError, match="damaged"):
        load_index(tmp_path)


def test_the_proof_reads_anew(groups, names):
    index = made(groups, names)
    proof = index_fingerprint(index)
    index._content.values[11, 2] += 1e-3
    assert index_fingerprint(index) != proof
    flat = FlatIndex()
    flat.add(names, np.ones((60, 2), dtype=np.float32))
    key, proof = flat.fingerprint, index_fingerprint(flat)
    flat._store.parts[0][0, 0] = 2
    assert flat.fingerprint == key
    assert index_fingerprint(flat) != proof
    with pytest.raises(InputError, match="has no index"):
        index_fingerprint(3)


def test_refusals(groups, names):
    with pytest.raises(InputError, match="no index 'Tree'"):
        MultiVectorIndex(rows="Tree")
    with pytest.raises(InputError, match="per_vector=3"):
        MultiVectorIndex(per_vector=3)
    index = made(groups, names)
    with pytest.raises(InputError, match="passage 'x' has no vector"):
        index.add(["x"], MultiVectors.of([np.empty((0, 6), np.float32)]))
    with pytest.raises(InputError, match="given twice"):
        index.add(["d1"], groups.take([0]))
    with pytest.raises(InputError, match="queries of 2 dimensions"):
        index.search(np.ones((1, 2), dtype=np.float32), 3)
    with pytest.raises(InputError, match="k is 0"):
        index.search(groups.take([0]), 0)
    with pytest.raises(InputError, match="cannot read vectors"):
        index.add(["x"], [[1.0]])
    with pytest.raises(MissingError, match="no vector 'zz'"):
        index.vectors(["zz"])
    with pytest.raises(InputError, match="the index is empty"):
        MultiVectorIndex().search(np.ones((1, 2), dtype=np.float32), 1)
