"""The contrastive loss against a queue of earlier keys."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


def momentum_queue_info_nce(
    q: Tensor, k: Tensor, queue: Tensor, temperature: float = 0.05, normalise: bool = False
) -> Tensor:
    """Each question against its own key and against keys of earlier batches, which no gradient reaches.

        logits_i = [q_i . k_i, q_i . queue_1, ..., q_i . queue_K] / temperature
        L = -(1/B) sum_i log softmax(logits_i)[0]

    Parameters
    ----------
    q, k: `(B, d)`; k by the momentum encoder.
    queue: `(K, d)`, the slots that hold a key; slots never filled must be cut off, they are no negatives.
    normalise: divide all vectors by their length first. Whatever is chosen here must hold in search too.

    Returns
    -------
    A scalar in nats. Gradient goes to `q` alone; keys and queue are constants. The other keys of the batch are not
    negatives in this step.

    Raises
    ------
    ValueError for an empty queue.

    In the limit: with the batch's other keys as the queue it has `info_nce`'s value, while its gradient on the key
    side is exactly 0. With K copies of the own key it is ln(K + 1).

    Complexity O(B K d). Source: He et al., 2020 (MoCo), equation 1; Izacard et al., 2022 (2112.09118), section 3.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    if not len(queue):
        raise ValueError("the queue is empty: there is no negative; fill it with one batch of keys first")
    k, queue = k.detach(), queue.detach()
    if normalise:
        q, k, queue = (functional.normalize(v, dim=-1) for v in (q, k, queue))
    own = (q * k).sum(dim=1, keepdim=True)  # (B, 1)
    logits = torch.cat([own, q @ queue.T], dim=1) / temperature  # (B, 1 + K)
    return functional.cross_entropy(logits, torch.zeros(len(q), dtype=torch.int64, device=q.device))


@dataclass(frozen=True)
class MomentumQueueInfoNCE:
    """`momentum_queue_info_nce` with its settings stored."""

    temperature: float = 0.05
    normalise: bool = False

    def __call__(self, q: Tensor, k: Tensor, queue: Tensor) -> Tensor:
        return momentum_queue_info_nce(q, k, queue, self.temperature, self.normalise)
