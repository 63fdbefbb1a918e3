"""Query and passage read together."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from retrievarium.contracts import CrossEncoder as Protocol
from retrievarium.contracts import InputError
from retrievarium.encoders import CrossEncoder, load_cross_encoder, reload_cross_encoder, two_towers

QUERIES = ["badu kelo", "mi", ""]
CANDIDATES = [["gina ro fema", "badu", "sapo " * 90], [], ["kelo", ""]]


@pytest.fixture(params=["sigmoid", "identity"])
def encoder(request, backbone) -> CrossEncoder:
    made = CrossEncoder(backbone, activation=request.param)
    with torch.no_grad():
        for parameter in made.parameters():  # fresh weights give every pair nearly the same state
            if parameter.ndim > 1:
                parameter.mul_(10)
    return made


def test_scores_by_hand(encoder):
    got = encoder.score(QUERIES, CANDIDATES)
    assert [len(g) for g in got] == [3, 0, 2]
    assert all(g.dtype == np.float32 for g in got)
    model, tokenizer = encoder.backbone.model.eval(), encoder.backbone.tokenizer
    for query, texts, scores in zip(QUERIES, CANDIDATES, got, strict=True):
        for text, score in zip(texts, scores, strict=True):
            pair = tokenizer([query], [text], truncation=True, max_length=64, return_token_type_ids=True)
            with torch.no_grad():
                states = model(**{k: torch.tensor(v) for k, v in pair.items()}).last_hidden_state
                logit = encoder.classifier(torch.tanh(encoder.pooler(states[0, 0])))[0]
            expected = torch.sigmoid(logit) if encoder.activation == "sigmoid" else logit
            assert score == pytest.approx(float(expected), abs=1e-4)
    flat = np.concatenate(got)
    assert np.ptp(flat) > 0.01, "different pairs must score differently"
    if encoder.activation == "sigmoid":
        assert ((flat >= 0) & (flat <= 1)).all()


def test_a_pair_does_not_depend_on_its_neighbours(encoder):
    assert isinstance(encoder, Protocol)
    got = encoder.score(QUERIES, CANDIDATES)
    for query, texts, scores in zip(QUERIES, CANDIDATES, got, strict=True):
        alone = [float(encoder.score([query], [[t]])[0][0]) for t in texts]
        np.testing.assert_allclose(alone, scores, atol=1e-4)
    assert encoder.score([], []) == []
    assert not np.allclose(encoder.score(["badu"], [["kelo"]])[0], encoder.score(["kelo"], [["badu"]])[0], atol=1e-3)


def test_kept_in_a_folder_and_loaded_three_ways(encoder, tmp_path):
    from sentence_transformers import CrossEncoder as Stock

    folder = encoder.save(tmp_path / "trained")
    plain = Stock(str(folder), device="cpu")  # no trust_remote_code
    ours, again = load_cross_encoder(folder, device="cpu"), reload_cross_encoder(folder)
    expected = encoder.score(QUERIES, CANDIDATES)
    for got in (ours.score(QUERIES, CANDIDATES), again.score(QUERIES, CANDIDATES)):
        for one, two in zip(got, expected, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-5)
    both = [(q, t) for q, texts in zip(QUERIES, CANDIDATES, strict=True) for t in texts]
    np.testing.assert_allclose(plain.predict(both), np.concatenate(expected), atol=1e-5)
    assert again.fingerprint == encoder.fingerprint
    assert ours.name == "trained"
    assert ours.max_length == 64
    assert isinstance(ours, Protocol)
    with pytest.raises(InputError, match="a model already"):
        encoder.save(folder)


def test_training_reaches_every_weight_and_keeps_the_mode(backbone):
    encoder = CrossEncoder(backbone).train()
    rows = torch.tensor([encoder.tokenize(["badu"], ["kelo"])[0]])
    torch.nn.functional.binary_cross_entropy_with_logits(encoder(rows, torch.ones_like(rows)), torch.ones(1)).backward()
    without = [n for n, p in encoder.named_parameters() if p.grad is None]
    assert without == []
    encoder.score(["badu"], [["kelo"]])
    assert encoder.training
    copy = deepcopy(encoder)
    assert copy.fingerprint == encoder.fingerprint
    with torch.no_grad():
        copy.pooler.bias.add_(1)
    assert copy.fingerprint != encoder.fingerprint


def test_refusals(backbone, tmp_path):
    with pytest.raises(InputError, match="no activation"):
        CrossEncoder(backbone, activation="softmax")
    with pytest.raises(InputError, match="2 queries and 1 lists"):
        CrossEncoder(backbone).score(["a", "b"], [["c"]])
    with pytest.raises(InputError, match="Expected a CrossEncoder"):
        load_cross_encoder(two_towers(backbone).save(tmp_path / "dense"))
