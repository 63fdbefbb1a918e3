"""The gradient cache gives the plain gradient, for every chunk, with dropout on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from retrievarium.contracts import InputError
from retrievarium.objectives import FLOPS, info_nce
from retrievarium.training import CostMeter, GradCache, PairBatches, RunConfig, fit, penalised
from retrievarium.training.proxies import Window

from .small import WordTowers, colours


class _Chunked(Window):
    """The plain way with the same chunks, so that dropout draws the same."""

    def __init__(self, model: Any, together: int) -> None:
        super().__init__(model)
        self.together = together


def gradient(model: nn.Module, loss: torch.Tensor) -> torch.Tensor:
    model.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 8, 16, 100])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_cached_gradient_is_the_plain_one(chunk: int, dropout: float) -> None:
    collection, model = colours(), WordTowers(dropout=dropout)
    batch = PairBatches(model, collection, collection.train, 8, 0, per_question=1)(0)
    torch.manual_seed(3)
    plain_loss = batch.loss(_Chunked(model, chunk), info_nce)
    plain = gradient(model, plain_loss)
    torch.manual_seed(3)
    loss = GradCache(chunk).step(model, batch, info_nce)
    cached = gradient(model, loss)
    assert torch.equal(loss, plain_loss)
    assert torch.allclose(cached, plain, atol=1e-7)
    assert plain.abs().max() > 1e-3
    if dropout == 0:
        whole = gradient(model, batch.loss(model, info_nce))
        assert torch.allclose(cached, whole, atol=1e-6)
    else:
        torch.manual_seed(4)
        other = gradient(model, GradCache(chunk).step(model, batch, info_nce))
        assert not torch.allclose(other, plain, atol=1e-4), "dropout makes no difference, so nothing was replayed"


def test_each_chunk_is_encoded_twice_and_only_one_at_a_time() -> None:
    collection, model = colours(), WordTowers(dropout=0.1)
    batch = PairBatches(model, collection, collection.train, 8, 0, per_question=1)(0)
    sizes: list[int] = []
    hook = model.register_forward_pre_hook(lambda module, given: sizes.append(len(given[1])))
    loss = GradCache(4).step(model, batch, info_nce)
    assert sizes == [4, 4, 4, 4, 4, 4]  # 8 questions and 16 passages
    loss.backward()
    hook.remove()
    assert sizes == [4] * 12


def test_the_random_state_afterwards_is_the_plain_ones() -> None:
    collection, model = colours(), WordTowers(dropout=0.3)
    batch = PairBatches(model, collection, collection.train, 8, 0, per_question=1)(0)
    after = []
    for step in (lambda: batch.loss(_Chunked(model, 4), info_nce), lambda: GradCache(4).step(model, batch, info_nce)):
        torch.manual_seed(3)
        step().backward()
        after.append(torch.rand(4))
    assert torch.equal(*after)


def test_under_autocast_too() -> None:
    collection, model = colours(), WordTowers(dropout=0.3)
    batch = PairBatches(model, collection, collection.train, 8, 0, per_question=1)(0)
    found = []
    for step in (lambda: batch.loss(_Chunked(model, 4), info_nce), lambda: GradCache(4).step(model, batch, info_nce)):
        torch.manual_seed(3)
        with RunConfig(1, "bf16").autocast(torch.device("cpu")):
            loss = step()
        found.append(gradient(model, loss))
    assert torch.equal(*found)


def test_in_the_loop_it_trains_the_same_way() -> None:
    """Losses, not weights: where a gradient is 0 but for rounding, Adam takes the rounding's sign."""
    collection, curves = colours(), []
    for cache in (None, GradCache(4)):
        model = WordTowers(dropout=0.0)
        batches: Any = PairBatches(model, collection, collection.train, 8, 0, per_question=1)
        batches = cache(batches) if cache else batches
        fitted = fit(
            model, batches, info_nce, steps=20, lr=0.01, seed=0, report_every=1, config=RunConfig(1)
        )  # fmt: skip
        curves.append([e["loss"] for e in fitted.curve])
    assert curves[1] == pytest.approx(curves[0], abs=1e-4)
    assert curves[0][-1] < curves[0][0]


def test_a_penalty_on_the_vectors_goes_through_it() -> None:
    collection, model = colours(), WordTowers(dropout=0.0)
    batches = PairBatches(model, collection, collection.train, 8, 0, per_question=1)
    regularised = penalised(batches, FLOPS(0.3, 0.2, steps=4))
    plain, none = batches(0).loss(model, info_nce), regularised(0).loss(model, info_nce)
    assert torch.equal(plain, none)
    whole = gradient(model, regularised(4).loss(model, info_nce))
    cached = gradient(model, GradCache(3)(regularised)(4).loss(model, info_nce))
    assert torch.allclose(whole, cached, atol=1e-6)
    assert not torch.allclose(whole, gradient(model, batches(4).loss(model, info_nce)), atol=1e-3)
    q, p = (model(r, *t.padded()) for r, t in (("query", batches(4).questions), ("passage", batches(4).passages)))
    by_hand = batches(4).loss(model, info_nce) + FLOPS(0.3, 0.2)(q, p, 0)
    assert torch.allclose(regularised(4).loss(model, info_nce), by_hand)


def test_forward_passes_are_counted_as_they_happen() -> None:
    collection, model = colours(), WordTowers()
    batches = PairBatches(model, collection, collection.train, 8, 0, per_question=1)
    plain, cached = CostMeter(), CostMeter()
    plain.over(batches)(0).loss(model, info_nce).backward()
    GradCache(4)(cached.over(batches))(0).loss(model, info_nce).backward()
    assert (plain.steps, plain.questions, plain.passages) == (1, 8, 16)
    assert plain.tokens == len(batches(0).questions.ids) + len(batches(0).passages.ids)
    assert (cached.questions, cached.passages) == (8, 16)


def test_a_chunk_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="chunk"):
        GradCache(0)
