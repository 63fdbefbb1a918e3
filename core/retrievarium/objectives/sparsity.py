"""What keeps a vector over the vocabulary short: the expected cost of searching it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


def flops(reps: Tensor) -> Tensor:
    """Sum over terms of the squared mean weight.

        F = sum_j ( (1/n) sum_i |w_ij| )^2

    Parameters
    ----------
    reps: `(n, V)`, one batch's texts of one kind: queries and passages are taken apart.

    Returns
    -------
    A scalar. Its gradient is 2 mean_j / n where w_ij > 0: a term that many texts share is pressed hardest, so that
    postings even out; an L1 penalty would press all alike.

    In the limit: n texts with one term of weight a each give a^2 / n when the terms differ, and a^2 when they are one.
    With 0/1 weights it is the expected number of terms that two texts drawn from the batch share.

    Source: Paria et al., 2020 (2004.05665), equation 4.
    """
    return reps.abs().mean(dim=0).square().sum()


def quadratic_ramp(value: float, steps: int) -> QuadraticRamp:
    """A weight that grows from 0 to `value` over `steps`: value min(1, t / steps)^2."""
    return QuadraticRamp(value, steps)


@dataclass(frozen=True)
class QuadraticRamp:
    """`ramp(t) = value min(1, t / steps)^2`: 0 at the start, a quarter half-way, flat from `steps`; 0 steps: flat."""

    value: float
    steps: int

    def __call__(self, step: int) -> float:
        return self.value * min(1.0, step / self.steps) ** 2 if self.steps else self.value


@dataclass(frozen=True)
class FLOPS:
    """The regulariser of a batch: lambda_q(t) F(queries) + lambda_d(t) F(passages), both ramped up over `steps`.

    The scale of the weights follows the loss beside it: 3e-4 and 1e-4 under a softmax, .5 and .4 under margin MSE
    (Formal et al., 2022).
    """

    query: float
    passage: float
    steps: int = 0

    def __call__(self, q: Tensor, p: Tensor, step: int) -> Tensor:
        """q `(B, V)`, p `(n, V)`."""
        weight_q, weight_p = (quadratic_ramp(v, self.steps)(step) for v in (self.query, self.passage))
        return weight_q * flops(q) + weight_p * flops(p)
