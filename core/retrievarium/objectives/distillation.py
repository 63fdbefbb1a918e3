"""Losses that take a teacher's scores for labels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def margin_mse(scores: Tensor, teacher: Tensor, positive: Tensor, valid: Tensor | None = None) -> Tensor:
    """The student's margin between a relevant passage and another should be the teacher's.

        L = mean over pairs (i relevant, j not) of ((s_i - s_j) - (t_i - t_j))^2

    Parameters
    ----------
    scores, teacher: `(B, C)`, the student's and the teacher's score of the same passages.
    positive, valid: `(B, C)` bool, as for `pairwise_logistic`.

    Returns
    -------
    A scalar in squared units of the teacher's score.

    Raises
    ------
    ValueError where a row has no pair.

    In the limit: a constant added to one question's teacher (or student) scores changes nothing; it is 0 only where
    all margins agree. With one positive and C - 1 negatives it is the mean of C - 1 triples' losses.

    Source: Hofstaetter et al., 2020 (2010.02666), equation 6.
    """
    valid = torch.ones_like(positive) if valid is None else valid
    relevant, other = positive & valid, ~positive & valid
    lonely = ~(relevant.any(dim=1) & other.any(dim=1))
    if lonely.any():
        raise ValueError(f"row {int(lonely.nonzero()[0])} has no pair: it needs a positive and a negative")
    error = scores - teacher  # (B, C): the difference of margins is the difference of errors
    row, column = relevant.nonzero(as_tuple=True)
    return (error[row, column][:, None] - error[row])[other[row]].square().mean()


@dataclass(frozen=True)
class MarginMSE:
    """`margin_mse` by name."""

    def __call__(self, scores: Tensor, teacher: Tensor, positive: Tensor, valid: Tensor | None = None) -> Tensor:
        return margin_mse(scores, teacher, positive, valid)


def distill_kl(
    scores: Tensor, teacher: Tensor, valid: Tensor | None = None, tau_student: float = 1.0, tau_teacher: float = 1.0
) -> Tensor:
    """The student's distribution over a question's passages should be the teacher's.

        T = softmax(teacher / tau_t), S = softmax(scores / tau_s), over the valid columns
        L = (1/B) sum_b sum_j T[b, j] (log T[b, j] - log S[b, j])

    Parameters
    ----------
    scores, teacher: `(B, C)`.
    valid: `(B, C)` bool; None means all. A row needs two or more.

    Returns
    -------
    A scalar in nats, at least 0, and 0 exactly where the distributions are equal.

    In the limit: its gradient in `scores` is (S - T) / (B tau_s). As `tau_teacher` falls to 0 it becomes the softmax
    loss with the teacher's best passage as the positive. With both temperatures large, times 2 C tau^2, it becomes the
    squared error of centred scores, so with C = 2 half the squared error of the margins.

    Source: Hinton et al., 2015, section 2 (without the factor tau^2, which belongs to the learning rate).
    """
    if tau_student <= 0 or tau_teacher <= 0:
        raise ValueError(f"temperatures must be above 0, not {tau_student} and {tau_teacher}")
    valid = torch.ones_like(scores, dtype=torch.bool) if valid is None else valid
    if (few := valid.sum(dim=1) < 2).any():
        raise ValueError(f"row {int(few.nonzero()[0])} has fewer than two passages to tell apart")
    low = torch.finfo(scores.dtype).min
    student = (scores / tau_student).masked_fill(~valid, low).log_softmax(dim=1)
    target = (teacher.to(scores.dtype) / tau_teacher).masked_fill(~valid, low).log_softmax(dim=1)
    parts = target.exp() * (target - student)  # (B, C)
    return parts.masked_fill(~valid, 0).sum(dim=1).mean()


@dataclass(frozen=True)
class DistillKL:
    """`distill_kl` with its temperatures stored; takes and ignores `positive`, so that it can stand where
    `MarginMSE` stands."""

    tau_student: float = 1.0
    tau_teacher: float = 1.0

    def __call__(
        self, scores: Tensor, teacher: Tensor, positive: Tensor | None = None, valid: Tensor | None = None
    ) -> Tensor:
        return distill_kl(scores, teacher, valid, self.tau_student, self.tau_teacher)
