"""Several vectors a text, and the folders they are kept in."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.encoders import (
    DenseEncoder,
    MultiVectorEncoder,
    MultiVectors,
    load_encoder,
    load_multi_vector,
    multi_vector_towers,
)
from retrievarium.encoders.batching import pad

TEXTS = ["badu kelo", "mi", "", "sapo " * 90, "gina ro fema, badu!"]
KINDS = {
    "late": {"dim": 8},
    "plain": {"norm": None},
    "untied": {"dim": 8, "tied": False},
    "me-bert": {"m": 4, "norm": "layer", "tied": False, "query_vectors": 1},
    "me-bert tied": {"m": 3, "norm": "layer", "dim": 8, "query_vectors": 1},
    "merged": {"m": 4, "tied": False, "query_vectors": 1, "merged": True},
    "merged tied": {"m": 4, "norm": "layer", "query_vectors": 1, "merged": True},
}


@pytest.fixture(params=list(KINDS))
def towers(request, backbone):
    made = multi_vector_towers(backbone, **KINDS[request.param])
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(5)
        for parameter in made.query.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def test_vectors_of_the_first_tokens(backbone):
    ids, mask = pad(backbone.tokenize(TEXTS), 0)
    backbone.eval()
    states = backbone.last(ids, mask)
    vectors, valid = MultiVectorEncoder(backbone, m=4, norm=None)(ids, mask)
    torch.testing.assert_close(vectors, states[:, :4])
    assert vectors.shape == (5, 4, 16)
    assert valid.tolist()[2] == [True, True, False, False], "an empty text has [CLS] and [SEP] alone"
    assert valid[[0, 3, 4]].all()
    every, there = MultiVectorEncoder(backbone)(ids, mask)
    assert every.shape[1] == ids.shape[1]
    torch.testing.assert_close(every.norm(dim=-1), torch.ones(ids.shape))
    assert torch.equal(there, mask.bool())
    layered = MultiVectorEncoder(backbone, m=2, norm="layer")(ids, mask)[0]
    torch.testing.assert_close(layered.mean(-1), torch.zeros(5, 2), atol=1e-5, rtol=0)


def test_merged_vectors_are_the_mean_of_those_that_are_there(backbone):
    ids, mask = pad(backbone.tokenize(TEXTS), 0)
    backbone.eval()
    states = backbone.last(ids, mask)
    towers = multi_vector_towers(backbone, m=4, norm=None, query_vectors=1, merged=True).eval()
    vectors, valid = towers("passage", ids, mask)
    assert vectors.shape == (5, 1, 16)
    assert valid.all()
    torch.testing.assert_close(vectors[0, 0], states[0, :4].mean(0))
    torch.testing.assert_close(vectors[2, 0], states[2, :2].mean(0), msg="an empty text has two states")
    torch.testing.assert_close(towers("query", ids, mask)[0][:, 0], states[:, 0], msg="of a query nothing is merged")
    unit = multi_vector_towers(backbone, m=4, query_vectors=1, merged=True).eval()("passage", ids, mask)[0]
    torch.testing.assert_close(unit.norm(dim=-1), torch.ones(5, 1))
    one, alone = (multi_vector_towers(backbone, m=1, merged=merged).eval() for merged in (True, False))
    torch.testing.assert_close(one("passage", ids, mask)[0], alone("passage", ids, mask)[0])


@pytest.mark.works_when("me-bert", 1)
def test_one_vector_is_the_dense_encoder_score_loss_and_gradient(backbone):
    dense, multi = DenseEncoder(deepcopy(backbone)), MultiVectorEncoder(deepcopy(backbone), m=1, norm=None)
    ids, mask = pad(backbone.tokenize(TEXTS), 0)
    losses = []
    for encoder in (dense.eval(), multi.eval()):
        out = encoder(ids, mask)
        vectors = out[0][:, 0] if isinstance(out, tuple) else out
        losses.append(torch.nn.functional.cross_entropy(vectors @ vectors.T, torch.tensor([1, 0, 2, 4, 3])))
        losses[-1].backward()
    torch.testing.assert_close(losses[0], losses[1], atol=1e-6, rtol=0)
    grads = [{n: p.grad for n, p in e.named_parameters() if p.grad is not None} for e in (dense, multi)]
    assert grads[0].keys() == grads[1].keys() != set()
    for name, grad in grads[0].items():
        torch.testing.assert_close(grads[1][name], grad, atol=1e-6, rtol=1e-5)


def test_rows_do_not_depend_on_their_neighbours(towers):
    for role in ("query", "passage"):
        got = towers.encode(role, TEXTS)
        assert got.values.dtype == np.float32
        assert len(got) == 5
        assert got.dim == towers.dim
        assert (got.counts >= 1).all()
        for row, text in zip(got, TEXTS, strict=True):
            np.testing.assert_allclose(row, towers.encode(role, [text])[0], atol=1e-4)
            assert len(towers.tokens(role, text)) == len(row), "a piece for each vector"
        np.testing.assert_array_equal(towers.encode(role, TEXTS).values, got.values)
        assert len(towers.encode(role, [])) == 0
    if towers.query_vectors == 1:
        assert set(towers.encode_queries(TEXTS).counts) == {1}


def test_kept_in_a_folder_and_loaded_again(towers, tmp_path):
    from retrievarium.encoders.saving_multi import is_stock

    folder = towers.save(tmp_path / "trained")
    ours, again = load_encoder(folder, device="cpu"), load_multi_vector(folder)
    assert again.fingerprint == towers.fingerprint
    for got in (ours, again):
        for role in ("query", "passage"):
            expected = towers.encode(role, TEXTS)
            found = getattr(got, "encode_queries" if role == "query" else "encode_passages")(TEXTS)
            np.testing.assert_array_equal(found.offsets, expected.offsets)
            np.testing.assert_allclose(found.values, expected.values, atol=1e-5)
            assert got.tokens(role, TEXTS[0]) == towers.tokens(role, TEXTS[0])
        assert got.kind == "multi-vector"
        assert got.similarity == "dot"
    if is_stock(towers):
        from sentence_transformers import MultiVectorEncoder as Stock

        plain = Stock(str(folder), device="cpu")  # no trust_remote_code
        rows, expected = plain.encode_document(TEXTS, convert_to_numpy=True), towers.encode_passages(TEXTS)
        for row, own in zip(rows, expected, strict=True):
            np.testing.assert_allclose(row, own, atol=1e-5)
        theirs = plain.similarity(plain.encode_query(TEXTS), plain.encode_document(TEXTS)).numpy()
        queries = towers.encode_queries(TEXTS)
        by_hand = [[(q @ p.T).max(axis=1).sum() for p in expected] for q in queries]
        np.testing.assert_allclose(theirs, by_hand, atol=1e-4)
    with pytest.raises(InputError, match="a model already"):
        towers.save(folder)


def test_two_kinds_are_stock():
    pytest.importorskip("sentence_transformers")
    from types import SimpleNamespace

    from retrievarium.encoders.saving_multi import is_stock

    def like(m=None, norm="l2", tied=True, query_vectors=None, merged=False):
        passage = SimpleNamespace(m=m, norm=norm)
        return SimpleNamespace(passage=passage, tied=tied, query_vectors=query_vectors, merged=merged)

    assert is_stock(like())
    assert is_stock(like(norm=None))
    others = ({"m": 3}, {"norm": "layer"}, {"tied": False}, {"query_vectors": 1}, {"merged": True})
    assert not any(is_stock(like(**k)) for k in others)


def test_the_container(tmp_path):
    rows = [np.ones((2, 3), np.float32), np.zeros((0, 3), np.float32), 2 * np.ones((1, 3), np.float32)]
    multi = MultiVectors.of(rows)
    assert multi.counts.tolist() == [2, 0, 1]
    assert multi.take([2, 0]).values[:, 0].tolist() == [2, 1, 1]
    assert len(MultiVectors.of([], 3)) == 0
    twice = MultiVectors.joined([multi, multi])
    assert twice.counts.tolist() == [2, 0, 1, 2, 0, 1]
    there = np.array([[True, False], [True, True]])
    padded = MultiVectors.padded(np.arange(12, dtype=np.float32).reshape(2, 2, 3), there)
    assert padded.values[:, 0].tolist() == [0, 6, 9]
    with pytest.raises(InputError, match="offsets fall"):
        MultiVectors(np.ones((2, 1)), np.array([0, 2, 1, 2]))
    with pytest.raises(InputError, match=r"from 0 to N"):
        MultiVectors(np.ones((2, 1)), np.array([0, 1]))


def test_refusals(backbone):
    with pytest.raises(InputError, match="no norm"):
        MultiVectorEncoder(backbone, norm="batch")
    with pytest.raises(InputError, match="m is 0"):
        MultiVectorEncoder(backbone, m=0)
    with pytest.raises(InputError, match="query_vectors is 0"):
        multi_vector_towers(backbone, query_vectors=0)
