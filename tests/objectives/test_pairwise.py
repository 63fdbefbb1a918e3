"""Pairwise losses: STAR's and ADORE's identities, their gradients, and the swap that the weights stand for."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
import torch
from torch.nn import functional

from retrievarium.objectives import (
    LambdaRR,
    PairwiseLogistic,
    StaticHardPlusRandom,
    info_nce,
    lambda_rr,
    pairwise_logistic,
    static_hard_plus_random,
)


def vectors(b: int, n: int, d: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(m, d, generator=generator, dtype=torch.float64) for m in (b, n))  # type: ignore[return-value]


@pytest.mark.works_when("star-adore", 1)
def test_star_by_hand_for_two_questions_and_one_hard_negative_each() -> None:
    q, p = vectors(2, 4)
    s = (q @ p.T).tolist()

    def pair(i: int, j: int) -> float:
        return math.log1p(math.exp(s[i][j] - s[i][i]))

    by_hand = [pair(0, 1), pair(0, 2), pair(0, 3), pair(1, 0), pair(1, 2), pair(1, 3)]
    loss = static_hard_plus_random(q, p, torch.arange(2))
    assert float(loss) == pytest.approx(sum(by_hand) / 6, abs=1e-12)
    hard_only = [pair(0, 2), pair(0, 3), pair(1, 2), pair(1, 3)]  # each question sees the other's hard negative too
    assert float(StaticHardPlusRandom(random=False)(q, p, torch.arange(2))) == pytest.approx(sum(hard_only) / 4)


@pytest.mark.works_when("star-adore", 1)
def test_star_without_hard_negatives_is_in_batch_pairwise_logistic() -> None:
    q, p = vectors(5, 5)
    in_batch = pairwise_logistic(q @ p.T, torch.eye(5, dtype=torch.bool))
    assert torch.equal(static_hard_plus_random(q, p, torch.arange(5)), in_batch)
    assert not torch.allclose(in_batch, info_nce(q, p, torch.arange(5))), "a list softmax is another loss"


@pytest.mark.works_when("star-adore", 1)
def test_star_of_one_triple_is_dprs_loss() -> None:
    q, p = vectors(1, 2)
    triple = torch.tensor([0])
    assert float(static_hard_plus_random(q, p, triple) - info_nce(q, p, triple)) == pytest.approx(0, abs=1e-12)


@pytest.mark.works_when("star-adore", 1)
def test_masked_pairs_add_neither_loss_nor_gradient() -> None:
    q, p = vectors(3, 6)
    p.requires_grad_(True)
    known = torch.zeros(3, 6, dtype=torch.bool)
    known[:, 4] = True  # a passage that is relevant to all three
    loss = static_hard_plus_random(q, p, torch.arange(3), known)
    loss.backward()
    assert p.grad is not None
    assert p.grad[4].abs().max() == 0
    assert p.grad[5].abs().max() > 1e-4
    rest = p.detach()[[0, 1, 2, 3, 5]]
    assert float(loss) == pytest.approx(float(static_hard_plus_random(q, rest, torch.arange(3))), abs=1e-12)


@pytest.mark.works_when("star-adore", 2)
@pytest.mark.parametrize("cut", [4, 10])
def test_a_weight_is_the_change_of_the_reciprocal_rank_when_two_passages_change_places(cut: int) -> None:
    n = 10
    weights = lambda_rr(torch.arange(1, n + 1), cut)

    def reciprocal(order: list[int], relevant: int) -> float:
        rank = order.index(relevant) + 1
        return 1 / rank if rank <= cut else 0.0

    tried = 0
    for i, j in combinations(range(n), 2):
        order = list(range(n))
        before = reciprocal(order, i)
        order[i], order[j] = order[j], order[i]
        change = abs(reciprocal(order, i) - before)
        assert float(weights[i, j]) == pytest.approx(change, abs=1e-7)
        assert weights[i, j] == weights[j, i]
        tried += change > 0
    assert tried >= 30
    assert weights[cut:, cut:].abs().sum() == 0
    assert weights.diagonal().abs().sum() == 0


def test_adores_loss_by_hand() -> None:
    scores = torch.tensor([[3.0, 2.0, 1.0, 0.5]], dtype=torch.float64)
    relevant = torch.tensor([[False, True, False, True]])
    expected = sum(
        abs(1 / (i + 1) - 1 / (j + 1)) * math.log1p(math.exp(scores[0, j] - scores[0, i]))
        for i in (1, 3)
        for j in (0, 2)
    )
    assert float(LambdaRR()(scores, relevant)) == pytest.approx(expected, abs=1e-6)
    plain = PairwiseLogistic()(scores, relevant)
    assert torch.equal(LambdaRR(weighted=False)(scores, relevant), plain)


def test_a_passage_that_was_not_retrieved_still_pulls() -> None:
    """In the last column, beyond the cut, the relevant passage weighs 1/rank against each one within it."""
    scores = torch.tensor([[3.0, 2.0, 1.0]], requires_grad=True)
    LambdaRR(cut=2)(scores, torch.tensor([[False, False, True]])).backward()
    assert scores.grad is not None
    assert scores.grad[0, 2] < 0
    expected = [1.0 * torch.sigmoid(torch.tensor(2.0)), 0.5 * torch.sigmoid(torch.tensor(1.0))]
    assert torch.allclose(scores.grad[0, :2], torch.tensor(expected))


def test_gradient_limits_and_refusals() -> None:
    scores = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2), requires_grad=True)
    positive = torch.zeros(3, 5, dtype=torch.bool)
    positive[[0, 1, 2], [1, 4, 0]] = True
    positive[0, 2] = True
    assert torch.autograd.gradcheck(lambda s: pairwise_logistic(s, positive), (scores,))
    weights = torch.rand(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    assert torch.autograd.gradcheck(lambda s: pairwise_logistic(s, positive, weights=weights), (scores,))
    assert float(pairwise_logistic(torch.zeros(3, 5), positive)) == pytest.approx(math.log(2))
    hinge = functional.relu(scores - scores[torch.arange(3), [1, 4, 0]][:, None])[~positive].sum()
    one = positive.clone()
    one[0, 2] = False
    cold = pairwise_logistic(1e4 * scores, one) / 1e4
    assert float(cold) == pytest.approx(float((hinge + functional.relu(scores[0, 2] - scores[0, 1])) / 12), abs=1e-3)
    with pytest.raises(ValueError, match="row 1 has no pair"):
        pairwise_logistic(torch.zeros(2, 2), torch.tensor([[True, False], [True, True]]))
    with pytest.raises(ValueError, match="row 0 has no pair"):
        pairwise_logistic(torch.zeros(1, 2), torch.tensor([[True, False]]), torch.tensor([[True, False]]))
