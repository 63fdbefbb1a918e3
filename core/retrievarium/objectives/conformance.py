"""A public conformance check: run it on your own objective before you bring it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

KINDS = ("vectors", "scores", "teacher")


def check_objective(objective: Callable[..., Tensor], kind: str = "vectors", seed: int = 0) -> None:
    """Raises AssertionError with a sentence about what does not hold.

    Parameters
    ----------
    kind: what the objective is called with:
        "vectors": `(q (B, d), p (B(1 + h), d), positive (B,), known_positive (B, B(1 + h)))`, as `info_nce`;
        "scores": `(S (B, C), positive (B, C), valid (B, C))`, as `PairwiseLogistic`;
        "teacher": `(S (B, C), teacher (B, C), positive, valid)`, as `MarginMSE`.

    What must hold: a finite scalar; a gradient that is finite and not 0, and that goes downhill; questions in another
    order give the same loss; what is masked gives neither loss nor gradient; twice gives the same.
    """
    assert kind in KINDS, f"kind must be one of {KINDS}"
    given, loss_of, masked = _VIEWS[kind](objective, torch.Generator().manual_seed(seed))
    leaves = [t.clone().requires_grad_(True) for t in given]
    loss = loss_of(*leaves)
    assert loss.ndim == 0, f"a loss is a scalar, not of shape {tuple(loss.shape)}"
    assert torch.isfinite(loss), "the loss is not finite on ordinary input"
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    found = [g for g in gradients if g is not None]
    assert found, "no gradient reaches the input"
    assert all(torch.isfinite(g).all() for g in found), "a gradient is not finite"
    assert max(float(g.abs().max()) for g in found) > 0, "the gradient is 0 everywhere: nothing would be learned"
    step = 1e-3 / max(float(g.norm()) for g in found)
    lower = loss_of(*(t if g is None else t - step * g for t, g in zip(leaves, gradients, strict=True)))
    assert lower < loss, "a small step against the gradient does not lower the loss"
    again = loss_of(*(t.clone() for t in given))
    assert torch.equal(again, loss), "the same input gave two losses: a pure function draws nothing"
    turned = loss_of(*given, order=torch.tensor([2, 0, 3, 1]))
    assert torch.allclose(turned, loss), "the loss depends on the order of the questions"
    masked(leaves, gradients, loss)


View = tuple[list[Tensor], Callable[..., Tensor], Callable[..., None]]


def _draw(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def _vectors(objective: Any, generator: torch.Generator) -> View:
    q, p = _draw(generator, 4, 6), _draw(generator, 8, 6)
    known = torch.zeros(4, 8, dtype=torch.bool)
    known[:, 6] = True  # relevant to everybody, and nobody's positive

    def loss_of(q: Tensor, p: Tensor, order: Tensor | None = None) -> Tensor:
        rows = torch.arange(4) if order is None else order
        return objective(q[rows], p, rows, known[rows])

    def masked(leaves: list[Tensor], gradients: Any, loss: Tensor) -> None:
        assert gradients[1] is None or gradients[1][6].abs().max() == 0, "a known positive gets a gradient"
        moved = p.clone()
        moved[6] += 1
        assert torch.equal(loss_of(leaves[0], moved), loss), "a known positive changes the loss"
        own = known.clone()
        own[torch.arange(4), torch.arange(4)] = True
        assert torch.equal(objective(q, p, torch.arange(4), own), loss), "marking a question's own positive drops it"

    return [q, p], loss_of, masked


def _scores(objective: Any, generator: torch.Generator, teacher: bool = False) -> View:
    scores, taught = _draw(generator, 4, 5), _draw(generator, 4, 5)
    positive = torch.zeros(4, 5, dtype=torch.bool)
    positive[:, 0] = True
    valid = torch.ones(4, 5, dtype=torch.bool)
    valid[1, 3] = False

    def loss_of(scores: Tensor, order: Tensor | None = None) -> Tensor:
        rows = torch.arange(4) if order is None else order
        extra = (taught[rows],) if teacher else ()
        return objective(scores[rows], *extra, positive[rows], valid[rows])

    def masked(leaves: list[Tensor], gradients: Any, loss: Tensor) -> None:
        assert gradients[0][1, 3] == 0, "a column that is not valid gets a gradient"
        moved = scores.clone()
        moved[1, 3] += 1
        assert torch.equal(loss_of(moved), loss), "a column that is not valid changes the loss"

    return [scores], loss_of, masked


_VIEWS: dict[str, Callable[[Any, torch.Generator], View]] = {
    "vectors": _vectors,
    "scores": _scores,
    "teacher": lambda objective, generator: _scores(objective, generator, teacher=True),
}
