"""Backbones, pooling, towers, and the folders they are kept in."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError, check_encoder
from retrievarium.encoders import (
    Backbone,
    DenseEncoder,
    Towers,
    lengthen_backbone,
    load_encoder,
    load_towers,
    two_towers,
)
from retrievarium.encoders.batching import batches, pad

TEXTS = ["badu kelo", "mi", "", "sapo " * 90, "gina ro fema, badu!"]


def shaken(towers: Towers) -> Towers:
    """Towers that differ from each other, as after training."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        with torch.no_grad():
            for parameter in towers.query.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return towers


@pytest.fixture(params=["dpr", "tied"])
def towers(request, backbone) -> Towers:
    if request.param == "dpr":
        return shaken(two_towers(backbone))
    return shaken(two_towers(backbone, pooling="mean", tied=True, normalize=True))


def test_a_backbone_gives_all_its_states(backbone):
    ids, mask = pad(backbone.tokenize(TEXTS), 0)
    states = backbone.eval()(ids, mask)
    assert len(states) == backbone.layers + 1 == 3
    assert all(s.shape == (*ids.shape, 16) for s in states)
    torch.testing.assert_close(states[-1], backbone.last(ids, mask))


def test_the_seed_decides_the_weights_and_leaves_other_randomness_alone(tokenizer):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    a, b, c = (Backbone(tokenizer, 1, 8, 2, 32, seed=s) for s in (0, 0, 1))
    torch.testing.assert_close(torch.rand(3), expected)
    rows = [m.model.embeddings.word_embeddings.weight for m in (a, b, c)]
    assert torch.equal(rows[0], rows[1])
    assert not torch.equal(rows[0], rows[2])


def test_pooling_by_hand(backbone):
    ids, mask = pad(backbone.tokenize(TEXTS), 0)
    backbone.eval()
    states = backbone.last(ids, mask)
    torch.testing.assert_close(DenseEncoder(backbone, "cls")(ids, mask), states[:, 0])
    means = torch.stack([s[: int(m.sum())].mean(0) for s, m in zip(states, mask, strict=True)])
    torch.testing.assert_close(DenseEncoder(backbone, "mean")(ids, mask), means)
    lengths = DenseEncoder(backbone, "mean", normalize=True)(ids, mask).norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(len(TEXTS)))


def test_towers_conform(towers):
    check_encoder(towers)


def test_kept_in_a_folder_and_loaded_three_ways(towers, tmp_path):
    from sentence_transformers import SentenceTransformer

    folder = towers.save(tmp_path / "trained")
    plain = SentenceTransformer(str(folder), device="cpu")  # no trust_remote_code
    ours = load_encoder(folder, device="cpu")
    again = load_towers(folder)
    queries, passages = towers.encode_queries(TEXTS), towers.encode_passages(TEXTS)
    for got in (ours.encode_queries(TEXTS), plain.encode_query(TEXTS), again.encode_queries(TEXTS)):
        np.testing.assert_allclose(got, queries, atol=1e-5)
    for got in (ours.encode_passages(TEXTS), plain.encode_document(TEXTS), again.encode_passages(TEXTS)):
        np.testing.assert_allclose(got, passages, atol=1e-5)
    assert ours._plain
    assert ours.name == "trained"
    assert ours.similarity == towers.similarity == plain.similarity_fn_name
    assert ours.max_length == towers.max_length == 64
    assert again.fingerprint == towers.fingerprint
    assert again.tied == towers.tied
    check_encoder(ours)


def test_untied_towers_differ_by_role_also_from_a_folder(backbone, tmp_path):
    towers = shaken(two_towers(backbone))
    ours = load_encoder(towers.save(tmp_path / "m"), device="cpu")
    assert np.abs(ours.encode_queries(TEXTS) - ours.encode_passages(TEXTS)).max() > 0.1


def test_the_same_towers_write_the_same_bytes(backbone, tmp_path):
    towers = two_towers(backbone)
    one, two = (load_encoder(towers.save(tmp_path / n / "model")) for n in ("a", "b"))
    assert one.fingerprint == two.fingerprint
    other = load_encoder(shaken(towers).save(tmp_path / "c" / "model"))
    assert other.fingerprint != one.fingerprint


def test_tied_and_untied_are_what_they_say(backbone):
    untied, tied = two_towers(backbone), two_towers(backbone, tied=True)
    assert not {id(p) for p in untied.query.parameters()} & {id(p) for p in untied.passage.parameters()}
    assert tied.query is tied.passage
    assert (untied.similarity, two_towers(backbone, normalize=True).similarity) == ("dot", "cosine")
    np.testing.assert_array_equal(untied.encode_queries(TEXTS), untied.encode_passages(TEXTS))  # they start equal
    one = DenseEncoder(backbone)
    with pytest.raises(InputError, match="tied towers are one module"):
        Towers(one, one, tied=False)
    with pytest.raises(InputError, match="share parameters"):
        Towers(one, DenseEncoder(backbone), tied=False)
    with pytest.raises(InputError, match="cannot be compared"):
        Towers(one, DenseEncoder(deepcopy(backbone), normalize=True), tied=False)


def test_untied_copies_start_equal_and_part(backbone):
    tied = two_towers(backbone, pooling="cls", tied=True, name="one")
    pair = tied.untied()
    assert (pair.tied, pair.name, tied.tied) == (False, "one", True)
    before = tied.encode_queries(["Who?"])
    assert pair.encode_queries(["Who?"]).tobytes() == pair.encode_passages(["Who?"]).tobytes() == before.tobytes()
    with torch.no_grad():
        for parameter in pair.query.parameters():
            parameter.add_(0.1)
    assert not np.allclose(pair.encode_queries(["Who?"]), before, atol=1e-3)
    assert pair.encode_passages(["Who?"]).tobytes() == tied.encode_queries(["Who?"]).tobytes() == before.tobytes()


def test_encoding_keeps_the_mode_and_ignores_dropout(backbone):
    towers = two_towers(backbone).train()
    towers.passage.eval()
    once, twice = towers.encode_queries(TEXTS), towers.encode_queries(TEXTS)
    np.testing.assert_array_equal(once, twice)
    assert towers.query.backbone.training
    assert not towers.passage.backbone.training
    ids, mask = pad(towers.tokenize("query", TEXTS), 0)
    assert not torch.equal(towers("query", ids, mask), towers("query", ids, mask)), "dropout is on while training"


def test_training_changes_the_fingerprint_and_encoding_does_not(tokenizer):
    towers = two_towers(Backbone(deepcopy(tokenizer), 1, 8, 2, 32))
    before = towers.fingerprint
    towers.encode_queries(TEXTS)
    towers.query.tokenizer(TEXTS, padding="max_length", truncation=True, max_length=9)
    assert towers.fingerprint == before
    assert deepcopy(towers).fingerprint == before
    shaken(towers)
    assert towers.fingerprint != before


def test_towers_from_minilm():
    towers = two_towers("minilm", pooling="mean", tied=True, normalize=True)
    minilm = load_encoder("minilm", device="cpu")
    np.testing.assert_allclose(towers.encode_passages(TEXTS[:2]), minilm.encode_passages(TEXTS[:2]), atol=1e-5)


def test_refusals(tokenizer, backbone, tmp_path):
    with pytest.raises(InputError, match="divisible by heads"):
        Backbone(tokenizer, dim=10, heads=3)
    with pytest.raises(InputError, match="no pooling 'max'"):
        DenseEncoder(backbone, "max")
    towers = two_towers(backbone)
    towers.save(tmp_path / "m")
    with pytest.raises(InputError, match="a model already"):
        towers.save(tmp_path / "m")
    with pytest.raises(InputError, match="no role"):
        towers.encode("document", ["x"])  # type: ignore[arg-type]


def test_batches_stay_in_the_budget():
    lengths = [5, 100, 3, 3, 50, 7, 3, 2000]
    seen = []
    for rows in batches(lengths, 100):
        longest = max(lengths[r] for r in rows)
        assert len(rows) * longest <= 100 or len(rows) == 1
        seen.extend(rows.tolist())
    assert sorted(seen) == list(range(len(lengths)))


def test_padding():
    ids, mask = pad([[5, 6, 7], [8], []], 1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1], [1, 1, 1]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0], [1, 0, 0]]
    assert pad([[5, 6], [8]], 1, left=True)[0].tolist() == [[5, 6], [1, 8]]


def test_a_longer_backbone_reads_on_and_leaves_short_texts_as_they_were(backbone, tmp_path):
    long = lengthen_backbone(backbone, 150)
    assert (backbone.max_length, long.max_length) == (64, 150)
    ids, mask = pad(backbone.tokenize(TEXTS), 0)
    with torch.no_grad():
        torch.testing.assert_close(long.eval().last(ids, mask), backbone.eval().last(ids, mask), rtol=0, atol=0)
    (read,) = long.tokenize(["sapo " * 140])
    assert len(read) > 2 * 64
    states = long.last(torch.tensor([read]), torch.ones(1, len(read), dtype=torch.int64))
    assert states.shape == (1, len(read), 16)
    places = long.model.embeddings.position_embeddings.weight
    assert torch.equal(places[64:128], places[:64]), "the new places begin as copies of the old"
    loss = states[0, 100].sum()
    loss.backward()
    assert places.grad is not None
    assert places.grad[100].abs().sum() > 0
    assert backbone.model.embeddings.position_embeddings.weight.grad is None
    again = Backbone.load(long.save(tmp_path / "long"))
    assert again.max_length == 150
    with torch.no_grad():
        torch.testing.assert_close(again.eval().last(torch.tensor([read]), torch.ones(1, len(read))), states.detach())
    assert lengthen_backbone(backbone, 32).max_length == 32


def test_a_lengthened_tower_gives_the_same_vectors_and_has_more_places(backbone):
    tower = DenseEncoder(backbone, "mean", normalize=True)
    long = tower.lengthened(150)
    assert (long.max_length, long.backbone.model.config.max_position_embeddings) == (tower.max_length, 150)
    pair, longer = Towers(tower, tower, True), Towers(long, long, True)
    assert np.allclose(pair.encode_queries(TEXTS), longer.encode_queries(TEXTS), atol=1e-6)
    assert not {id(p) for p in tower.parameters()} & {id(p) for p in long.parameters()}
    ids = torch.full((1, 150), 5)
    assert long(ids, torch.ones_like(ids)).shape == (1, tower.dim)
