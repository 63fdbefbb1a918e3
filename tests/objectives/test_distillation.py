"""Distillation: what a teacher's constant changes (nothing), limits, gradients, independent implementations."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from retrievarium.objectives import DistillKL, MarginMSE, distill_kl, margin_mse, softmax_nll


def scores(b: int = 3, c: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(b, c, generator=generator, dtype=torch.float64) for _ in range(2))  # type: ignore[return-value]


def first(b: int, c: int) -> torch.Tensor:
    positive = torch.zeros(b, c, dtype=torch.bool)
    positive[:, 0] = True
    return positive


@pytest.mark.works_when("splade-pp", 4)
def test_a_constant_added_to_one_questions_teacher_scores_changes_nothing() -> None:
    student, teacher = scores()
    positive = first(3, 5)
    shifted = teacher.clone()
    shifted[1] += 7.5
    assert margin_mse(student, shifted, positive) == pytest.approx(float(margin_mse(student, teacher, positive)))
    moved = teacher.clone()
    moved[1, 0] += 7.5
    assert abs(float(margin_mse(student, moved, positive) - margin_mse(student, teacher, positive))) > 1


@pytest.mark.works_when("splade-pp", 4)
def test_it_is_0_only_where_all_margins_agree() -> None:
    _, teacher = scores()
    offset = torch.tensor([[1.0], [-3.0], [0.5]], dtype=torch.float64)
    assert float(margin_mse(teacher + offset, teacher, first(3, 5))) < 1e-24
    for i in range(3):
        for j in range(5):
            other = teacher.clone()
            other[i, j] += 0.1
            assert float(margin_mse(other + offset, teacher, first(3, 5))) > 1e-4


def test_margin_mse_by_hand_and_against_sentence_transformers() -> None:
    student, teacher = scores()
    s, t = student, teacher
    by_hand = sum(((s[i, 0] - s[i, j]) - (t[i, 0] - t[i, j])) ** 2 for i in range(3) for j in range(1, 5)) / 12
    assert float(margin_mse(s, t, first(3, 5))) == pytest.approx(float(by_hand))
    mse = functional.mse_loss(s[:, :1] - s[:, 1:], t[:, :1] - t[:, 1:])
    assert float(MarginMSE()(s, t, first(3, 5))) == pytest.approx(float(mse))
    valid = torch.ones(3, 5, dtype=torch.bool)
    valid[2, 3] = False
    kept = [(i, j) for i in range(3) for j in range(1, 5) if (i, j) != (2, 3)]
    by_hand = sum(((s[i, 0] - s[i, j]) - (t[i, 0] - t[i, j])) ** 2 for i, j in kept) / len(kept)
    assert float(margin_mse(s, t, first(3, 5), valid)) == pytest.approx(float(by_hand))
    with pytest.raises(ValueError, match="row 0 has no pair"):
        margin_mse(s, t, torch.zeros(3, 5, dtype=torch.bool))


def test_kl_is_torchs_and_its_gradient_is_the_difference_of_distributions() -> None:
    student, teacher = scores()
    student.requires_grad_(True)
    loss = distill_kl(student, teacher, tau_student=0.5, tau_teacher=2.0)
    log_s, log_t = (student / 0.5).log_softmax(1), (teacher / 2.0).log_softmax(1)
    assert float(loss.detach()) == pytest.approx(
        float(functional.kl_div(log_s, log_t, log_target=True, reduction="batchmean").detach())
    )
    loss.backward()
    assert student.grad is not None
    assert torch.allclose(student.grad, (log_s.exp() - log_t.exp()).detach() / (3 * 0.5))
    assert float(loss) > 0.1
    assert abs(float(distill_kl(teacher + 3, teacher))) < 1e-12


def test_a_cold_teacher_is_a_label_and_warm_ones_give_squared_margins() -> None:
    student, teacher = scores()
    cold = distill_kl(student, teacher, tau_teacher=1e-3)
    assert float(cold) == pytest.approx(float(softmax_nll(student, teacher.argmax(1))), abs=1e-6)
    s, t = scores(4, 2)
    tau = 1e3
    warm = distill_kl(s, t, tau_student=tau, tau_teacher=tau) * 2 * 2 * tau**2
    assert float(warm) == pytest.approx(float(margin_mse(s, t, first(4, 2))) / 2, rel=1e-2)


def test_a_passage_that_is_not_valid_is_as_if_it_were_not_there() -> None:
    student, teacher = scores()
    student.requires_grad_(True)
    valid = torch.ones(3, 5, dtype=torch.bool)
    valid[:, 2] = False
    kept = [0, 1, 3, 4]
    loss = DistillKL(0.7, 1.3)(student, teacher, None, valid)
    assert float(loss) == pytest.approx(float(distill_kl(student[:, kept], teacher[:, kept], None, 0.7, 1.3)))
    loss.backward()
    assert student.grad is not None
    assert student.grad[:, 2].abs().max() == 0
    assert torch.isfinite(student.grad).all()
    with pytest.raises(ValueError, match="row 0 has fewer than two"):
        distill_kl(student, teacher, torch.zeros(3, 5, dtype=torch.bool))
    with pytest.raises(ValueError, match="above 0"):
        distill_kl(student, teacher, tau_teacher=0.0)
