"""Scores of several vectors a text: limits, absent vectors, and the loss that stands on them."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from retrievarium.objectives import batch_scores, info_nce, max_inner_product, max_similarity


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.works_when("me-bert", 1)
def test_with_one_vector_it_is_the_single_vector_score_loss_and_gradient() -> None:
    q, p = draw(3, 5).requires_grad_(True), draw(6, 5, seed=1).requires_grad_(True)
    single = info_nce(q, p, torch.arange(3))
    several = info_nce(q, (p[:, None], torch.ones(6, 1, dtype=torch.bool)), torch.arange(3))
    assert torch.allclose(single, several, atol=1e-9)
    for one, other in zip(torch.autograd.grad(single, (q, p)), torch.autograd.grad(several, (q, p)), strict=True):
        assert torch.allclose(one, other, atol=1e-9)
        assert one.abs().max() > 1e-3


@pytest.mark.works_when("me-bert", 1)
def test_one_more_vector_never_lowers_a_score() -> None:
    q, p = draw(4, 5), draw(7, 6, 5, seed=1)
    scores = [max_inner_product(q, p[:, :m], torch.ones(7, m, dtype=torch.bool)) for m in range(1, 7)]
    for fewer, more in pairwise(scores):
        assert (more >= fewer - 1e-12).all()
    assert (scores[-1] > scores[0]).any()


@pytest.mark.works_when("me-bert", 2)
def test_an_absent_vector_does_not_count_as_a_product_of_0() -> None:
    q, p = torch.tensor([[1.0, 0.0]]), torch.tensor([[[-2.0, 1.0], [-3.0, 0.0], [0.0, 0.0]]])
    valid = torch.tensor([[True, True, False]])
    assert max_inner_product(q, p, valid).item() == -2
    assert max_inner_product(q, p, torch.ones_like(valid)).item() == 0, "the mask makes no difference here"
    p.requires_grad_(True)
    max_inner_product(q, p, valid).sum().backward()
    assert p.grad is not None
    assert p.grad[0, 2].abs().sum() == 0
    assert torch.isfinite(p.grad).all()


def test_late_interaction_by_hand_and_in_the_limit() -> None:
    q, p = draw(2, 3, 4), draw(5, 6, 4, seed=1)
    q_valid, valid = torch.ones(2, 3, dtype=torch.bool), torch.ones(5, 6, dtype=torch.bool)
    q_valid[1, 2], valid[3, 2:] = False, False
    scores = max_similarity(q, q_valid, p, valid)
    for b in range(2):
        for c in range(5):
            own = [max(float(q[b, i] @ p[c, j]) for j in range(6) if valid[c, j]) for i in range(3) if q_valid[b, i]]
            assert float(scores[b, c]) == pytest.approx(sum(own))
    assert torch.allclose(max_similarity(q[:, :1], q_valid[:, :1], p, valid), max_inner_product(q[:, 0], p, valid))
    assert torch.equal(batch_scores((q, q_valid), (p, valid)), scores)
    assert torch.equal(batch_scores(q[:, 0], (p, valid)), max_inner_product(q[:, 0], p, valid))
    with pytest.raises(ValueError, match="turn the two around"):
        batch_scores((q, q_valid), p[:, 0])
