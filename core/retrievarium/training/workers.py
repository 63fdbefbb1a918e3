"""Several workers, one batch: each encodes its share, and every question sees every worker's passages.

RocketQA's cross-batch negatives (Qu et al., 2021, section 4.1): with W workers, B questions each and h hard negatives
a question, a question meets W B (1 + h) - 1 negatives for the price of gathering vectors once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as group
from numpy.typing import NDArray
from torch import Tensor, nn

from retrievarium.contracts import InputError
from retrievarium.training.batches import PairBatch, as_float, embed
from retrievarium.training.tokens import TokenTable


def workers() -> tuple[int, int]:
    """This worker's number and how many there are; (0, 1) outside a process group."""
    joined = group.is_available() and group.is_initialized()
    return (group.get_rank(), group.get_world_size()) if joined else (0, 1)


class _Gather(torch.autograd.Function):
    """Everybody's rows in the order of workers; backwards, each gets the sum of what all say about its own rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        me, count = workers()
        ctx.own = slice(me * len(rows), (me + 1) * len(rows))
        parts = [torch.empty_like(rows) for _ in range(count)]
        group.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous()
        group.all_reduce(total)
        return total[ctx.own]


def gathered(rows: Tensor) -> Tensor:
    """`(W n, d)` from each worker's `(n, d)`, with gradient to all of them; the rows themselves outside a group."""
    return rows if workers()[1] == 1 else _Gather.apply(rows)


def gathered_nll(
    objective: Callable[..., Tensor], q: Tensor, p: Tensor, positive: Tensor, known_positive: Tensor | None = None
) -> Tensor:
    """The mean over workers of this is `objective` on the whole batch, with its gradient (see `average_gradients`).

    Parameters
    ----------
    objective: e.g. `info_nce`; takes vectors.
    q: `(B, d)`, this worker's questions.
    p: `(m, d)`, this worker's passages; all workers' together are `(W m, d)`.
    positive: `(B,)`, rows among all workers' passages; known_positive: `(B, W m)`.
    """
    return objective(q, gathered(p), positive, known_positive)


@dataclass(frozen=True)
class Share:
    """One worker's part of a `PairBatch`: its questions, and its passages, whoever's they are."""

    questions: TokenTable
    passages: TokenTable
    positive: NDArray[np.int64]  # (B / W,), rows of all passages
    known_positive: NDArray[np.bool_]  # (B / W, B(1 + h))

    @classmethod
    def of(cls, batch: PairBatch, me: int, count: int) -> Share:
        """Raises InputError where the batch cannot be cut into equal shares."""
        if len(batch.questions) % count or len(batch.passages) % count:
            raise InputError(
                f"{len(batch.questions)} questions cannot be shared by {count} workers", fix="a multiple as the batch"
            )
        own, rows = (
            np.arange(me * n // count, (me + 1) * n // count) for n in (len(batch.questions), len(batch.passages))
        )
        return cls(batch.questions.take(own), batch.passages.take(rows), own, batch.known_positive[own])

    @property
    def size(self) -> int:
        return len(self.questions)

    def loss(self, model: Any, objective: Any) -> Tensor:
        q = as_float(embed(model, "query", self.questions))  # (B / W, d)
        p = as_float(embed(model, "passage", self.passages))  # (m, d)
        positive, known = (torch.from_numpy(a).to(q.device) for a in (self.positive, self.known_positive))
        return gathered_nll(objective, q, p, positive, known)


def shared(batches: Callable[[int], PairBatch]) -> Callable[[int], Any]:
    """Each worker's share of the same batches; outside a group, the batches themselves."""
    me, count = workers()
    return batches if count == 1 else lambda step: Share.of(batches(step), me, count)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Every worker's gradient becomes the mean over workers; nothing to do outside a group."""
    count = workers()[1]
    if count == 1:
        return
    trained = [p for p in parameters if p.requires_grad]
    for parameter in trained:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    flat = torch.cat([p.grad.flatten() for p in trained if p.grad is not None])
    group.all_reduce(flat)
    start = 0
    for parameter in trained:
        parameter.grad = (flat[start : start + parameter.numel()] / count).view_as(parameter)
        start += parameter.numel()


def join(me: int, count: int, meeting: str, threads: int = 1) -> None:
    """Become worker `me` of `count` over gloo. `meeting` is a file all can reach that none has used before."""
    torch.set_num_threads(threads)
    group.init_process_group("gloo", init_method=f"file://{meeting}", rank=me, world_size=count)


def leave() -> None:
    """Wait for the others and leave the group."""
    group.barrier()
    group.destroy_process_group()


def simulated(
    objective: Callable[..., Tensor],
    q_shards: Sequence[Tensor],
    p_shards: Sequence[Tensor],
    positives: Sequence[Tensor],
) -> Tensor:
    """What W workers compute together, in one process: each shard of questions against all shards of passages.

    For pictures and checks; `positives[w]` are rows among all passages.
    """
    everything = torch.cat(list(p_shards))
    losses = [objective(q, everything, positive, None) for q, positive in zip(q_shards, positives, strict=True)]
    return torch.stack(losses).mean()
