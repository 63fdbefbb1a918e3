"""The queue's loss: its equivalence with the in-batch one, and where its gradient does not go."""

from __future__ import annotations

import math

import pytest
import torch

from retrievarium.objectives import MomentumQueueInfoNCE, info_nce, momentum_queue_info_nce


def vectors(b: int, d: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(b, d, generator=generator, dtype=torch.float64) for _ in range(2))  # type: ignore[return-value]


@pytest.mark.works_when("contriever", 3)
def test_with_the_batchs_other_keys_as_the_queue_the_value_is_in_batch_and_the_key_gradient_is_not() -> None:
    q, k = vectors(5)
    q.requires_grad_(True)
    k.requires_grad_(True)
    others = [torch.cat([k[:i], k[i + 1 :]]) for i in range(5)]
    queued = torch.stack([momentum_queue_info_nce(q[i : i + 1], k[i : i + 1], others[i], 0.5) for i in range(5)]).mean()
    in_batch = info_nce(q, k, torch.arange(5), temperature=0.5)
    assert float(queued - in_batch) == pytest.approx(0, abs=1e-6)
    (of_q,) = torch.autograd.grad(queued, q, retain_graph=True)
    of_q_in_batch, of_k_in_batch = torch.autograd.grad(in_batch, (q, k))
    assert torch.allclose(of_q, of_q_in_batch, atol=1e-9)
    assert of_k_in_batch.abs().max() > 1e-3
    assert torch.autograd.grad(queued, k, allow_unused=True)[0] is None


@pytest.mark.works_when("contriever", 2)
def test_other_keys_of_the_batch_do_not_enter_this_steps_loss() -> None:
    q, k = vectors(4)
    queue = vectors(7, seed=1)[0]
    loss = [momentum_queue_info_nce(q[i : i + 1], k[i : i + 1], queue) for i in range(4)]
    assert float(momentum_queue_info_nce(q, k, queue)) == pytest.approx(float(torch.stack(loss).mean()))


def test_limits_and_refusals() -> None:
    q, k = vectors(1)
    assert float(momentum_queue_info_nce(q, k, k.expand(9, -1))) == pytest.approx(math.log(10))
    queue = vectors(7, seed=1)[0]
    unit = MomentumQueueInfoNCE(0.1, normalise=True)
    assert float(unit(3 * q, k / 5, 2 * queue)) == pytest.approx(float(unit(q, k, queue)))
    plain = MomentumQueueInfoNCE(0.1)
    assert abs(float(plain(3 * q, k, queue) - plain(q, k, queue))) > 1e-3
    with pytest.raises(ValueError, match="queue is empty"):
        momentum_queue_info_nce(q, k, queue[:0])
    with pytest.raises(ValueError, match="above 0"):
        momentum_queue_info_nce(q, k, queue, 0.0)
