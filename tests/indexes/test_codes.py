"""Cells and codes."""

from __future__ import annotations

import numpy as np
import pytest

from retrievarium.contracts import InputError, check_index
from retrievarium.indexes import (
    BinaryIndex,
    FlatIndex,
    IVFIndex,
    PQIndex,
    index_fingerprint,
    load_index,
    make_index,
    recall_against_exact,
)

MAKE = {
    "ivf": lambda metric="ip": IVFIndex(metric, cells=16, probe=4),
    "pq": lambda metric="ip": PQIndex(metric, parts=4, bits=4),
    "binary": lambda metric="ip": BinaryIndex(metric),
    "pq alone": lambda metric="ip": PQIndex(metric, parts=4, bits=4, rescore=0),
    "binary alone": lambda metric="ip": BinaryIndex(metric, rescore=0),
}


@pytest.fixture
def clustered(rng):
    """Vectors that lie in heaps, as text does."""
    centres = rng.normal(size=(30, 12))
    return (centres[rng.integers(0, 30, 1000)] + 0.3 * rng.normal(size=(1000, 12))).astype(np.float32)


@pytest.mark.parametrize("kind", list(MAKE))
def test_conforms(kind):
    check_index(MAKE[kind], type(MAKE[kind]()).load, exact=False)


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize(("kind", "least"), [("ivf", 0.8), ("pq", 0.8), ("binary", 0.45)])
def test_finds_most_and_scores_exactly(kind, least, metric, clustered, ids):
    queries = clustered[::25] + 0.01
    flat, index = FlatIndex(metric), MAKE[kind](metric)
    for one in (flat, index):
        one.add(ids, clustered)
    assert recall_against_exact(index, flat, queries, 10).mean() > least
    scores, found = index.search(queries, 10)
    assert (np.diff(scores, axis=1) <= 0).all()
    truth = dict(zip(*(a[0].tolist() for a in flat.search(queries[:1], 1000)[::-1]), strict=True))
    assert [truth[i] for i in found[0]] == scores[0].tolist()


def test_the_structure_is_asked(clustered, ids, monkeypatch):
    """Else recall would be perfect for the wrong reason."""
    monkeypatch.setattr("retrievarium.indexes.approximate.exact", lambda *a: pytest.fail("fell back to exact search"))
    for kind in ("ivf", "pq", "binary"):
        index = MAKE[kind]()
        index.add(ids, clustered)
        index.search(clustered[:5], 3)


def test_all_cells_are_everything_and_fewer_find_less(vectors, queries, ids):
    flat = FlatIndex()
    flat.add(ids, vectors)
    recall = []
    for probe in (1, 4, 20):
        index = IVFIndex(cells=20, probe=probe)
        index.add(ids, vectors)
        recall.append(recall_against_exact(index, flat, queries, 10).mean())
    assert recall[0] < recall[1] < recall[2] == 1.0


def test_codes_alone_score_by_their_centres(clustered, ids):
    index = PQIndex(parts=4, bits=4, rescore=0)
    index.add(ids, clustered)
    scores, found = index.search(clustered[:3], 1000)
    assert index.bytes_a_vector == 2
    decoded = index._graph.reconstruct_n(0, 1000)
    for q in range(3):
        expected = decoded.astype(np.float64) @ clustered[q].astype(np.float64)
        np.testing.assert_allclose(scores[q], expected[[int(i[1:]) for i in found[q]]], atol=1e-5)
        assert len(np.unique(scores[q])) < 1000, "equal codes tie"
    theirs = index._graph.search(clustered[:3], 20)[0]
    np.testing.assert_allclose(scores[:, :20], theirs, atol=1e-4)


def test_more_candidates_find_more(clustered, ids):
    flat = FlatIndex()
    flat.add(ids, clustered)
    recall = []
    for rescore in (0, 2, 20):
        index = BinaryIndex(rescore=rescore)
        index.add(ids, clustered)
        recall.append(recall_against_exact(index, flat, clustered[:40], 10).mean())
    assert recall[0] < recall[1] < recall[2]


def test_signs_alone_count_bits(clustered, ids):
    index = BinaryIndex(rescore=0)
    index.add(ids, clustered)
    scores, found = index.search(clustered[:2], 1000)
    assert index.bytes_a_vector == 2, "12 signs in two bytes"
    for q in range(2):
        differ = [((clustered[int(i[1:])] > 0) != (clustered[q] > 0)).sum() for i in found[q]]
        assert (-scores[q]).tolist() == differ


@pytest.mark.parametrize("kind", list(MAKE))
def test_saved_and_loaded_with_its_checksum(kind, tmp_path, clustered, ids, monkeypatch):
    index = MAKE[kind]("cosine")
    index.add(ids, clustered)
    index.save(tmp_path)
    again = load_index(tmp_path)
    assert type(again) is type(index)
    assert again.settings == index.settings
    assert again.fingerprint == index.fingerprint
    assert index_fingerprint(again) == index_fingerprint(index)
    for a, b in zip(again.search(clustered[:9], 10), index.search(clustered[:9], 10), strict=True):
        np.testing.assert_array_equal(a, b)
    data = bytearray((tmp_path / "graph.faiss").read_bytes())
    data[-1] ^= 1
    (tmp_path / "graph.faiss").write_bytes(bytes(data))
    for reader in ("read_index", "read_index_binary"):
        monkeypatch.setattr(f"faiss.{reader}", lambda *a: pytest.fail("faiss read a damaged file"))
    with pytest.raises(InputError, match=r"graph\.faiss: the index is damaged"):
        load_index(tmp_path)


@pytest.mark.parametrize("kind", ["ivf", "pq", "binary"])
def test_built_twice_it_is_the_same(kind, clustered, ids):
    prints = []
    for _ in range(2):
        index = MAKE[kind]()
        index.add(ids[:500], clustered[:500])
        index.search(clustered[:1], 1)
        index.add(ids[500:], clustered[500:])
        prints.append(index_fingerprint(index))
    assert prints[0] == prints[1]


def test_factory():
    ivf, pq, binary = make_index("IVF64,4", "dot"), make_index("PQ16x6,2", "cosine"), make_index("Binary,7", "l2")
    assert isinstance(ivf, IVFIndex)
    assert (ivf.cells, ivf.probe, ivf.metric) == (64, 4, "ip")
    assert make_index("IVF").cells is None  # type: ignore[attr-defined]
    assert isinstance(pq, PQIndex)
    assert (pq.parts, pq.bits, pq.rescore, pq.metric) == (16, 6, 2, "cosine")
    assert isinstance(binary, BinaryIndex)
    assert (binary.rescore, binary.metric) == (7, "l2")


def test_refusals(vectors, ids):
    few = PQIndex(parts=4, bits=8)
    few.add(ids[:100], vectors[:100])
    with pytest.raises(InputError, match=r"256 centres cannot be learned from 100 vectors.*at most 6 bits"):
        few.build()
    odd = PQIndex(parts=5, bits=2)
    odd.add(ids, vectors)
    with pytest.raises(InputError, match="12 dimensions do not fall into 5 parts"):
        odd.build()
    cells = IVFIndex(cells=2000)
    cells.add(ids, vectors)
    with pytest.raises(InputError, match="2000 cells for 1000 vectors"):
        cells.build()
    with pytest.raises(InputError, match="the index is empty"):
        IVFIndex().build()
    for wrong in (lambda: IVFIndex(probe=0), lambda: PQIndex(bits=13), lambda: BinaryIndex(rescore=-1)):
        with pytest.raises(InputError):
            wrong()
