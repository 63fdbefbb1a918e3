"""Term weights: SPLADE's formula, bags of pieces, and the folders they are kept in."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError, check_sparse_encoder
from retrievarium.encoders import (
    BagEncoder,
    LexicalEncoder,
    LexicalTowers,
    MLMHead,
    Thinned,
    lexical_towers,
    load_encoder,
    load_lexical,
    two_towers,
)
from retrievarium.encoders.batching import pad
from retrievarium.encoders.heads import largest_logits
from retrievarium.encoders.thinned import floor_for

TEXTS = ["badu kelo", "mi", "", "sapo " * 90, "gina ro fema, badu!"]


@pytest.fixture
def head(backbone) -> MLMHead:
    """A head that says something, some of it below zero."""
    made = MLMHead(16, backbone.model.config.vocab_size, seed=4)
    with torch.no_grad():
        made.norm.weight.mul_(30)
        made.bias.normal_(-0.5, 1, generator=torch.Generator().manual_seed(2))
    return made


@pytest.fixture(params=["same", "untied", "bag"])
def towers(request, backbone, head) -> LexicalTowers:
    made = lexical_towers(backbone, head, query=request.param)
    with torch.no_grad():
        if request.param == "untied":
            made.query.head.bias.add_(0.3)
        if request.param == "bag":
            made.query.weight.uniform_(0, 2, generator=torch.Generator().manual_seed(1))
    return made


def by_hand(encoder: LexicalEncoder, text: str, pool: str) -> np.ndarray:
    """One text alone, place by place."""
    ids = encoder.tokenize([text])[0]
    with torch.no_grad():
        states = encoder.backbone.eval().last(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.long))[0]
        weights = [np.log1p(np.maximum(0, encoder.head(s, encoder.embeddings).double().numpy())) for s in states]
    return np.max(weights, axis=0) if pool == "max" else np.sum(weights, axis=0)


@pytest.mark.parametrize("pool", ["max", "sum"])
def test_weights_by_hand(backbone, head, pool):
    encoder = LexicalEncoder(backbone, head, pool).eval()
    ids, mask = pad(encoder.tokenize(TEXTS), 0)
    with torch.no_grad():
        got = encoder(ids, mask).numpy()
    for row, text in zip(got, TEXTS, strict=True):
        np.testing.assert_allclose(row, by_hand(encoder, text, pool), rtol=1e-4, atol=1e-5)
    assert (got >= 0).all()
    assert 0.05 < (got == 0).mean() < 0.95, "some weights must be 0 and some not"


@pytest.mark.works_when("splade-pp", 3)
@pytest.mark.parametrize("pool", ["max", "sum"])
def test_padding_changes_no_weight(backbone, head, pool):
    encoder = LexicalEncoder(backbone, head, pool).eval()
    ids, mask = pad(encoder.tokenize(["badu kelo mi"]), 0)
    more = [torch.nn.functional.pad(t, (0, 7)) for t in (ids, mask)]
    with torch.no_grad():
        torch.testing.assert_close(encoder(*more), encoder(ids, mask), atol=1e-6, rtol=1e-5)
        seen = encoder(more[0], torch.ones_like(more[1]))
    assert not torch.allclose(seen, encoder(ids, mask), atol=1e-3), "padding that is seen must matter"


def test_the_largest_logit_gives_the_gradient(backbone, head):
    """Pooling logits before log(1 + relu) is the same as after, gradient included."""
    encoder = LexicalEncoder(backbone, head).eval()
    ids, mask = pad(encoder.tokenize(TEXTS), 0)
    other = deepcopy(encoder)
    encoder(ids, mask).pow(2).sum().backward()
    logits = other.head(other.backbone.last(ids, mask), other.embeddings)
    torch.log1p(logits.relu()).masked_fill(~mask.bool().unsqueeze(-1), 0).amax(dim=1).pow(2).sum().backward()
    assert encoder.head.bias.grad.abs().sum() > 0
    for one, two in zip(encoder.parameters(), other.parameters(), strict=True):
        if one.grad is not None:
            torch.testing.assert_close(one.grad, two.grad, atol=1e-4, rtol=1e-3)


def test_the_largest_logit_of_seen_places_and_its_gradient():
    """Against plain operations, with holes in the mask, in double precision."""
    draw = torch.Generator().manual_seed(0)
    states, words, bias = (torch.randn(s, generator=draw, dtype=torch.float64) for s in ((3, 6, 4), (9, 4), (9,)))
    for tensor in (states, words, bias):
        tensor.requires_grad_(True)
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [0, 1, 1, 0, 1, 0], [1, 0, 0, 0, 0, 0]])
    plain = torch.nn.functional.linear(states, words, bias).masked_fill(~mask.bool().unsqueeze(-1), -torch.inf).amax(1)
    got = largest_logits(states, words, bias, mask)
    torch.testing.assert_close(got, plain, atol=1e-12, rtol=0)
    upstream = torch.randn(3, 9, generator=draw, dtype=torch.float64).relu()  # with zeros, as after a relu
    given, wanted = (torch.autograd.grad((o * upstream).sum(), (states, words, bias)) for o in (got, plain))
    for one, two in zip(given, wanted, strict=True):
        torch.testing.assert_close(one, two, atol=1e-12, rtol=0)
    assert (given[0][~mask.bool()] == 0).all()
    assert given[0][1, 4].abs().sum() > 0


def test_logits_are_pooled_in_full_precision_whatever_the_states_are():
    draw = torch.Generator().manual_seed(0)
    states, words = torch.randn(2, 5, 8, generator=draw), torch.randn(7, 8, generator=draw)
    bias, mask = torch.full((7,), 10.0), torch.ones(2, 5)
    exact = largest_logits(states, words, bias, mask)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(largest_logits(states, words, bias, mask), exact)
        assert largest_logits(states.bfloat16(), words, bias, mask).dtype == torch.float32
        assert not torch.allclose((states @ words.T + bias).float().amax(1), exact, atol=1e-3)


def test_a_sparse_row_for_each_text(towers):
    for encode in (towers.encode_queries, towers.encode_passages):
        weights = encode(TEXTS)
        assert weights.shape == (5, towers.dim)
        assert weights.dtype == np.float32
        alone = [encode([t]).toarray()[0] for t in TEXTS]
        np.testing.assert_allclose(weights.toarray(), alone, atol=1e-4)
        assert (encode(TEXTS) != weights).nnz == 0
        assert encode([]).shape == (0, towers.dim)
        assert weights.has_sorted_indices
    assert towers.pieces([5, 6]) == towers.passage.tokenizer.convert_ids_to_tokens([5, 6])


def test_levelling_keeps_the_order_of_weights_and_about_so_many(backbone, head):
    towers = lexical_towers(backbone, head)
    with torch.no_grad():
        towers.passage.head.bias.add_(50)
    full = towers.encode_passages(TEXTS).toarray()
    assert (full > 0).all(), "a constant that a softmax would ignore fills every vector"
    down = towers.level(TEXTS, terms=12)
    kept = towers.encode_passages(TEXTS).toarray()
    assert 6 <= (kept > 0).sum(axis=1).mean() <= 24
    for before, after in zip(full, kept, strict=True):
        np.testing.assert_allclose(after, np.log1p(np.maximum(0, np.expm1(before.astype(float)) - down)), atol=1e-3)
    assert towers.level(TEXTS, terms=towers.dim) == 0, "it never goes up"


def test_only_the_largest_weights_are_kept(backbone, head):
    every = lexical_towers(backbone, head).encode_passages(TEXTS).toarray()
    few = lexical_towers(backbone, head, top_k=5).encode_passages(TEXTS).toarray()
    assert ((few > 0).sum(axis=1) == 5).all()
    for full, kept in zip(every, few, strict=True):
        np.testing.assert_array_equal(np.sort(kept)[-5:], np.sort(full)[-5:])
        np.testing.assert_array_equal(kept[kept > 0], full[kept > 0])


def test_a_bag_is_the_set_of_its_pieces(tokenizer):
    weights = torch.arange(len(tokenizer), dtype=torch.float32)
    towers = BagEncoder(tokenizer, weights)
    rows = towers.tokenize(["badu badu kelo", ""])
    got = towers(*pad(rows, tokenizer.pad_token_id)).detach().numpy()
    expected = np.zeros_like(got)
    for piece in set(tokenizer.tokenize("badu kelo")):
        expected[0, tokenizer.convert_tokens_to_ids(piece)] = tokenizer.convert_tokens_to_ids(piece)
    np.testing.assert_array_equal(got, expected)
    assert expected[0].any()
    assert not set(tokenizer.all_special_ids) & {i for row in rows for i in row}


def test_idf_by_hand(tokenizer):
    texts = ["badu", "badu kelo", "badu badu"]
    got = BagEncoder.idf(tokenizer, texts).weight.detach().numpy()
    for piece in {p for t in texts for p in tokenizer.tokenize(t)}:
        df = sum(piece in tokenizer.tokenize(t) for t in texts)
        assert got[tokenizer.convert_tokens_to_ids(piece)] == pytest.approx(np.log(1 + (3.5 - df) / (df + 0.5)))


def test_kept_in_a_folder_and_loaded_three_ways(towers, tmp_path):
    from sentence_transformers import SparseEncoder

    folder = towers.save(tmp_path / "trained")
    plain = SparseEncoder(str(folder), device="cpu")  # no trust_remote_code
    ours, again = load_encoder(folder, device="cpu"), load_lexical(folder)
    texts = (
        [t for t in TEXTS if t] if isinstance(towers.query, BagEncoder) else TEXTS
    )  # theirs fails on no piece at all
    queries, passages = towers.encode_queries(texts).toarray(), towers.encode_passages(TEXTS).toarray()
    for got in (ours.encode_queries(texts), again.encode_queries(texts), plain.encode_query(texts).to_dense()):
        np.testing.assert_allclose(got.toarray() if hasattr(got, "toarray") else got, queries, atol=1e-5)
    for got in (ours.encode_passages(TEXTS), again.encode_passages(TEXTS), plain.encode_document(TEXTS).to_dense()):
        np.testing.assert_allclose(got.toarray() if hasattr(got, "toarray") else got, passages, atol=1e-5)
    assert again.fingerprint == towers.fingerprint
    assert again.tied == towers.tied
    assert ours.similarity == plain.similarity_fn_name == "dot"
    assert (ours.name, ours.kind) == ("trained", "lexical")
    assert ours.pieces([7]) == towers.pieces([7])
    if not towers.tied:
        assert np.abs(queries - towers.encode_passages(texts).toarray()).max() > 0.1


def test_top_k_is_kept_with_the_folder(backbone, head, tmp_path):
    towers = lexical_towers(backbone, head, pool="sum", top_k=6)
    folder = towers.save(tmp_path / "m")
    ours, again = load_encoder(folder, device="cpu"), load_lexical(folder)
    for got in (ours, again):
        np.testing.assert_allclose(
            got.encode_passages(TEXTS).toarray(), towers.encode_passages(TEXTS).toarray(), atol=1e-5
        )


def test_the_head_of_a_masked_language_model_is_taken_over(backbone, head, tmp_path):
    from transformers import BertForMaskedLM

    from retrievarium.encoders.heads import masked_lm

    masked_lm(backbone, head).save_pretrained(tmp_path / "lm")
    backbone.tokenizer.save_pretrained(tmp_path / "lm")
    again = MLMHead.load(tmp_path / "lm")
    assert again is not None
    for name, tensor in head.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor)
    ids, mask = pad(backbone.tokenize(TEXTS), 0)
    theirs = BertForMaskedLM.from_pretrained(tmp_path / "lm").eval()(input_ids=ids, attention_mask=mask).logits
    ours = head(backbone.eval().last(ids, mask), backbone.model.embeddings.word_embeddings.weight)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    from_folder = lexical_towers(tmp_path / "lm")
    np.testing.assert_allclose(
        from_folder.encode_passages(TEXTS).toarray(),
        lexical_towers(backbone, head).encode_passages(TEXTS).toarray(),
        atol=1e-4,
    )
    backbone.save(tmp_path / "bare")
    assert MLMHead.load(tmp_path / "bare") is None
    with pytest.raises(InputError, match="no guessing head"):
        MLMHead.like(torch.nn.Linear(2, 2))
    assert torch.equal(MLMHead.like(head).dense.weight, head.dense.weight)


def test_training_moves_the_fingerprint_and_copies_stand_alone(towers):
    before, copy = towers.fingerprint, deepcopy(towers)
    assert copy.fingerprint == before
    with torch.no_grad():
        copy.passage.head.bias.add_(1)
    assert towers.fingerprint == before != copy.fingerprint


def test_refusals(backbone, head, tmp_path):
    with pytest.raises(InputError, match="no pool 'mean'"):
        LexicalEncoder(backbone, head, "mean")
    with pytest.raises(InputError, match="the head guesses 3 pieces"):
        LexicalEncoder(backbone, MLMHead(16, 3))
    with pytest.raises(InputError, match="top_k is 0"):
        LexicalEncoder(backbone, head, top_k=0)
    with pytest.raises(InputError, match="query='none'"):
        lexical_towers(backbone, head, query="none")
    with pytest.raises(InputError, match=r"weights \(3,\)"):
        BagEncoder(backbone.tokenizer, torch.ones(3))
    with pytest.raises(InputError, match="this is a SentenceTransformer"):
        load_lexical(two_towers(backbone).save(tmp_path / "dense"))


def test_they_conform_before_and_after_saving(towers, tmp_path):
    check_sparse_encoder(towers)
    check_sparse_encoder(Thinned(towers, 0.2))
    towers.save(tmp_path / "kept")
    check_sparse_encoder(load_encoder(tmp_path / "kept", device="cpu"))


def test_a_floor_is_the_smallest_that_meets_the_cost(towers):
    asked, held = towers.encode_queries(TEXTS), towers.encode_passages(TEXTS)

    def shared(floor: float) -> float:
        return float(((asked.toarray() > floor)[:, None] & (held.toarray() > floor)[None]).sum(axis=2).mean())

    full = shared(0.0)
    assert full > 2
    for target in (full / 2, full / 7):
        floor = floor_for(asked, held, target)
        assert shared(floor) <= target * (1 + 1e-6) < shared(floor - 1e-6)
    assert floor_for(asked, held, full) == 0.0
    thinned = Thinned(towers, floor)
    np.testing.assert_allclose(
        thinned.encode_passages(TEXTS).toarray(), np.where(held.toarray() > floor, held.toarray(), 0), atol=1e-6
    )
    assert thinned.fingerprint not in (towers.fingerprint, Thinned(towers, floor / 2).fingerprint)
    with pytest.raises(InputError, match="above 0"):
        floor_for(asked, held, 0)
    with pytest.raises(InputError, match="floor is -1"):
        Thinned(towers, -1)
