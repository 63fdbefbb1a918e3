"""Every kind of encoder through the training loop's own embedding: what is trained is what is searched with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from retrievarium.encoders import MLMHead, TextFeedbackEncoder, lexical_towers, multi_vector_towers, two_towers
from retrievarium.training import TokenTable, embed

TEXTS = ["badu kelo", "mi", "", "sapo " * 90, "gina ro fema, badu!"]


def made(kind, backbone):
    head = MLMHead(16, backbone.model.config.vocab_size, seed=4)
    return {
        "splade": lambda: lexical_towers(backbone, head),
        "splade-doc": lambda: lexical_towers(backbone, head, query="bag"),
        "late": lambda: multi_vector_towers(backbone, dim=8),
        "me-bert": lambda: multi_vector_towers(backbone, m=4, norm="layer", tied=False, query_vectors=1),
        "merged": lambda: multi_vector_towers(backbone, m=4, tied=False, query_vectors=1, merged=True),
        "dense": lambda: two_towers(backbone),
    }[kind]()


@pytest.mark.parametrize("kind", ["splade", "splade-doc", "late", "me-bert", "merged", "dense"])
def test_training_sees_what_searching_sees(kind, backbone):
    towers = made(kind, backbone).eval()
    for role, encode in (("query", towers.encode_queries), ("passage", towers.encode_passages)):
        table = TokenTable.cut(towers, role, TEXTS)
        got = embed(towers, role, table, together=2)
        expected = encode(TEXTS)
        if isinstance(got, tuple):
            vectors, valid = (t.detach().numpy() for t in got)
            assert valid.sum(axis=1).tolist() == expected.counts.tolist()
            np.testing.assert_allclose(vectors[valid], expected.values, atol=1e-5)
        else:
            dense = expected.toarray() if hasattr(expected, "toarray") else expected
            np.testing.assert_allclose(got.detach().numpy(), dense, atol=1e-5)
        first = got[0] if isinstance(got, tuple) else got
        towers.zero_grad()
        first.pow(2).sum().backward()
        tower = towers.tower(role)
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in tower.parameters())


def test_a_frozen_side_is_found_by_its_name(backbone):
    for kind in ("splade-doc", "me-bert"):
        towers = made(kind, backbone)
        assert {id(p) for p in towers.query.parameters()}.isdisjoint(id(p) for p in towers.passage.parameters())


def test_feedback_input_is_a_table_of_joined_tokens(backbone):
    prf = TextFeedbackEncoder(two_towers(backbone, max_length=16).query, depth=2, max_length=48).eval()
    asked, read = TEXTS[:2], [["sapo ro", "mi"], ["badu"]]
    table = TokenTable.of([prf.join(q, p) for q, p in zip(asked, read, strict=True)])
    with torch.no_grad():
        got = prf(*table.padded()).numpy()
    np.testing.assert_allclose(got, prf.encode(asked, read), atol=1e-5)
