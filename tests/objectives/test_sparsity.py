"""The FLOPS regulariser: closed forms, gradient, and the expected number of shared terms it stands for."""

from __future__ import annotations

import pytest
import torch

from retrievarium.objectives import FLOPS, flops, quadratic_ramp


@pytest.mark.works_when("splade-pp", 3)
def test_one_hot_rows_of_height_a() -> None:
    n, a = 8, 1.7
    different = a * torch.eye(n, 12)
    assert float(flops(different)) == pytest.approx(a**2 / n)
    equal = torch.zeros(n, 12)
    equal[:, 3] = a
    assert float(flops(equal)) == pytest.approx(a**2)


@pytest.mark.works_when("splade-pp", 3)
def test_its_gradient_is_twice_the_mean_over_n() -> None:
    reps = torch.rand(6, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    flops(reps).backward()
    assert reps.grad is not None
    assert torch.allclose(reps.grad, (2 * reps.mean(0) / 6).detach().expand(6, 9))
    assert torch.autograd.gradcheck(flops, (reps,))


@pytest.mark.works_when("splade-pp", 3)
def test_the_ramp_is_0_then_a_quarter_then_flat() -> None:
    ramp = quadratic_ramp(0.4, 100)
    assert [ramp(0), ramp(50), ramp(100), ramp(500)] == [0.0, pytest.approx(0.1), 0.4, 0.4]
    assert quadratic_ramp(0.4, 0)(0) == 0.4


@pytest.mark.works_when("splade-pp", 2)
def test_with_0_1_weights_it_is_the_mean_number_of_shared_terms() -> None:
    reps = (torch.rand(40, 30, generator=torch.Generator().manual_seed(1)) < 0.2).double()
    shared = (reps @ reps.T).mean()
    assert float(flops(reps)) == pytest.approx(float(shared), abs=1e-12)
    assert float(shared) > 0.5


def test_queries_and_passages_are_taken_apart() -> None:
    q, p = (torch.rand(4, 9, generator=torch.Generator().manual_seed(s)) for s in (2, 3))
    penalty = FLOPS(0.3, 0.1, steps=10)
    assert float(penalty(q, p, 10)) == pytest.approx(float(0.3 * flops(q) + 0.1 * flops(p)))
    assert float(penalty(q, p, 5)) == pytest.approx(float(penalty(q, p, 10)) / 4)
    assert float(penalty(q, p, 0)) == 0
    pooled = flops(torch.cat([q, p]))
    assert abs(float(pooled) - float(0.5 * flops(q) + 0.5 * flops(p))) > 1e-3
