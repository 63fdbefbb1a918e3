"""Scores of every question with every passage, whatever a text is made of: one vector or several."""

from __future__ import annotations

import torch
from torch import Tensor

Vectors = Tensor | tuple[Tensor, Tensor]
"""`(n, d)`, or `(n, m, d)` with the mask `(n, m)` of the vectors that are there."""


def max_inner_product(q: Tensor, passages: Tensor, valid: Tensor) -> Tensor:
    """The best of a passage's vectors for a question with one.

        s(q, p) = max over j that are there of q . p_j

    Parameters
    ----------
    q: `(B, d)`.
    passages, valid: `(C, m, d)` and `(C, m)` bool; every passage has at least one vector.

    Returns
    -------
    `(B, C)`. An absent vector takes no part: where all real products are negative, the score is the largest of them.

    In the limit: with m = 1 it is `q @ p.T`. One more vector never lowers a score.
    Source: Luan et al., 2021, section 4.
    """
    products = torch.einsum("bd,cmd->bcm", q, passages)
    return products.masked_fill(~valid, -torch.inf).amax(dim=2)


def max_similarity(q: Tensor, q_valid: Tensor, passages: Tensor, valid: Tensor) -> Tensor:
    """Late interaction: each of a question's vectors takes the best of the passage's, and the sum is the score.

        s(q, p) = sum over i that are there of max over j that are there of q_i . p_j

    Shapes `(B, t, d)`, `(B, t)`, `(C, m, d)`, `(C, m)` to `(B, C)`. With t = 1 it is `max_inner_product`.
    Source: Khattab and Zaharia, 2020 (ColBERT), equation 3.
    """
    products = torch.einsum("btd,cmd->bctm", q, passages)
    best = products.masked_fill(~valid[:, None], -torch.inf).amax(dim=3)  # (B, C, t)
    return best.masked_fill(~q_valid[:, None], 0).sum(dim=2)


def batch_scores(q: Vectors, p: Vectors) -> Tensor:
    """`(B, C)`: inner products, the maximum over a passage's vectors, or late interaction, as the vectors are."""
    if isinstance(p, Tensor):
        if not isinstance(q, Tensor):
            raise ValueError("questions have several vectors and passages one: turn the two around")
        return q @ p.T
    return max_inner_product(q, *p) if isinstance(q, Tensor) else max_similarity(*q, *p)
