"""Whole-word masking and the guessing task."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.encoders import Backbone, train_wordpiece
from retrievarium.pretraining import MLM, pretrain, whole_word_mask
from retrievarium.training import RunConfig, stream

RIVERS = ["Kalton", "Morville", "Tivdor", "Benlem", "Zorsuk", "Fendal"]
TOWNS = ["Harwick", "Osselby", "Trennor", "Ulmbridge"]
TEXTS = [f"The river {r} rises near {t} and the old mill of {r} stands in {t}." for r in RIVERS for t in TOWNS]


def backbone(seed: int = 0) -> Backbone:
    return Backbone(train_wordpiece(TEXTS, 90), 2, 32, 2, 64, dropout=0.0, seed=seed)


def masked(rate: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Backbone]:
    own = backbone()
    tokenizer = own.tokenizer
    ids = np.concatenate([np.array(t, np.int32) for t in own.tokenize(TEXTS)])
    continues = np.array([p.startswith("##") for p in tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))])
    special = np.isin(np.arange(len(tokenizer)), tokenizer.all_special_ids)
    corrupted, target = whole_word_mask(ids, continues, special, tokenizer.mask_token_id, rate, stream(seed, "mask"))
    return ids, corrupted, target, continues, own


def test_a_word_is_hidden_whole_or_not_at_all() -> None:
    ids, corrupted, target, continues, own = masked(0.3)
    word = np.cumsum(~continues[ids])
    assert continues[ids].any(), "no word has two pieces, so nothing is tested"
    for number in np.unique(word):
        assert len(set(target[word == number].tolist())) == 1
    assert 0.15 < target.mean() < 0.45
    assert np.array_equal(corrupted[~target], ids[~target])
    special = np.isin(ids, own.tokenizer.all_special_ids)
    assert not target[special].any()


def test_of_the_hidden_most_are_masked_some_swapped_some_kept() -> None:
    shares = np.zeros(3)
    for seed in range(20):
        ids, corrupted, target, _, own = masked(0.5, seed)
        mask = corrupted == own.tokenizer.mask_token_id
        same = corrupted == ids
        shares += [mask[target].sum(), (~mask & ~same)[target].sum(), (~mask & same)[target].sum()]
    assert np.allclose(shares / shares.sum(), [0.8, 0.1, 0.1], atol=0.03)


def test_something_is_always_hidden() -> None:
    for seed in range(5):
        assert masked(0.0, seed)[2].any()
    ids = np.array([2, 3], np.int32)
    nothing = whole_word_mask(ids, np.zeros(5, bool), np.ones(5, bool), 4, 0.5, stream(0, "mask"))
    assert not nothing[1].any()


def test_a_new_head_knows_nothing_and_training_teaches_it() -> None:
    task = MLM(backbone())
    before = task.held_out_loss(TEXTS)
    assert abs(before - math.log(len(task.embeddings))) < 0.2
    fitted = pretrain(task, TEXTS, 60, 0, batch=12, lr=5e-3, held_out=TEXTS, config=RunConfig(1))
    assert fitted.curve[0]["held-out loss"] == pytest.approx(before, abs=1e-5)
    assert fitted.final["held-out loss"] < 0.7 * before
    assert task.detach_heads().model is task.backbone.model


def test_padding_together_changes_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    from retrievarium.pretraining import masking

    task = MLM(backbone())
    batch = task.batches([*TEXTS, "The mill."], 20, 0)(0)
    with torch.inference_mode():
        grouped = float(batch.loss(task, task.objective))
        monkeypatch.setattr(masking, "_TOGETHER", 1_000)
        assert float(batch.loss(task, task.objective)) == pytest.approx(grouped, abs=1e-5)


def test_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="no text"):
        pretrain(MLM(backbone()), [], 1, 0)
