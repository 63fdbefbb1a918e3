"""The contrastive loss: identities, limits, its gradient, and equality with sentence-transformers' loss."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from retrievarium.objectives import InfoNCE, info_nce, softmax_nll


def vectors(b: int, n: int, d: int = 8, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(b, d, generator=generator, dtype=torch.float64),
        torch.randn(n, d, generator=generator, dtype=torch.float64),
    )


@pytest.mark.works_when("dpr", 1)
def test_one_question_and_one_negative_is_the_pairwise_logistic_loss() -> None:
    q, p = vectors(1, 2)
    s_pos, s_neg = (q @ p.T)[0]
    loss = info_nce(q, p, torch.tensor([0]))
    assert abs(float(loss - functional.softplus(s_neg - s_pos))) < 1e-6
    assert float(loss) > 0.01, "vectors so far apart would make any loss pass"


@pytest.mark.works_when("dpr", 1)
@pytest.mark.parametrize(("b", "h"), [(2, 0), (4, 1), (3, 2)])
def test_equal_vectors_give_the_log_of_the_number_of_passages(b: int, h: int) -> None:
    q, p = torch.ones(b, 5), torch.ones(b * (1 + h), 5)
    assert abs(float(info_nce(q, p, torch.arange(b))) - math.log(b * (1 + h))) < 1e-6


@pytest.mark.works_when("dpr", 2)
def test_the_gradient_in_the_scores_is_softmax_minus_onehot() -> None:
    b, n = 4, 8
    scores = torch.randn(b, n, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    positive = torch.tensor([0, 1, 2, 3])
    softmax_nll(scores, positive).backward()
    expected = (scores.detach().softmax(1) - functional.one_hot(positive, n)) / b
    assert torch.allclose(scores.grad, expected, atol=1e-6)
    assert scores.grad.abs().max() > 1e-3
    assert torch.allclose(scores.grad.sum(1), torch.zeros(b, dtype=torch.float64), atol=1e-6)


@pytest.mark.works_when("dpr", 2)
def test_the_gradient_of_the_loss_itself_sees_every_passage_of_the_batch() -> None:
    """d loss / d q_i = sum_j (softmax - onehot)_ij p_j / B: other questions' positives and negatives count too."""
    b, h = 3, 1
    q, p = vectors(b, b * (1 + h))
    q.requires_grad_(True)
    info_nce(q, p, torch.arange(b)).backward()
    weights = ((q @ p.T).softmax(1) - functional.one_hot(torch.arange(b), b * (1 + h))).detach() / b
    assert torch.allclose(q.grad, weights @ p, atol=1e-9)
    assert (weights.abs() > 0).all()


@pytest.mark.works_when("dpr", 2)
def test_a_known_positive_leaves_its_own_row_only() -> None:
    q, p = vectors(3, 6)
    known = torch.zeros(3, 6, dtype=torch.bool)
    known[0, 4] = True
    scores = (q @ p.T).requires_grad_(True)
    softmax_nll(scores, torch.arange(3), ~known).backward()
    masked = scores.grad.clone()
    scores.grad = None
    softmax_nll(scores, torch.arange(3)).backward()
    plain = scores.grad
    assert masked[0, 4] == 0
    assert plain[0, 4] != 0
    assert torch.equal(masked[1:], plain[1:])
    kept = [0, 1, 2, 3, 5]
    assert torch.allclose(
        masked[0, kept], (scores[0, kept].softmax(0).detach() - functional.one_hot(torch.tensor(0), 5)) / 3
    )
    whole = info_nce(q, p, torch.arange(3), known)
    by_hand = (
        torch.stack(
            [
                functional.cross_entropy(scores[:1, kept], torch.tensor([0]), reduction="sum"),
                functional.cross_entropy(scores[1:], torch.tensor([1, 2]), reduction="sum"),
            ]
        ).sum()
        / 3
    )
    assert torch.allclose(whole, by_hand)  # fmt: skip


def test_a_row_whose_own_positive_is_marked_keeps_it() -> None:
    q, p = vectors(2, 4)
    known = torch.zeros(2, 4, dtype=torch.bool)
    known[0, 0] = known[1, 1] = True
    assert torch.equal(info_nce(q, p, torch.arange(2), known), info_nce(q, p, torch.arange(2)))


def test_cold_it_becomes_the_hinge_of_the_hardest_negative() -> None:
    q, p = vectors(4, 8)
    scores = q @ p.T
    t = 1e-3
    hardest = scores.masked_fill(functional.one_hot(torch.arange(4), 8).bool(), -torch.inf).max(1).values
    hinge = (hardest - scores[torch.arange(4), torch.arange(4)]).clamp(min=0).mean()
    assert float(hinge) > 0.1
    assert abs(float(t * InfoNCE(temperature=t)(q, p, torch.arange(4))) - float(hinge)) < 0.01


def test_equal_to_sentence_transformers_loss() -> None:
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    q, p = vectors(4, 8)
    q, p = q.float(), p.float()
    loss = MultipleNegativesRankingLoss(model=None, scale=1.0, similarity_fct=lambda a, b: a @ b.T)
    theirs = loss.compute_loss_from_embeddings([q, p[:4], p[4:]], None)
    assert abs(float(theirs) - float(info_nce(q, p, torch.arange(4)))) < 1e-5


def test_no_negative_is_refused() -> None:
    with pytest.raises(ValueError, match="no competitor"):
        info_nce(torch.ones(1, 3), torch.ones(1, 3), torch.tensor([0]))
    known = torch.tensor([[True, True], [False, True]])
    with pytest.raises(ValueError, match="row 0"):
        info_nce(torch.ones(2, 3), torch.ones(2, 3), torch.tensor([0, 1]), known)
    with pytest.raises(ValueError, match="temperature"):
        info_nce(torch.ones(2, 3), torch.ones(2, 3), torch.tensor([0, 1]), temperature=0.0)
