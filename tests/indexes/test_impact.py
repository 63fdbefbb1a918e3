"""Postings against the full product of matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random

from retrievarium.contracts import InputError, MissingError, check_index, total_order
from retrievarium.indexes import ImpactIndex, index_fingerprint, load_index, postings_flops

TERMS = 50


@pytest.fixture
def passages(rng):
    return csr_matrix(random(200, TERMS, 0.1, random_state=rng), dtype=np.float32)


@pytest.fixture
def asked(rng):
    return csr_matrix(random(12, TERMS, 0.15, random_state=rng), dtype=np.float32)


@pytest.fixture
def index(passages):
    made = ImpactIndex()
    made.add([f"d{i}" for i in range(120)], passages[:120])
    made.add([f"d{i}" for i in range(120, 200)], passages[120:])
    return made


def test_conforms():
    check_index(ImpactIndex, ImpactIndex.load)


@pytest.mark.works_when("splade-pp", 1)
def test_equals_the_product_of_matrices_before_and_after_saving(index, passages, asked, tmp_path):
    truth = asked.toarray().astype(np.float64) @ passages.toarray().astype(np.float64).T
    ids = list(index.ids)
    index.save(tmp_path)
    loaded = load_index(tmp_path)
    assert isinstance(loaded, ImpactIndex)
    assert all(isinstance(a.base, np.memmap) or isinstance(a, np.memmap) for a in loaded.postings)
    for one in (index, loaded):
        scores, found = one.search(asked, 200)
        for q in range(12):
            order = total_order(truth[q], ids)
            assert found[q].tolist() == [ids[i] for i in order]
            np.testing.assert_allclose(scores[q], truth[q][order], atol=1e-5)
            np.testing.assert_allclose(one.scores(asked[q]), truth[q], atol=1e-5)
    assert (truth == 0).any(), "some pairs must share no term"
    assert (truth > 0).mean() > 0.2, "and many must share some"
    assert loaded.fingerprint == index.fingerprint


@pytest.mark.works_when("splade-pp", 2)
def test_flops_are_the_mean_number_of_shared_terms(index, passages, asked):
    shared = ((asked > 0).toarray()[:, None, :] & (passages > 0).toarray()[None, :, :]).sum(axis=2)  # (12, 200)
    assert postings_flops(index, asked) == pytest.approx(shared.mean(), abs=1e-12)
    p_q, p_d = (np.asarray((m > 0).mean(axis=0))[0] for m in (asked, passages))
    assert postings_flops(index, asked) == pytest.approx(p_q @ p_d, abs=1e-12)
    # what the definition says it costs: multiplications of a search
    touched = sum(index.lengths[row.indices].sum() for row in asked) / (12 * 200)
    assert postings_flops(index, asked) == pytest.approx(touched)
    with pytest.raises(InputError, match="no queries"):
        postings_flops(index, csr_matrix((0, TERMS)))


@pytest.mark.works_when("splade-pp", 5)
def test_empty_vectors_are_no_error(asked):
    index = ImpactIndex()
    index.add(["a", "b"], csr_matrix((2, TERMS), dtype=np.float32))
    assert index.search(asked, 5)[0].tolist() == [[0, 0]] * 12
    assert index.search(csr_matrix((1, TERMS)), 5)[1].tolist() == [["b", "a"]]
    assert postings_flops(index, asked) == 0


@pytest.mark.works_when("splade-pp", 1)
def test_impacts_of_one_byte_are_off_by_half_a_step(index, passages, asked, tmp_path):
    small = index.quantised()
    assert small.postings[2].dtype == np.uint8
    assert small.step == pytest.approx(passages.data.max() / 255)
    dense = passages.toarray()
    assert np.abs(small.vectors(list(index.ids)) - dense).max() <= small.step / 2 + 1e-7
    assert (small.vectors(list(index.ids)) != dense).any(), "something must be rounded"
    for row in asked:
        bound = small.step / 2 * row.data.sum() + 1e-5
        assert np.abs(small.scores(row) - index.scores(row)).max() <= bound
    small.save(tmp_path)
    loaded = load_index(tmp_path)
    assert loaded.fingerprint == small.fingerprint != index.fingerprint
    np.testing.assert_array_equal(loaded.search(asked, 200)[0], small.search(asked, 200)[0])
    assert small.quantised() is small
    with pytest.raises(InputError, match="nothing can be added"):
        small.add(["new"], passages[:1])
    below = ImpactIndex()
    below.add(["a"], np.array([[1.0, -1.0]]))
    with pytest.raises(InputError, match="negative weight"):
        below.quantised()
    empty = ImpactIndex()
    empty.add(["a"], csr_matrix((1, TERMS), dtype=np.float32))
    assert empty.quantised().search(asked, 1)[0].tolist() == [[0.0]] * 12


def test_neither_parts_nor_stored_zeros_change_it(index, passages, asked, tmp_path):
    whole = ImpactIndex()
    noisy = passages.copy()
    noisy.data[:4] = 0
    stored = csr_matrix(noisy.toarray())
    assert stored.nnz < noisy.nnz
    with_zeros, without = ImpactIndex(), ImpactIndex()
    with_zeros.add(index.ids, noisy)
    without.add(index.ids, stored)
    assert with_zeros.fingerprint == without.fingerprint
    whole.add(index.ids, passages)
    assert whole.fingerprint == index.fingerprint
    index.save(tmp_path)
    loaded = ImpactIndex.load(tmp_path)
    loaded.add(["new"], passages[:1])  # adding to what came from disk
    np.testing.assert_array_equal(loaded.vectors(["new"]), passages[:1].toarray())
    np.testing.assert_array_equal(loaded.vectors(["d7", "d130"]), passages[[7, 130]].toarray())
    assert (loaded.rows(["d7"]) != passages[7]).nnz == 0
    assert len(loaded) == 201
    assert loaded.search(asked, 201)[1].shape == (12, 201)


def test_the_proof_reads_anew(index):
    before, proof = index.fingerprint, index_fingerprint(index)
    assert index_fingerprint(index) == proof
    index.postings[2][5] += 1
    assert index.fingerprint == before, "a key is computed once"
    assert index_fingerprint(index) != proof, "the proof is not"


def test_a_damaged_file_is_not_read(index, tmp_path):
    index.save(tmp_path)
    data = bytearray((tmp_path / "impacts.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "impacts.npy").write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"impacts\.npy: the index is damaged"):
        load_index(tmp_path)


def test_refusals(index, passages):
    with pytest.raises(InputError, match="the index is empty"):
        ImpactIndex().search(passages[:1], 3)
    with pytest.raises(InputError, match="given twice"):
        index.add(["d1"], passages[:1])
    with pytest.raises(InputError, match="2 ids and weights"):
        index.add(["x", "y"], passages[:1])
    with pytest.raises(InputError, match="weights over 3 terms"):
        index.add(["x"], np.ones((1, 3)))
    with pytest.raises(InputError, match="not finite"):
        index.add(["x"], np.full((1, TERMS), np.nan))
    with pytest.raises(InputError, match="queries of shape"):
        index.search(np.ones((1, 3)), 3)
    with pytest.raises(InputError, match="k is 0"):
        index.search(passages[:1], 0)
    with pytest.raises(MissingError, match="no vector 'zz'"):
        index.rows(["zz"])
    with pytest.raises(InputError, match="cannot read weights"):
        index.add(["x"], [1.0, 2.0])
    assert len(index) == 200, "a refused part leaves nothing behind"
